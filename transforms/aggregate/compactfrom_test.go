package aggregate

import (
	"math"
	"testing"
)

// A single table keeps the groups of several sources as they are, which takes less time. Of ten tables the groups of the second source are compact.
func TestGroupsBecomeCompactSoonerWithManyTables(t *testing.T) {
	const mib = 1 << 20
	for declared, want := range map[int]int64{1: 40 * mib, 2: 25 * mib, 7: 6 * mib, 10: 3 * mib} {
		tables := make([]*Spec, declared)
		for i := range tables {
			tables[i] = &Spec{SQL: "SELECT", MostBytes: 160 * mib}
		}
		if found := compactFrom(tables); found < want || found >= want+mib {
			t.Errorf("%d tables: found %d bytes, expected %d to %d MiB", declared, found, want/mib, want/mib+1)
		}
		tables[0].MostBytes = math.MaxInt64 / 2
		if found := compactFrom(tables); found < want {
			t.Errorf("%d tables and very much memory: found %d bytes, expected more than %d", declared, found, want)
		}
	}
}
