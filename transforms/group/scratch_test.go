package group

import "testing"

// Memory for the values of a group is used again, unless it became so large that nobody may keep it.
func TestLargeFillersAreNotKept(t *testing.T) {
	for rows, kept := range map[int]bool{1000: true, mostFiller / 4: false} {
		var pool fillers
		f, list := pool.take(), make([]uint32, rows)
		for i := range list {
			list[i] = uint32(i) * 1000
		}
		f.distinct(list)
		pool.put(f)
		if found := pool.take() == f; found != kept {
			t.Errorf("%d rows: found that the memory is used again: %t, expected %t", rows, found, kept)
		}
	}
}
