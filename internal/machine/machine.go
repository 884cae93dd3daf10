// Package machine tells what the machine lets this process have: memory now,
// and what it has used of CPU time.
package machine

import (
	"os"
	"path"
	"strconv"
	"strings"
)

// Memory returns how many bytes of memory this process and its children may
// take together: the machine's, or the least that a control group around the
// process allows (a container's, a job's). It is 0 where that cannot be told.
func Memory() int64 {
	least := total(read("/proc/meminfo"))
	for _, limit := range controlGroups(read("/proc/self/cgroup")) {
		n, err := strconv.ParseInt(strings.TrimSpace(read(limit)), 10, 64)
		if err == nil && n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

func read(name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(data)
}

// total returns MemTotal of /proc/meminfo in bytes, 0 without it.
func total(meminfo string) int64 {
	for line := range strings.Lines(meminfo) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemTotal:" && fields[2] == "kB" {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// controlGroups returns the files that hold the memory limits of the groups in
// /proc/self/cgroup and of all around them, for versions 1 and 2 of the interface.
func controlGroups(membership string) []string {
	var files []string
	for line := range strings.Lines(membership) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		dir, file := "/sys/fs/cgroup", "memory.max"
		if strings.Contains(","+parts[1]+",", ",memory,") {
			dir, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if parts[1] != "" {
			continue
		}
		for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
			files = append(files, path.Join(dir, group, file))
			if group == "/" {
				break
			}
		}
	}
	return files
}
