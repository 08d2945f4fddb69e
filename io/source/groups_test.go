package source

import (
	"runtime"
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// A file's groups become few when it ends. So if groups take much memory, the batches of a file come before those of the next.
func TestWhereGroupsTakeMuchMemoryAFileEndsBeforeTheNextGoesOn(t *testing.T) {
	f := counted{}.register(t)
	w := f.files(t, slices.Repeat([][]int64{{9 * batchOf, 5 * batchOf}}, 6)...)
	for i := range w.Pieces {
		w.Pieces[i].File.UnitBytes = []int64{sharedBytes, sharedBytes}
	}
	const much = 1 << 40
	element.Groups.Add(much)
	defer element.Groups.Add(-much)
	fn := &ReadFn{Config: Config{Lanes: 6}}
	r := fn.CreateInitialRestriction(w)
	var sources []string
	if err := fn.ProcessElement(t.Context(), fn.CreateTracker(r), w, func(l element.ColumnsList) {
		for _, c := range l.List {
			sources = append(sources, c.Source)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if len(sources) != 6*14 || !slices.IsSorted(sources) {
		t.Errorf("found batches of %v, expected those of one file after the other", sources)
	}
}

// Each table with groups of a file is added up on a core of its own. With many tables fewer files keep the cores busy.
func TestWithManyTablesFewFilesAreReadSideBySide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	stop := make(chan struct{})
	f := counted{opens: func(string) error { <-stop; return nil }}.register(t)
	w := f.files(t, slices.Repeat([][]int64{{5}}, 20)...)
	for i := range w.Pieces {
		w.Pieces[i].File.UnitBytes = []int64{sharedBytes}
	}
	var all []*lanes
	for tables, want := range map[int]int{0: 8, 1: 8, 4: 2, 20: 1} {
		l := newLanes(t.Context(), Config{Lanes: AllCores, Tables: tables}, w, element.Range{End: 20}, func(int64) bool { return true })
		l.mu.Lock()
		if len(l.open) != want {
			t.Errorf("%d tables: found %d files open on 8 cores, expected %d", tables, len(l.open), want)
		}
		l.mu.Unlock()
		all = append(all, l)
	}
	close(stop)
	for _, l := range all {
		l.close()
	}
}
