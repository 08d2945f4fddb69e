package main

import (
	"runtime"
	"testing"
)

func TestTheDefaultOfMaxMemoryGrowsWithCoresAndFitsTheContainer(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		cores     int
		remote    bool
		declared  int
		container int64
		want      int64 // MiB
	}{
		"one core":                       {1, false, 0, 0, 160},
		"two cores":                      {2, false, 0, 0, 160},
		"two cores, ten tables":          {2, false, 10, 0, 240},
		"two cores, remote":              {2, true, 0, 0, 256},
		"four cores":                     {4, false, 0, 0, 180},
		"fifteen cores":                  {15, false, 0, 0, 220},
		"sixteen cores":                  {16, false, 0, 0, 300},
		"sixteen cores, remote":          {16, true, 0, 0, 312},
		"a hundred cores":                {100, false, 0, 0, 300},
		"a small container":              {16, false, 0, 400 * mib, 200},
		"a small container, many tables": {2, true, 50, 512 * mib, 256},
		"a large container":              {2, false, 0, 4096 * mib, 160},
		"a tiny container":               {2, false, 0, 128 * mib, 64},
	} {
		if got := defaultMemory(c.cores, c.remote, c.declared, c.container); got != c.want*mib {
			t.Errorf("%s: found %d MiB, expected %d", name, got/mib, c.want)
		}
	}
}

// Decoding needs more memory with more cores. The groups of a table do not.
func TestTheMemoryOfGroupsDoesNotGrowWithCores(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		cores  int
		runner string
		given  int64 // MiB
		want   int64 // MiB
	}{
		"two cores":                          {2, "direct", 0, 160},
		"sixteen cores":                      {16, "direct", 0, 160},
		"two cores, given":                   {2, "direct", 500, 500},
		"sixteen cores, given":               {16, "direct", 500, 360},
		"sixteen cores, little is given":     {16, "direct", 200, 100},
		"the cores of workers are not known": {16, "flink", 500, 500},
	} {
		t.Run(name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(c.cores))
			s := &settings{runner: c.runner}
			if s.parsed.memory = c.given * mib; c.given == 0 && s.mostMemory(nil) < 160*mib {
				t.Skip("skipped: this container has little memory")
			}
			if got := s.groupMemory(); got != c.want*mib {
				t.Errorf("found %d MiB, expected %d", got/mib, c.want)
			}
		})
	}
}
