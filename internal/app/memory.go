package app

import (
	"fmt"
	"os"
	"runtime/metrics"
	"time"
)

// MaxMemory is how many bytes the process may hold. What a pull request renders
// to can grow without bound inside kustomize (a JSON 6902 patch that copies a
// list into itself twenty times), where no limit of ours reaches.
const MaxMemory = 4 << 30

// GuardMemory ends the process, as not checked, once it holds more than
// MaxMemory. Call it at the start of main.
func GuardMemory(stderr *os.File) {
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for range time.Tick(50 * time.Millisecond) {
			metrics.Read(sample)
			if sample[0].Value.Uint64()-sample[1].Value.Uint64() > MaxMemory {
				fmt.Fprintf(stderr, "probe-mtls-action: nothing counts as checked: rendering needs more than %d GiB of memory. Check fewer roots at a time to find the one: a patch that copies a value into itself grows without bound.\n", MaxMemory>>30)
				os.Exit(ExitNotChecked)
			}
		}
	}()
}
