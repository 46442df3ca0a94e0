package stats

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// Values of this file were computed in 40-digit arithmetic from the formulas,
// unless a test says otherwise.

func TestErlangB(t *testing.T) {
	tests := []struct {
		load    float64
		servers int
		want    float64
	}{
		{1, 1, 0.5}, {0.5, 2, 0.0769230769231}, {2, 5, 0.0366972477064},
		{5, 10, 0.0183845703366}, {10, 10, 0.214582343107}, {10, 15, 0.0364969454724},
		{20, 20, 0.158891961542}, {20, 30, 0.00845749834019}, {0.001, 3, 1.66500083306e-10},
		{25.8, 40, 0.00223797568276}, {40, 50, 0.0186906711096}, {50, 64, 0.00843942665594},
		{84, 100, 0.00987252860920}, {100, 120, 0.00569005460687}, {180, 200, 0.0103249952050},
		{250, 250, 0.0488047918187}, {900, 1000, 5.92986267015e-5}, {1000, 1000, 0.0248119176462},
		{20, 25, 0.0502217778908}, {25.8, 30, 0.0637008060617}, {28, 25, 0.205698723212},
		{3, 0, 1}, {0, 0, 1}, {0, 1, 0}, {0, 5, 0}, {math.Inf(1), 3, 1}, {1, 1000, 0},
	}
	for _, tt := range tests {
		if got := ErlangB(tt.servers, tt.load); !closeTo(got, tt.want, 1e-11) {
			t.Errorf("ErlangB(%d, %v) = %.12g, want %.12g", tt.servers, tt.load, got, tt.want)
		}
	}
	if carried := 20 * (1 - ErlangB(30, 20)); !closeTo(carried, 19.8308500332, 1e-11) {
		t.Errorf("20 erlangs on 30 servers carry %.10f", carried)
	}
}

func TestErlangBServers(t *testing.T) {
	blocking := []float64{0.05, 0.02, 0.01, 0.001, 0.0001}
	tests := []struct {
		load float64
		want [5]int
	}{
		{5, [5]int{9, 10, 11, 14, 16}},
		{10, [5]int{15, 17, 18, 21, 24}},
		{20, [5]int{26, 28, 30, 35, 39}},
		{50, [5]int{56, 61, 64, 71, 77}},
		{100, [5]int{105, 113, 117, 128, 137}},
		{200, [5]int{202, 214, 221, 238, 249}},
		{500, [5]int{489, 514, 527, 555, 574}},
		{0, [5]int{1, 1, 1, 1, 1}},
	}
	for _, tt := range tests {
		for i, b := range blocking {
			if got := ErlangBServers(tt.load, b); got != tt.want[i] {
				t.Errorf("ErlangBServers(%v, %v) = %d, want %d", tt.load, b, got, tt.want[i])
			}
		}
	}
	for _, tt := range []struct {
		load, blocking float64
		want           int
	}{{1, 0.5, 1}, {7, 1, 0}, {5, 0, math.MaxInt}, {math.Inf(1), 0.1, math.MaxInt}} {
		if got := ErlangBServers(tt.load, tt.blocking); got != tt.want {
			t.Errorf("ErlangBServers(%v, %v) = %d, want %d", tt.load, tt.blocking, got, tt.want)
		}
	}
}

// More servers refuse less and a higher load is refused more; and whoever
// waits or gives up, rather than be refused, lies on the known sides.
func TestErlangIsMonotone(t *testing.T) {
	for _, load := range []float64{0.1, 1, 7.5, 40, 300} {
		for c := 1; c <= 400 && ErlangB(c, load) > 0; c += 1 + c/5 {
			b := ErlangB(c, load)
			if b >= ErlangB(c-1, load) || b >= ErlangB(c, load*1.01) {
				t.Errorf("ErlangB(%d, %v) = %v is not monotone", c, load, b)
			}
			wait := ErlangC(c, load)
			abandon, _ := ErlangA(c, load, 1, 0.5)
			if wait < b || wait > 1 || abandon > b {
				t.Errorf("%d servers, %v erlangs: refused %v, waiting %v, given up %v", c, load, b, wait, abandon)
			}
		}
	}
}

func TestErlangC(t *testing.T) {
	tests := []struct {
		servers    int
		load, hold float64
		want, wait float64 // probability; mean in the unit of hold
	}{
		{25, 20, 10, 0.209102826599, 0.418205653198},
		{22, 20, 10, 0.567915162159, 2.83957581079},
		{25, 22, 10, 0.433592430805, 1.44530810268},
		{30, 25.8, 600, 0.32703524636, 46.7193209086},
		{1, 0.5, 1, 0.5, 1}, // one server: the load, and load/(1-load) holds
		{3, 0, 1, 0, 0},
	}
	for _, tt := range tests {
		got := ErlangC(tt.servers, tt.load)
		wait := got * tt.hold / (float64(tt.servers) - tt.load)
		if !closeTo(got, tt.want, 1e-10) || !closeTo(wait, tt.wait, 1e-10) {
			t.Errorf("ErlangC(%d, %v) = %.12f, mean wait %.12g; want %.12f, %.12g", tt.servers, tt.load, got, wait, tt.want, tt.wait)
		}
	}
	// Waits of those who wait are exponential.
	if long := ErlangC(25, 20) * math.Exp(-(25 - 20)); !closeTo(long, 0.00140892376298, 1e-10) {
		t.Errorf("P(wait > hold) = %.12g", long)
	}
	for _, load := range []float64{4, 5, math.Inf(1)} {
		if got := ErlangC(4, load); got != 1 {
			t.Errorf("ErlangC(4, %v) = %v, want 1", load, got)
		}
	}
	if got := ErlangC(0, 0); got != 1 {
		t.Errorf("ErlangC(0, 0) = %v, want 1", got)
	}
}

func TestErlangA(t *testing.T) {
	abandon, queue := ErlangA(20, 2, 0.1, 1.0/60)
	if !closeTo(abandon, 0.0516367008777, 1e-11) || !closeTo(queue, 6.19640410533, 1e-11) {
		t.Errorf("patience 60 s: %.12g give up, %.12g wait", abandon, queue)
	}
	// A waiter who gives up as fast as a server ends makes the number in
	// the system that of unlimited servers: Poisson.
	abandon, queue = ErlangA(22, 2, 0.1, 0.1)
	excess := 0.0
	for n := 23; n < 200; n++ {
		excess += float64(n-22) * distuv.Poisson{Lambda: 20}.Prob(float64(n))
	}
	if !closeTo(abandon, 0.0489748290244, 1e-11) || !closeTo(queue, excess, 1e-11) {
		t.Errorf("patience of a hold: %.12g give up, %.12g wait; want 0.0489748290244, %.12g", abandon, queue, excess)
	}
	tests := []struct {
		name                       string
		servers                    int
		arrival, service, patience float64
		abandon, queue             float64
	}{
		{"nobody comes", 3, 0, 1, 1, 0, 0},
		{"no server", 0, 2, 1, 0.5, 1, 4},
		{"too few servers for the patient", 2, 2, 1, 0, 0, math.Inf(1)},
		{"servers that never end", 3, 2, 0, 0.5, 1, 4},
		// The server is never idle: what it cannot take gives up.
		{"overload", 1, 2, 1, 1e-4, 0.5, 1e4},
		{"patient", 25, 2, 0.1, 0, 0, 0.209102826599 * 20 / 5},
	}
	for _, tt := range tests {
		abandon, queue := ErlangA(tt.servers, tt.arrival, tt.service, tt.patience)
		if !closeTo(abandon, tt.abandon, 1e-9) || !closeTo(queue, tt.queue, 1e-9) {
			t.Errorf("%s: %v give up, %v wait; want %v, %v", tt.name, abandon, queue, tt.abandon, tt.queue)
		}
	}
}

// The chain's stationary law, worked out state by state, has the same queue;
// and with more and more patience the queue becomes that of Erlang C, whose
// difference is of the order of the rate.
func TestErlangAQueue(t *testing.T) {
	for _, c := range []int{1, 3, 21, 60} {
		for _, load := range []float64{0.3, 0.9, 0.99} {
			load *= float64(c)
			for _, patience := range []float64{0.05, 1, 20} {
				weight, all, waiting := 1.0, 1.0, 0.0
				for n := 1; n < 3000; n++ {
					queue := float64(max(0, n-c))
					weight *= load / (float64(min(n, c)) + queue*patience)
					all += weight
					waiting += queue * weight
				}
				abandon, queue := ErlangA(c, load, 1, patience)
				if !closeTo(queue, waiting/all, 1e-11) || !closeTo(abandon, patience*waiting/all/load, 1e-11) {
					t.Errorf("ErlangA(%d, %v, 1, %v): %v wait, want %v", c, load, patience, queue, waiting/all)
				}
			}
			_, patient := ErlangA(c, load, 1, 1e-9)
			_, limit := ErlangA(c, load, 1, 0)
			if want := ErlangC(c, load) * load / (float64(c) - load); !closeTo(limit, want, 1e-14) || !closeTo(patient, want, 1e-4) {
				t.Errorf("ErlangA(%d, %v): %v wait with patience, %v wait as long as it takes; want %v", c, load, patient, limit, want)
			}
		}
	}
}

func TestEngset(t *testing.T) {
	tests := []struct {
		sources, servers int
		alpha            float64
		time, call       float64
	}{
		{30, 10, 0.3, 0.0724677462089, 0.0619081117811},
		{40, 20, 0.5, 0.0120036620518, 0.00897581088874},
		{2, 2, 1, 0.25, 0}, // each busy half of the time; the last finds a server
		{1, 1, 3, 0.75, 0},
		{3, 5, 2, 0, 0},
		{4, 0, 1, 1, 1},
		{4, 2, 0, 0, 0},
		{0, 1, 1, 0, 0},
		{0, 0, 1, 1, 0}, // nobody calls
	}
	for _, tt := range tests {
		time, call := Engset(tt.sources, tt.servers, tt.alpha)
		if !closeTo(time, tt.time, 1e-11) || !closeTo(call, tt.call, 1e-11) {
			t.Errorf("Engset(%d, %d, %v) = %.12g, %.12g; want %.12g, %.12g", tt.sources, tt.servers, tt.alpha, time, call, tt.time, tt.call)
		}
	}
	// Ever more sources that ever less often call are a Poisson load.
	if time, call := Engset(10_000_000, 30, 20e-7); !closeTo(time, ErlangB(30, 20), 1e-4) || !closeTo(call, ErlangB(30, 20), 1e-4) {
		t.Errorf("Engset of very many sources = %v, %v; want %v", time, call, ErlangB(30, 20))
	}
}

func TestKaufmanRoberts(t *testing.T) {
	tests := []struct {
		capacity int
		classes  []Class
		blocking []float64
		mean     float64
	}{
		{64, []Class{{20, 1}, {0.5, 26}}, []float64{0.00150005040682, 0.322579574142}, 28.776464528},
		{50, []Class{{15, 1}, {0.25, 26}}, []float64{0.00166367373094, 0.207161450578}, 20.1284954653},
		{30, []Class{{20, 1}}, []float64{0.00845749834019}, 19.8308500332},
		{30, []Class{{12, 1}, {8, 1}}, []float64{0.00845749834019, 0.00845749834019}, 19.8308500332},
		{30, []Class{{10, 3}}, []float64{0.214582343107}, 30 * (1 - 0.214582343107)}, // 10 servers of 3 units
		{0, []Class{{1, 1}}, []float64{1}, 0},
		{5, []Class{{1, 6}}, []float64{1}, 0},
		{5, nil, nil, 0},
	}
	for _, tt := range tests {
		blocking, mean := KaufmanRoberts(tt.capacity, tt.classes)
		if len(blocking) != len(tt.blocking) || !closeTo(mean, tt.mean, 1e-10) {
			t.Fatalf("KaufmanRoberts(%d, %v) = %v, %.12g; want %v, %.12g", tt.capacity, tt.classes, blocking, mean, tt.blocking, tt.mean)
		}
		for i := range blocking {
			if !closeTo(blocking[i], tt.blocking[i], 1e-10) {
				t.Errorf("KaufmanRoberts(%d, %v): class %d refused %.12g, want %.12g", tt.capacity, tt.classes, i, blocking[i], tt.blocking[i])
			}
		}
	}
	// Weights beyond the largest number: exp(1900).
	blocking, mean := KaufmanRoberts(2000, []Class{{1900, 1}})
	if want := ErlangB(2000, 1900); !closeTo(blocking[0], want, 1e-10) || !closeTo(mean, 1900*(1-want), 1e-10) {
		t.Errorf("KaufmanRoberts of 1900 erlangs on 2000 = %v, %v; want %v", blocking, mean, want)
	}
}

func TestFirstExceed(t *testing.T) {
	const hold = 10 // minutes
	tests := []struct {
		load  float64
		units int
		want  float64
	}{
		{20, 25, 57.280001186252 / hold},
		{20, 30, 214.17515395638 / hold},
		{20, 35, 1843.9811525622 / hold},
		{20, 40, 37201.684477366 / hold},
		{4, 0, 0.25},                // the first arrival
		{2, 1, 1.0/2 + (1+1.0/2)/2}, // a second before the first has gone
		{4, -1, 0},                  // at once
		{0, 3, math.Inf(1)},         // never
		{1e-200, 3, math.Inf(1)},    // beyond the largest number
		{math.Inf(1), 3, 0},         // at once
	}
	for _, tt := range tests {
		if got := FirstExceed(tt.load, tt.units); !closeTo(got, tt.want, 1e-12) {
			t.Errorf("FirstExceed(%v, %d) = %.14g, want %.14g", tt.load, tt.units, got, tt.want)
		}
	}
}
