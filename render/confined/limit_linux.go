package confined

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// reserved is how many bytes of addresses Go's runtime reserves beside what it uses.
const reserved = 1 << 30

// limitSystem lets the system end this process above its limits.
func limitSystem(l Limits) {
	set := func(what int, soft, hard uint64) {
		syscall.Setrlimit(what, &syscall.Rlimit{Cur: soft, Max: hard})
	}
	memory := uint64(l.Memory)
	set(syscall.RLIMIT_DATA, memory+memory/8, memory+memory/8)
	set(syscall.RLIMIT_AS, memory+memory/8+reserved, memory+memory/8+reserved)
	set(syscall.RLIMIT_CORE, 0, 0)
	seconds := uint64((l.CPU + time.Second - 1) / time.Second)
	set(syscall.RLIMIT_CPU, seconds+1, seconds+3)
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGXCPU)
	go func() {
		<-over
		os.Exit(exitCPU)
	}()
}
