package source

import (
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// A file whose batches wait is decoded, but its groups are still to come.
func TestFilesThatWaitCountWhereRoomForGroupsIsJudged(t *testing.T) {
	f := counted{}.register(t)
	w := f.files(t, slices.Repeat([][]int64{{5}}, 10)...)
	for each, want := range map[int64]bool{10: true, 25: false} { // MiB
		foresee(t, 0, each<<20)
		l := &lanes{cfg: Config{Lanes: AllCores, Tables: 1, Memory: 308 << 20}, cores: 16, rest: newCutter(w, element.Range{End: 5})}
		for i := range 4 {
			l.open = append(l.open, &segment{parts: []part{{file: &w.Pieces[5+i].File}}, ended: i < 2})
		}
		if found := l.mayJoin(); found != want {
			t.Errorf("%d MiB of groups in a file, two files read and two that wait: found that one more may be read: %v, expected %v", each, found, want)
		}
	}
}
