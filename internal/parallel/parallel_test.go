package parallel_test

import (
	"sync/atomic"
	"testing"

	"github.com/org/probe-mtls-action/internal/parallel"
)

func TestEveryIndexOnce(t *testing.T) {
	for _, n := range []int{0, 1, 31, 32, 33, 1000} {
		calls := make([]atomic.Int32, n)
		parallel.For(n, func(i int) { calls[i].Add(1) })
		for i := range calls {
			if got := calls[i].Load(); got != 1 {
				t.Errorf("n=%d: %d calls for %d", n, got, i)
			}
		}
	}
}

func TestPanicReachesTheCaller(t *testing.T) {
	for _, at := range []int{0, 500, 999} {
		func() {
			defer func() {
				if got := recover(); got != "broken" {
					t.Errorf("recovered %v, want the panic of call %d", got, at)
				}
			}()
			parallel.For(1000, func(i int) {
				if i == at {
					panic("broken")
				}
			})
			t.Errorf("no panic for call %d", at)
		}()
	}
}
