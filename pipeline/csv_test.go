package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"tripstats/io/csvio"
	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// smallCSV is CSV in small units and blocks. Its names say what it does wrong.
type smallCSV struct {
	csvio.Format
	ending string
	wrong  func(b source.Batch, emit func(source.Batch))
}

func (f smallCSV) Name() string      { return f.ending }
func (f smallCSV) Endings() []string { return []string{"." + f.ending} }
func (f smallCSV) Sniff([]byte) bool { return false }

func (f smallCSV) Open(ctx context.Context, r element.Recognised, in objstore.Reader, units element.Range, cfg source.Config) (source.Units, error) {
	u, err := f.Format.Open(ctx, r, in, units, cfg)
	return &smallUnits{u, f, units.Start}, err
}

type smallUnits struct {
	source.Units
	format smallCSV
	unit   int
}

func (u *smallUnits) Next(ctx context.Context, emit func(source.Batch)) error {
	u.unit++
	return u.Units.Next(ctx, func(b source.Batch) {
		if u.format.wrong != nil && u.unit == 2 {
			u.format.wrong(b, emit)
			return
		}
		emit(b)
	})
}

func init() {
	small := csvio.Format{UnitBytes: 40_000, BlockBytes: 10_000}
	source.Register(smallCSV{Format: small, ending: "small"})
	source.Register(smallCSV{small, "lost", func(b source.Batch, _ func(source.Batch)) {
		b.Record.Release()
		if b.Done != nil {
			b.Done()
		}
	}})
	source.Register(smallCSV{small, "twice", func(b source.Batch, emit func(source.Batch)) {
		b.Record.Retain()
		emit(source.Batch{Record: b.Record, Text: b.Text})
		emit(b)
	}})
	source.Register(smallCSV{small, "dropped", func(b source.Batch, emit func(source.Batch)) {
		less, t := b.Record.NewSlice(1, b.Record.NumRows()), *b.Text
		b.Record.Release()
		t.Starts = t.Starts[1:]
		emit(source.Batch{Record: less, Text: &t, Done: b.Done})
	}})
}

// toCSV writes the rows of a parquet file as CSV.
func toCSV(t *testing.T, from, to string) {
	t.Helper()
	pf, err := file.OpenParquetFile(from, false)
	if err != nil {
		t.Fatal(err)
	}
	defer pf.Close() //nolint:errcheck // read only
	r, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: 1 << 20}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := r.GetRecordReader(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer batches.Release()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	out, first := bufio.NewWriter(f), true
	for batches.Next() {
		rec := batches.RecordBatch()
		var cells []string
		for i := range int(rec.NumCols()) {
			cells = append(cells, rec.ColumnName(i))
		}
		if first {
			fmt.Fprintf(out, "%s\r\n\r\n", strings.Join(cells, ","))
			first = false
		}
		for row := range int(rec.NumRows()) {
			for i, c := range rec.Columns() {
				switch c := c.(type) {
				case *array.Timestamp:
					cells[i] = c.Value(row).ToTime(c.DataType().(*arrow.TimestampType).Unit).Format("2006-01-02 15:04:05")
				default:
					cells[i] = c.ValueStr(row)
				}
				if c.IsNull(row) {
					cells[i] = ""
				}
			}
			fmt.Fprintf(out, "%s\n", strings.Join(cells, ","))
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// csvMonths writes three small months as parquet and as CSV with each of the endings, each into a folder of its own, and returns the folder
// of these.
func csvMonths(t *testing.T, endings ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, o := range []tlcgen.Options{
		{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 8), Rows: 4000, RowGroups: 3, Seed: 1},
		{Taxi: tlcgen.Green, Month: tlcgen.MonthOf(2023, 5), Rows: 1000, Seed: 2},
		{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2010, 2), Rows: 1000, Seed: 3},
	} {
		name := strings.TrimSuffix(tlcgen.FileName(o.Taxi, o.Month), ".parquet")
		path := filepath.Join(dir, "parquet", name+".parquet")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err == nil {
			_, err = tlcgen.Write(t.Context(), f, o)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		for _, ending := range endings {
			to := filepath.Join(dir, ending, name+"."+ending)
			if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
				t.Fatal(err)
			}
			toCSV(t, path, to)
		}
	}
	return dir
}

// TestCSVGivesTheTablesOfParquet compares the bytes of the tables, on each runner, with large units and with small ones.
func TestCSVGivesTheTablesOfParquet(t *testing.T) {
	dir := csvMonths(t, "csv", "small")
	tables := func(runner, form string) map[string]string {
		out := t.TempDir()
		if err := attempt(t.Context(), runner, []string{filepath.Join(dir, form, "*")}, out); err != nil {
			t.Fatalf("%s, %s: %v", runner, form, err)
		}
		found := published(t, out)
		if form != "csv" {
			delete(found, "quality.parquet") // it has the names of the files
		}
		return found
	}
	want := tables("direct", "parquet")
	ledger := tables("direct", "csv")["quality.parquet"]
	for _, runner := range []string{"direct", "prism"} {
		got := tables(runner, "csv")
		if got["quality.parquet"] != ledger {
			t.Errorf("%s: the ledger has other bytes than that of direct", runner)
		}
		delete(got, "quality.parquet")
		if small := tables(runner, "small"); len(want) != 3 || !maps.Equal(got, want) || !maps.Equal(small, want) {
			t.Errorf("%s: found %v, with small units %v, expected the tables of parquet %v", runner, got, small, want)
		}
	}
}

// TestTextThatIsNotReadOnceIsNotPublished has formats that lose a range of a file, read one twice, or drop a line.
func TestTextThatIsNotReadOnceIsNotPublished(t *testing.T) {
	wrongs := map[string]string{"lost": "bytes read, expected the file's", "twice": "bytes read, expected the file's", "dropped": "rows read, of them 0 malformed, expected the file's"}
	dir := csvMonths(t, slices.Collect(maps.Keys(wrongs))...)
	for wrong, want := range wrongs {
		for _, runner := range []string{"direct", "prism"} {
			out := t.TempDir()
			err := attempt(t.Context(), runner, []string{filepath.Join(dir, wrong, "*")}, out)
			if why := fault.Find(err); why == nil || why.Code != fault.Failed || !strings.Contains(why.Message, want) || len(published(t, out)) > 0 {
				t.Errorf("%s, %s: found %v, expected exit code 1 with %q, and nothing published", wrong, runner, err, want)
			}
		}
	}
}

// csvOf is a small month of yellow taxis as CSV text, which may be packed.
func csvOf(t *testing.T, month string, packed bool) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,PULocationID,DOLocationID,total_amount,tip_amount\n")
	for i := range 3000 {
		day := fmt.Sprintf("%s-%02d", month, 1+i%28)
		fmt.Fprintf(&b, "%s 10:%02d:00,%s 11:00:%02d,%d,%d.5,%d,7,%d.25,1\n", day, i%60, day, i%60, 1+i%4, i%9, 1+i%200, i%90)
	}
	if !packed {
		return b.Bytes()
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return z.Bytes()
}
