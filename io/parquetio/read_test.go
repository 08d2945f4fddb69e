package parquetio

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/io/source"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

func init() {
	register.Function2x0(summariesOf)
	register.Emitter1[string]()
}

// summariesOf emits what summaryOf says of each batch of a list.
func summariesOf(l element.ColumnsList, emit func(string)) {
	for _, c := range l.List {
		emit(summaryOf(c))
	}
}

// summaryOf says where a batch is from and which ids it has, after a look at its other columns.
func summaryOf(c element.Columns) string {
	ids := checkedIDs(c)
	for i, id := range ids {
		if id != ids[0]+int64(i) {
			return c.Where(i) + ": wrong"
		}
	}
	return fmt.Sprintf("row group %d row %d: ids from %d, %d of them", c.RowGroup, c.FirstRow, ids[0], len(ids))
}

// checkedIDs returns the ids of a batch, -1 for a row whose other columns are not what testRecord wrote.
func checkedIDs(c element.Columns) []int64 {
	r := c.Record
	ids, scores, names, must := r.Column(0).(*array.Int64), r.Column(1).(*array.Float64), r.Column(2).(*array.String), r.Column(3).(*array.Int32)
	out := make([]int64, 0, r.NumRows())
	for i := range int(r.NumRows()) {
		id := ids.Value(i)
		ok := must.Value(i) == int32(id*7) && r.Column(4).NullN() == int(r.NumRows()) &&
			scores.IsNull(i) == (id%3 == 0) && (scores.IsNull(i) || scores.Value(i) == float64(id)/2) &&
			names.IsNull(i) == (id%5 == 0) && (names.IsNull(i) || names.Value(i) == string(rune('a'+id%26)))
		if !ok {
			id = -1
		}
		out = append(out, id)
	}
	return out
}

func upTo(n int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i)
	}
	return out
}

func TestReadEmitsEveryRowOnceWithItsNulls(t *testing.T) {
	f := testFile(t, 100, 1, 0, batchRows+5, 3*batchRows)
	p, s, files := ptest.CreateList([]element.Work{workOf(f)})
	passert.EqualsList(s, beam.ParDo(s, summariesOf, source.Read(s, Config{}, files)), []string{
		"row group 0 row 0: ids from 0, 100 of them",
		"row group 1 row 0: ids from 100, 1 of them",
		"row group 3 row 0: ids from 101, 16384 of them",
		"row group 3 row 16384: ids from 16485, 5 of them",
		"row group 4 row 0: ids from 16490, 16384 of them",
		"row group 4 row 16384: ids from 32874, 16384 of them",
		"row group 4 row 32768: ids from 49258, 16384 of them",
	})
	ptest.RunAndValidate(t, p)
}

func TestReadOfNoRowsEmitsNothing(t *testing.T) {
	p, s, files := ptest.CreateList([]element.Work{workOf(testFile(t)), workOf(testFile(t, 0, 0))})
	passert.Empty(s, beam.ParDo(s, summariesOf, source.Read(s, Config{}, files)))
	ptest.RunAndValidate(t, p)
}

// rowsIn counts the rows of a list.
func rowsIn(l element.ColumnsList) (rows int64) {
	for _, c := range l.List {
		rows += c.Record.NumRows()
	}
	return rows
}

// process runs ProcessElement on a restriction as a runner would. at is called after each list of batches.
func process(f element.Recognised, rt *sdf.LockRTracker, at func(list int)) (ids []int64, where []string, err error) {
	n := 0
	err = new(readFn).ProcessElement(context.Background(), rt, workOf(f), func(l element.ColumnsList) {
		for _, c := range l.List {
			ids = append(ids, checkedIDs(c)...)
			where = append(where, fmt.Sprintf("%s/%d/%d+%d", c.Source, c.RowGroup, c.FirstRow, c.Record.NumRows()))
		}
		at(n)
		n++
	})
	return ids, where, err
}

// TestSplitsAndDrainsLoseAndRepeatNothing splits a running restriction at every batch, at every fraction that gives
// another cut, and once more within the residual; primary and residuals together must be the file.
func TestSplitsAndDrainsLoseAndRepeatNothing(t *testing.T) {
	f := testFile(t, 3, 7, 1, 0, 5, batchRows+1, 2)
	want := upTo(f.Rows)
	whole := offsetrange.Restriction{Start: 0, End: int64(len(f.UnitRows))}
	splits := 0
	for batch := range 8 {
		for tenths := range 11 {
			var residuals []offsetrange.Restriction
			rt := new(readFn).CreateTracker(whole)
			got, _, err := process(f, rt, func(n int) {
				if n != batch {
					return
				}
				_, residual, err := rt.TrySplit(float64(tenths) / 10) // 0 is what a drain does
				if err != nil {
					t.Fatal(err)
				}
				if residual != nil {
					residuals = append(residuals, residual.(offsetrange.Restriction))
				}
			})
			if err != nil || !rt.IsDone() {
				t.Fatalf("split at batch %d, %d/10: done %v, error %v", batch, tenths, rt.IsDone(), err)
			}
			for i := 0; i < len(residuals); i++ {
				splits++
				rt := new(readFn).CreateTracker(residuals[i])
				more, _, err := process(f, rt, func(n int) {
					if n == 0 && i == 0 {
						if _, r, _ := rt.TrySplit(0.5); r != nil {
							residuals = append(residuals, r.(offsetrange.Restriction))
						}
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, more...)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("split at batch %d, %d/10: %d rows, expected each of %d once", batch, tenths, len(got), len(want))
			}
		}
	}
	if splits < 20 {
		t.Errorf("only %d splits happened: the test does not test", splits)
	}
}

// TestEverySubrangeReadsItsRowGroups reads every restriction a runner could make of the file.
func TestEverySubrangeReadsItsRowGroups(t *testing.T) {
	f := testFile(t, 3, 0, 7, 1, 5)
	first := []int64{0}
	for _, n := range f.UnitRows {
		first = append(first, first[len(first)-1]+n)
	}
	for start := range len(f.UnitRows) + 1 {
		for end := start; end <= len(f.UnitRows); end++ {
			r := offsetrange.Restriction{Start: int64(start), End: int64(end)}
			got, _, err := process(f, new(readFn).CreateTracker(r), func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			if want := upTo(f.Rows)[first[start]:first[end]]; !slices.Equal(got, want) {
				t.Errorf("row groups [%d, %d): found %v, expected %v", start, end, got, want)
			}
		}
	}
}

func TestARetryGivesTheSameBatches(t *testing.T) {
	f := testFile(t, 2*batchRows+9, 4)
	r := offsetrange.Restriction{Start: 0, End: 2}
	ids, where, err := process(f, new(readFn).CreateTracker(r), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	again, whereAgain, err := process(f, new(readFn).CreateTracker(r), func(int) {})
	if err != nil || !slices.Equal(ids, again) || !slices.Equal(where, whereAgain) {
		t.Errorf("a second attempt differs: %v, %v, error %v", where, whereAgain, err)
	}
}

func TestACancelledReadEnds(t *testing.T) {
	f := testFile(t, 40*batchRows)
	ctx, cancel := context.WithCancel(context.Background())
	rt := new(readFn).CreateTracker(offsetrange.Restriction{Start: 0, End: 1})
	err := new(readFn).ProcessElement(ctx, rt, workOf(f), func(element.ColumnsList) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected %v", err, context.Canceled)
	}
}

func TestAFileThatChangedSinceItWasMatchedIsRefused(t *testing.T) {
	f := testFile(t, 10)
	if err := os.WriteFile(f.URI, []byte("PAR1 another file PAR1"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := process(f, new(readFn).CreateTracker(offsetrange.Restriction{Start: 0, End: 1}), func(int) {})
	if g := fault.Find(err); g == nil || g.Code != fault.Input {
		t.Errorf("found %v, expected a fault with exit code %d", err, fault.Input)
	}
}

func TestRestrictionSizeIsTheProjectedBytes(t *testing.T) {
	f := testFile(t, 100, 200, 300)
	fn := new(readFn)
	whole := fn.CreateInitialRestriction(workOf(f))
	total := 0.0
	for i := range int64(3) {
		total += fn.RestrictionSize(workOf(f), offsetrange.Restriction{Start: i, End: i + 1})
	}
	if got := fn.RestrictionSize(workOf(f), whole); got != total || got <= 0 {
		t.Errorf("whole file: %v bytes, its row groups %v", got, total)
	}
	all := int64(0)
	for _, c := range f.Columns {
		for _, n := range c.ChunkBytes {
			all += n
		}
	}
	if int64(total) >= all {
		t.Errorf("projection of %v bytes, all columns %v: expected less", total, all)
	}
}

func TestReadReadsItsPiecesAlone(t *testing.T) {
	f, other := testFile(t, 100, 1, 7), testFile(t, 50)
	p, s, works := ptest.CreateList([]element.Work{
		{Pieces: []element.Piece{{File: f, Units: element.Range{Start: 1, End: 2}}}},
		{Pieces: []element.Piece{{File: f, Units: element.Range{Start: 2, End: 3}}, {File: other, Units: element.Range{End: 1}}}},
	})
	passert.EqualsList(s, beam.ParDo(s, summariesOf, source.Read(s, Config{}, works)), []string{
		"row group 1 row 0: ids from 100, 1 of them",
		"row group 2 row 0: ids from 101, 7 of them",
		"row group 0 row 0: ids from 0, 50 of them",
	})
	ptest.RunAndValidate(t, p)
}
