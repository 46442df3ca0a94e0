package stats

import "math"

// Loads are in erlangs: arrivals a second times the mean hold in seconds.

// ErlangB is the fraction of arrivals refused by so many servers under a
// Poisson load that does not come back, whatever the law of the holds. Without
// servers it is 1.
func ErlangB(servers int, load float64) float64 {
	return 1 / inverseB(servers, load)
}

// inverseB is 1/[ErlangB], whose recursion only adds, and ends at infinity.
func inverseB(servers int, load float64) float64 {
	inverse := 1.0
	for k := 1; k <= servers; k++ {
		inverse = 1 + inverse*float64(k)/load
	}
	return inverse
}

// ErlangBServers is the least number of servers that refuse at most the
// fraction blocking of a load. Blocking is > 0 and the load finite; otherwise
// no number is enough, and it is [math.MaxInt].
func ErlangBServers(load, blocking float64) int {
	if !(blocking > 0) || !(load <= math.MaxFloat64) {
		return math.MaxInt
	}
	servers := 0
	for inverse := 1.0; 1/inverse > blocking; {
		servers++
		inverse = 1 + inverse*float64(servers)/load
	}
	return servers
}

// ErlangC is the fraction of arrivals that wait for one of so many servers,
// when they wait as long as it takes and holds are exponential. It is 1 when
// the load is as large as the number of servers, or larger.
func ErlangC(servers int, load float64) float64 {
	if load >= float64(servers) {
		return 1
	}
	b := ErlangB(servers, load)
	return b / (1 - load/float64(servers)*(1-b))
}

// ErlangA is the fraction of arrivals that give up waiting for one of so many
// servers, and the mean number that wait. Rates are per second: of arrivals,
// of a server's ends of hold, and of a waiter's giving up; all times between
// are exponential. Without arrivals both are 0. When nobody gives up and the
// servers are too few, the queue is infinite.
func ErlangA(servers int, arrival, service, patience float64) (abandon, meanQueue float64) {
	busy := float64(servers) * service
	switch {
	case arrival <= 0:
		return 0, 0
	case patience <= 0 && arrival >= busy:
		return 0, math.Inf(1)
	case patience <= 0:
		return 0, ErlangC(servers, arrival/service) * arrival / (busy - arrival)
	}
	// Weights of states, that of all servers busy and nobody waiting being 1:
	// of all, of those with waiters times how many, and of the one with j.
	// The rest of the series is less than a geometric one.
	all, waiting, weight := inverseB(servers, arrival/service), 0.0, 1.0
	for j, ratio := 1.0, 1.0; ratio >= 1 || j*weight > 1e-17*(1-ratio)*(1-ratio)*waiting; j++ {
		ratio = arrival / (busy + j*patience)
		weight *= ratio
		all += weight
		waiting += j * weight
		if weight > 1e200 {
			all, waiting, weight = all/weight, waiting/weight, 1
		}
	}
	meanQueue = waiting / all
	return patience * meanQueue / arrival, meanQueue
}

// Engset is what a number of sources meet at a number of servers: the fraction
// of time in which all servers are busy, and the fraction of calls refused.
// An idle source calls after a mean time of the mean hold over alpha; one
// refused is idle again. The laws of both times do not matter.
func Engset(sources, servers int, alpha float64) (time, call float64) {
	return allBusy(sources, servers, alpha), allBusy(sources-1, servers, alpha)
}

func allBusy(sources, servers int, alpha float64) float64 {
	if servers > sources {
		return 0
	}
	inverse := 1.0
	for k := 1; k <= servers; k++ {
		inverse = 1 + inverse*float64(k)/(float64(sources-k+1)*alpha)
	}
	return 1 / inverse
}

// A Class of arrivals takes so many units at once and gives them back
// together. Load is in erlangs of such arrivals, Units > 0.
type Class struct {
	Load  float64
	Units int
}

// KaufmanRoberts is the fraction of each class's arrivals that a capacity in
// units refuses, and the mean number of units in use. The load is Poisson, the
// law of the holds does not matter.
func KaufmanRoberts(capacity int, classes []Class) (blocking []float64, mean float64) {
	weights := make([]float64, capacity+1) // of n units in use
	weights[0] = 1
	sum := 1.0
	for n := 1; n <= capacity; n++ {
		for _, c := range classes {
			if c.Units <= n {
				weights[n] += c.Load * float64(c.Units) / float64(n) * weights[n-c.Units]
			}
		}
		sum += weights[n]
		mean += float64(n) * weights[n]
		if sum > 1e200 {
			for k := range weights[:n+1] {
				weights[k] /= sum
			}
			sum, mean = 1, mean/sum
		}
	}
	blocking = make([]float64, len(classes))
	for i, c := range classes {
		for n := max(0, capacity-c.Units+1); n <= capacity; n++ {
			blocking[i] += weights[n] / sum
		}
	}
	return blocking, mean / sum
}

// FirstExceed is the mean time, in mean holds, until a Poisson load with
// exponential holds, unlimited and empty at first, needs more than so many
// units. Without load it is infinite.
func FirstExceed(load float64, units int) float64 {
	sum, step := 0.0, 0.0 // step is the mean time from k units to k+1
	for k := 0; k <= units; k++ {
		step = (1 + float64(k)*step) / load
		sum += step
	}
	return sum
}
