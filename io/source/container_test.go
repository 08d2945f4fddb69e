package source

import (
	"testing"
	"testing/fstest"
)

func TestTheMemoryOfAContainerIsFound(t *testing.T) {
	files := func(list ...string) fstest.MapFS {
		root := fstest.MapFS{}
		for i := 0; i < len(list); i += 2 {
			root[list[i]] = &fstest.MapFile{Data: []byte(list[i+1])}
		}
		return root
	}
	const of = "proc/self/cgroup"
	for name, c := range map[string]struct {
		root fstest.MapFS
		want int64
	}{
		"another system":                        {files(), 0},
		"version 2, in a container":             {files(of, "0::/\n", "sys/fs/cgroup/memory.max", "536870912\n"), 512 << 20},
		"version 2, no limit":                   {files(of, "0::/\n", "sys/fs/cgroup/memory.max", "max\n"), 0},
		"version 2, the root has no file":       {files(of, "0::/\n"), 0},
		"version 2, a group above has less":     {files(of, "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max", "300\n", "sys/fs/cgroup/a/memory.max", "200\n"), 200},
		"version 2, a group above has no limit": {files(of, "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max", "300\n", "sys/fs/cgroup/a/memory.max", "max\n"), 300},
		"version 1, in a container":             {files(of, "3:cpu,cpuacct:/\n2:memory:/\n1:name=systemd:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"), 256 << 20},
		"version 1, the path is that outside":   {files(of, "2:memory:/docker/0123\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"), 256 << 20},
		"version 1, beside another controller":  {files(of, "2:hugetlb,memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1000\n"), 1000},
		"version 1, no limit":                   {files(of, "2:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"), 0},
		"both versions":                         {files(of, "2:memory:/\n0::/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "1000\n"), 1000},
		"a path that leads out":                 {files(of, "0::/../../x\n", "sys/fs/cgroup/memory.max", "100\n"), 100},
		"no numbers":                            {files(of, "0::/\nx\n", "sys/fs/cgroup/memory.max", "much\n"), 0},
	} {
		if got := ContainerMemory(c.root); got != c.want {
			t.Errorf("%s: found %d, expected %d", name, got, c.want)
		}
	}
}
