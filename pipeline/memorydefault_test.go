package main

import "testing"

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
