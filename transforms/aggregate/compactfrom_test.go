package aggregate

import (
	"math"
	"testing"
)

// With a single table, the groups of several sources are held before further groups are made compact, because that takes less time. With ten tables,
// the groups of the second source are made compact already.
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
