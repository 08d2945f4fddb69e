package parquetio

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
)

func TestPiecesCoverEveryRowGroupOnceLargestFirst(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var files []element.File
		groups := 0
		for i := range 1 + rng.IntN(5) {
			f := element.File{Source: fmt.Sprint(i)}
			for range rng.IntN(40) {
				f.RowGroupRows = append(f.RowGroupRows, 1)
				f.RowGroupBytes = append(f.RowGroupBytes, rng.Int64N(2*minSplitBytes))
				groups++
			}
			files = append(files, f)
		}
		seen := map[string]bool{}
		last := int64(-1)
		for _, p := range piecesOf(files) {
			if n := bytesOf(p); last >= 0 && n > last {
				t.Fatalf("a piece of %d bytes after one of %d", n, last)
			} else {
				last = n
			}
			for rg := p.Piece.Start; rg < p.Piece.End; rg++ {
				key := fmt.Sprint(p.Source, "/", rg)
				if seen[key] {
					t.Fatalf("row group %s is in two pieces", key)
				}
				seen[key] = true
			}
		}
		if len(seen) != groups {
			t.Fatalf("found %d row groups in pieces, expected %d", len(seen), groups)
		}
	}
}

// TestEveryNthPieceIsAFairShare checks that workers which get the pieces in turn have about as many bytes each.
func TestEveryNthPieceIsAFairShare(t *testing.T) {
	var files []element.File
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 120 {
		files = append(files, element.File{Source: fmt.Sprint(i), RowGroupRows: []int64{1}, RowGroupBytes: []int64{50e6 + rng.Int64N(100e6)}})
	}
	for _, n := range []int{2, 4, 8} {
		share := make([]int64, n)
		total := int64(0)
		for i, p := range piecesOf(files) {
			share[i%n] += bytesOf(p)
			total += bytesOf(p)
		}
		for _, s := range share {
			if s*int64(n) < total*95/100 {
				t.Errorf("%d workers: found a share of %d bytes of %d", n, s, total)
			}
		}
	}
}

func TestReadReadsItsPieceAlone(t *testing.T) {
	f := testFile(t, 100, 1, 7)
	var pieces []element.File
	for i := range 3 {
		f.Piece = element.Range{Start: i, End: i + 1}
		pieces = append(pieces, f)
	}
	p, s, files := ptest.CreateList(pieces[1:])
	passert.EqualsList(s, beam.ParDo(s, summaryOf, Read(s, Config{}, files)), []string{
		"row group 1 row 0: ids from 100, 1 of them",
		"row group 2 row 0: ids from 101, 7 of them",
	})
	ptest.RunAndValidate(t, p)
}
