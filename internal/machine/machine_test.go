package machine

import (
	"slices"
	"testing"
)

func TestTotal(t *testing.T) {
	if got := total("MemTotal:        2048 kB\nMemFree: 1 kB\n"); got != 2<<20 {
		t.Errorf("got %d", got)
	}
	if got := total("nothing"); got != 0 {
		t.Errorf("got %d", got)
	}
}

func TestControlGroups(t *testing.T) {
	for membership, want := range map[string][]string{
		"0::/user/job\n":              {"/sys/fs/cgroup/user/job/memory.max", "/sys/fs/cgroup/user/memory.max", "/sys/fs/cgroup/memory.max"},
		"3:cpu,memory:/a\n2:cpu:/b\n": {"/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
		"":                            nil,
	} {
		if got := controlGroups(membership); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", membership, got, want)
		}
	}
}
