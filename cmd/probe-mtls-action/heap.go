package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A run is short, and most of what it allocates is soon garbage: collecting seldom
// is a third faster. But the garbage is bounded by bytes, not only by a share of
// what is kept: a large repository keeps much, and a runner has little.
const (
	maxGarbage  = 160 << 20 // bytes between two collections, about
	mostGrowth  = 800       // per cent of what is kept
	leastGrowth = 60
)

// tuneHeap sets how far the heap may grow, now and after each collection.
func tuneHeap() {
	debug.SetGCPercent(mostGrowth)
	debug.SetMemoryLimit(softLimit())
	runtime.SetFinalizer(new(cycle), (*cycle).end)
}

// cycle is an object that nobody keeps, so that the next collection finds it.
type cycle struct{ _ *int }

func (*cycle) end() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(growth(live[0].Value.Uint64()))
	runtime.SetFinalizer(new(cycle), (*cycle).end)
}

// growth returns the per cent by which a heap that keeps so many bytes may grow
// before it is collected.
func growth(live uint64) int {
	return int(min(max(maxGarbage*100/max(live, 1), leastGrowth), mostGrowth))
}
