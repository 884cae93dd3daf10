package machine

import (
	"syscall"
	"time"
)

// CPU returns the CPU time that this process has used on all cores.
func CPU() time.Duration {
	var created, ended, kernel, user syscall.Filetime
	self, err := syscall.GetCurrentProcess()
	if err != nil || syscall.GetProcessTimes(self, &created, &ended, &kernel, &user) != nil {
		return 0
	}
	hundreds := func(t syscall.Filetime) time.Duration {
		return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
	}
	return hundreds(kernel) + hundreds(user)
}
