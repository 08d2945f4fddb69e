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
// the file system: what it needs are proc/self/cgroup and the folders below sys/fs/cgroup, of control groups of either version. The limit
// of a group holds for all groups in it, so the least one counts.
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
		// The path is that outside of the container if the container does not have a view of its own. Then its folder is not there.
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

// unlimited is so much that nothing is limited: version 1 has a number near the largest one for that.
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
