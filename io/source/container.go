package source

import (
	"bytes"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// ContainerMemory returns how much memory the container of this process may use, in bytes, or 0 if nothing limits it. root is the root of
// the file system, of which proc/self/cgroup and the folders below sys/fs/cgroup are read. Both versions of control groups are understood. The
// limit of a group holds for all groups in it, so the least limit counts.
func ContainerMemory(root fs.FS) int64 {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0 // another system than Linux
	}
	least := int64(math.MaxInt64)
	for line := range bytes.Lines(groups) {
		parts := strings.SplitN(strings.TrimSpace(string(line)), ":", 3) // number, controllers, path
		if len(parts) < 3 {
			continue
		}
		folder, file := "sys/fs/cgroup", "memory.max"
		switch {
		case hasController(parts[1], "memory"): // version 1
			folder, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		case parts[1] != "":
			continue
		}
		// A container without a cgroup namespace has the path of the host here. That folder does not exist in it, so its parents are tried.
		for at := path.Join("/", parts[2]); ; at = path.Dir(at) {
			if limit, ok := limitIn(root, path.Join(folder, at, file)); ok {
				least = min(least, limit)
			}
			if at == "/" {
				break
			}
		}
	}
	if least >= unlimited {
		return 0
	}
	return least
}

// unlimited is more than any machine has. Version 1 states a number near the largest int64 if there is no limit.
const unlimited = 1 << 60

func hasController(list, name string) bool {
	for c := range strings.SplitSeq(list, ",") {
		if c == name {
			return true
		}
	}
	return false
}

// limitIn reads a limit. A file with "max" limits nothing.
func limitIn(root fs.FS, name string) (int64, bool) {
	content, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	return limit, err == nil && limit > 0
}
