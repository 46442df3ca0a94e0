package queue

// Refs keeps what references stand for, such as those that events carry. Those
// that were taken are given again. The zero value keeps nothing.
type Refs[T any] struct {
	list []T
	free []int // of list
}

// Add keeps x, and returns its reference, which is not negative.
func (r *Refs[T]) Add(x T) int {
	n := len(r.free)
	if n == 0 {
		r.list = append(r.list, x)
		return len(r.list) - 1
	}
	ref := r.free[n-1]
	r.free = r.free[:n-1]
	r.list[ref] = x
	return ref
}

// Take returns what a reference stands for, and keeps it no longer. It panics
// when there never was one like that.
func (r *Refs[T]) Take(ref int) T {
	var none, x T
	x, r.list[ref] = r.list[ref], none
	r.free = append(r.free, ref)
	return x
}
