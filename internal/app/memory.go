package app

import (
	"fmt"
	"os"
	"runtime/metrics"
	"time"

	"github.com/org/probe-mtls-action/internal/machine"
)

// maxMemory is how many bytes the process may hold: roots that may take more are
// rendered elsewhere, so this is a wall behind a wall.
const maxMemory = 4 << 30

// GuardMemory ends the process, as not checked, once it holds more than 4 GiB, or
// nine tenths of what the machine lets it have. Call it at the start of main.
func GuardMemory(stderr *os.File) {
	limit := uint64(maxMemory)
	if all := machine.Memory(); all > 0 {
		limit = min(limit, uint64(all)/10*9)
	}
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for range time.Tick(50 * time.Millisecond) {
			metrics.Read(sample)
			if sample[0].Value.Uint64()-sample[1].Value.Uint64() > limit {
				fmt.Fprintf(stderr, "probe-mtls-action: nothing counts as checked: the run needs more than %d MiB of memory. Check fewer roots at a time (--shard).\n", limit>>20)
				os.Exit(ExitNotChecked)
			}
		}
	}()
}
