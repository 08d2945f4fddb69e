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
	for name, c := range map[string]struct {
		cfg  Config
		much int64
	}{
		"the groups are large":    {Config{Lanes: 6}, 1 << 40},
		"there are many tables":   {Config{Lanes: AllCores, Tables: runtime.GOMAXPROCS(0)}, 0},
		"there are many segments": {Config{Lanes: 20}, 1 << 40},
	} {
		element.Groups.Add(c.much)
		fn := &ReadFn{Config: c.cfg}
		r := fn.CreateInitialRestriction(w)
		var sources []string
		err := fn.ProcessElement(t.Context(), fn.CreateTracker(r), w, func(l element.ColumnsList) {
			for _, c := range l.List {
				sources = append(sources, c.Source)
			}
		})
		element.Groups.Add(-c.much)
		if err != nil {
			t.Fatal(err)
		}
		if len(sources) != 6*14 || !slices.IsSorted(sources) {
			t.Errorf("%s: found batches of %v, expected those of one file after the other", name, sources)
		}
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
	foresee(t, 0, 1)
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

// foresee tells the reader how many bytes groups take: those of files that have ended, and those of each file.
func foresee(t *testing.T, held, each int64) {
	t.Helper()
	t.Cleanup(func() {
		element.GroupsHeld.Store(0)
		element.GroupsOfFile.Store(0)
	})
	element.GroupsHeld.Store(held)
	element.GroupsOfFile.Store(each)
}

// With many cores the groups of many files would take more memory than the process may take.
func TestOnlyAsManyFilesAreOpenAsHaveRoomForTheirGroups(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(16))
	f := counted{}.register(t)
	w := f.files(t, slices.Repeat([][]int64{{5}}, 20)...)
	for i := range w.Pieces {
		w.Pieces[i].File.UnitBytes = []int64{sharedBytes}
	}
	for name, c := range map[string]struct {
		memory     Memory
		held, each int64 // MiB
		want       int
	}{
		"the groups are small":                  {308, 0, 1, 16},
		"nobody knows yet how large groups are": {308, 0, 0, 2},
		"the groups are large":                  {308, 0, 25, 3},
		"the groups are very large":             {308, 0, 1000, 2},
		"the groups of other files are held":    {308, 50, 10, 3},
		"there is much memory":                  {2048, 60, 25, 16},
	} {
		foresee(t, c.held<<20, c.each<<20)
		l := newLanes(t.Context(), Config{Lanes: AllCores, Tables: 1, Memory: c.memory << 20}, w, element.Range{End: 20}, func(int64) bool { return true })
		l.mu.Lock()
		if len(l.open) != c.want {
			t.Errorf("%s: found %d files open on 16 cores, expected %d", name, len(l.open), c.want)
		}
		l.mu.Unlock()
		l.close()
	}
}

// A list of batches of two files would make groups of both be held at once.
func TestWhereGroupsTakeMuchMemoryAListHasBatchesOfOneFile(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(16))
	f := counted{}.register(t)
	for name, c := range map[string]struct {
		files int
		bytes int64 // of a unit
	}{"each file has segments of its own": {6, sharedBytes}, "a segment has several files": {200, 1}} {
		w := f.files(t, slices.Repeat([][]int64{{9 * batchOf, 5 * batchOf}}, c.files)...)
		for i := range w.Pieces {
			w.Pieces[i].File.UnitBytes = []int64{c.bytes, c.bytes}
		}
		foresee(t, 0, 1<<40)
		fn := &ReadFn{Config: Config{Lanes: AllCores, Tables: 1, Memory: 308 << 20}}
		r := fn.CreateInitialRestriction(w)
		batches := 0
		err := fn.ProcessElement(t.Context(), fn.CreateTracker(r), w, func(l element.ColumnsList) {
			batches += len(l.List)
			for _, c := range l.List {
				if c.Source != l.List[0].Source {
					t.Errorf("%s: found batches of %s and %s in one list, expected those of one file", name, l.List[0].Source, c.Source)
				}
			}
		})
		if err != nil || batches != c.files*14 {
			t.Errorf("%s: found %d batches and the error %v, expected %d and none", name, batches, err, c.files*14)
		}
	}
}

// What is read ahead makes room for groups, but not all of it.
func TestLessIsReadAheadWhereGroupsTakeMuchMemory(t *testing.T) {
	f := counted{}.register(t)
	w := f.files(t, []int64{5})
	for name, c := range map[string]struct {
		tables     int
		held, each int64 // MiB
		part       int64 // of what may be read ahead
	}{
		"no table holds groups": {0, 1000, 1000, 1},
		"little is held":        {1, 10, 10, 1},
		"much is held":          {1, 1000, 10, 4},
	} {
		foresee(t, c.held<<20, c.each<<20)
		l := newLanes(t.Context(), Config{Lanes: AllCores, Tables: c.tables, Memory: 308 << 20}, w, element.Range{End: 1}, func(int64) bool { return true })
		if found, want := l.aheadNow(), l.ahead/c.part; found != want {
			t.Errorf("%s: found that %d bytes may be read ahead, expected %d", name, found, want)
		}
		l.close()
	}
}
