package main

import "testing"

func TestGrowth(t *testing.T) {
	for live, want := range map[uint64]int{0: 800, 1 << 20: 800, 20 << 20: 800, 80 << 20: 200, 160 << 20: 100, 4 << 30: 60} {
		if got := growth(live); got != want {
			t.Errorf("a heap of %d MiB may grow by %d %%, want %d %%", live>>20, got, want)
		}
	}
}
