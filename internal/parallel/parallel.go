// Package parallel does independent calculations on all cores.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// block is how many calls a goroutine takes at a time: few enough that the
// cores end together, many enough that taking them costs nothing.
const block = 32

// For calls do for every i from 0 to n-1, in no order, and returns when all
// calls have. A panic of do is a panic of For, so that the caller can recover.
func For(n int, do func(i int)) {
	var next atomic.Int64
	work := func() {
		for {
			end := int(next.Add(block))
			for i := end - block; i < min(end, n); i++ {
				do(i)
			}
			if end >= n {
				return
			}
		}
	}
	helpers := min(runtime.GOMAXPROCS(0), (n+block-1)/block) - 1
	var group sync.WaitGroup
	var failure atomic.Pointer[any]
	guarded := func() {
		defer func() {
			if v := recover(); v != nil {
				failure.CompareAndSwap(nil, &v)
			}
		}()
		work()
	}
	for range helpers {
		group.Go(guarded)
	}
	guarded()
	group.Wait()
	if v := failure.Load(); v != nil {
		panic(*v)
	}
}
