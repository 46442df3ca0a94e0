package attack

import "time"

// A Waiter waits for the pacer.
type Waiter interface {
	// Wait waits so long, or until Wake is called; one that was called before
	// counts.
	Wait(time.Duration)
	// Wake may be called by anybody.
	Wake()
	// Close is called when nobody waits any more.
	Close() error
}

// A timerWaiter waits as Go does, a millisecond too long at worst.
type timerWaiter struct{ wake chan struct{} }

func newTimerWaiter() *timerWaiter { return &timerWaiter{make(chan struct{}, 1)} }

func (w *timerWaiter) Wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-w.wake:
	}
}

func (w *timerWaiter) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *timerWaiter) Close() error { return nil }
