package source

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tripstats/transforms/element"
)

// withUnits returns the work of files, each with the given number of units.
func (f counted) withUnits(t *testing.T, files, units int) element.Work {
	w := f.files(t, slices.Repeat([][]int64{slices.Repeat([]int64{1}, units)}, files)...)
	for i := range w.Pieces {
		w.Pieces[i].File.UnitBytes = slices.Repeat([]int64{sharedBytes / int64(units)}, units)
	}
	return w
}

// littleMemory has less than 700 KB to read ahead.
const littleMemory Memory = 122 << 20

// TestPartsWithLongFootersAreNotReadSideBySide reads parts that keep much of their footers. This memory counts as read ahead.
func TestPartsWithLongFootersAreNotReadSideBySide(t *testing.T) {
	const files = 4
	for _, units := range []int{1, 20_000} {
		t.Run(fmt.Sprint(units, " units a file"), func(t *testing.T) {
			var mu sync.Mutex
			open, parts, most := 0, 0, 0 // most is the largest number of open units while several parts are open
			f := counted{part: func(units, opened int) {
				mu.Lock()
				defer mu.Unlock()
				open, parts = open+units*opened, parts+opened
				if parts > 1 {
					most = max(most, open)
				}
			}}.register(t)
			w := f.withUnits(t, files, units)
			rows, err := process(t, Config{Lanes: 3, Memory: littleMemory}, w, new(ReadFn).CreateInitialRestriction(w), noSplit)
			if err != nil || len(rows) != files*units {
				t.Fatalf("found %d rows and the error %v, expected all", len(rows), err)
			}
			if allowed := littleMemory.readAhead() / chunkBytes; int64(most) > allowed {
				t.Errorf("found %d units in parts that were read at the same time, expected at most %d", most, allowed)
			}
		})
	}
}

// TestPartsOfAFileAreReadSideBySide reads a file whose column chunks take more than may be read ahead. Those of each part take less.
func TestPartsOfAFileAreReadSideBySide(t *testing.T) {
	together := make(chan struct{})
	var opening atomic.Int64
	f := counted{opens: func(string) error {
		if opening.Add(1) == 3 {
			close(together)
		}
		select {
		case <-together:
			return nil
		case <-time.After(20 * time.Second):
			return errors.New("no other part is opened meanwhile")
		}
	}}.register(t)
	const units = 30_000
	w := f.withUnits(t, 1, units)
	rows, err := process(t, Config{Lanes: 3, Memory: littleMemory}, w, new(ReadFn).CreateInitialRestriction(w), noSplit)
	if err != nil || len(rows) != units {
		t.Errorf("found %d rows and the error %v, expected %d", len(rows), err, units)
	}
}

// TestOnlyTheUnitsOfAPartCount checks that the estimate counts the units of a part, not of its file, and more bytes for a remote file.
func TestOnlyTheUnitsOfAPartCount(t *testing.T) {
	var f element.Recognised
	f.UnitRows, f.Projection = make([]int64, 1000), []int{0, 1}
	p := part{file: &f, units: element.Range{Start: 100, End: 110}}
	for uri, want := range map[string]int64{"/data/a.parquet": 20 * chunkBytes, "s3://bucket/a.parquet": 20 * (chunkBytes + fetchedBytes)} {
		f.URI = uri
		if got := p.footerBytes(); got != want {
			t.Errorf("%s: found %d bytes, expected %d", uri, got, want)
		}
	}
}
