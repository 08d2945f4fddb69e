package main_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"tripstats/testdata/tlcgen"
)

// generate writes a file of made-up trips and returns its path.
func generate(t *testing.T, dir string, o tlcgen.Options) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, tlcgen.FileName(o.Taxi, o.Month))
	if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
		t.Fatal(err)
	}
	return path
}

// month returns the options of one file.
func month(taxi tlcgen.Taxi, year, m int, rows int64) tlcgen.Options {
	return tlcgen.Options{Taxi: taxi, Month: tlcgen.MonthOf(year, m), Rows: rows}
}

// column is a column of a file to write.
type column struct {
	name   string
	values arrow.Array
}

// of makes an array from text. Each word is a value that Arrow parses; "-" is null.
func of(t *testing.T, typ arrow.DataType, words string) arrow.Array {
	t.Helper()
	b := array.NewBuilder(memory.DefaultAllocator, typ)
	defer b.Release()
	for _, word := range strings.Fields(words) {
		if word == "-" {
			b.AppendNull()
		} else if err := b.AppendValueFromString(word); err != nil {
			t.Fatal(err)
		}
	}
	return b.NewArray()
}

// Types that TLC's own files have.
var (
	wallMicros = &arrow.TimestampType{Unit: arrow.Microsecond}
	doubles    = arrow.PrimitiveTypes.Float64
	ints       = arrow.PrimitiveTypes.Int64
)

// trips returns two trips of yellow taxis in TLC's types. Tests change them.
func trips(t *testing.T) []column {
	t.Helper()
	return []column{
		{"tpep_pickup_datetime", of(t, wallMicros, "2019-08-01T10:00:00 2019-08-02T10:00:00")},
		{"tpep_dropoff_datetime", of(t, wallMicros, "2019-08-01T10:15:00 2019-08-02T10:30:00")},
		{"PULocationID", of(t, ints, "132 7")},
		{"DOLocationID", of(t, ints, "7 7")},
		{"trip_distance", of(t, doubles, "1.5 2.5")},
		{"passenger_count", of(t, doubles, "1 2")},
		{"total_amount", of(t, doubles, "10.25 20.5")},
		{"tip_amount", of(t, doubles, "1 3")},
	}
}

// with replaces the column of a name, compared without regard to case, by others, or drops it if there are none.
func with(columns []column, name string, others ...column) []column {
	var out []column
	for _, c := range columns {
		if strings.EqualFold(c.name, name) {
			out = append(out, others...)
		} else {
			out = append(out, c)
		}
	}
	return out
}

// write writes columns as a parquet file.
func write(t *testing.T, path string, columns []column, props ...parquet.WriterProperty) string {
	t.Helper()
	return writeArrow(t, path, columns, pqarrow.NewArrowWriterProperties(), props...)
}

func writeArrow(t *testing.T, path string, columns []column, arrowProps pqarrow.ArrowWriterProperties, props ...parquet.WriterProperty) string {
	t.Helper()
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, c := range columns {
		fields = append(fields, arrow.Field{Name: c.name, Type: c.values.DataType(), Nullable: true})
		arrays = append(arrays, c.values)
	}
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(arrays[0].Len()))
	defer rec.Release()
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(rec.Schema(), &b, parquet.NewWriterProperties(props...), arrowProps)
	if err == nil {
		if err = w.Write(rec); err == nil {
			err = w.Close()
		}
	}
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// table is a published table: its columns' names with types, and its rows as text, null as "-".
type table struct {
	schema []string
	names  map[string]int
	rows   [][]string
	meta   map[string]string
}

// readTable reads a table that a run has published.
func readTable(t *testing.T, output, name string) table {
	t.Helper()
	return readParquet(t, filepath.Join(output, name, name+".parquet"))
}

// readParquet reads a file.
func readParquet(t *testing.T, path string) table {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	r, err := file.NewParquetReader(f)
	if err != nil {
		t.Fatal(err)
	}
	ar, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	arrowTable, err := ar.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer arrowTable.Release()

	out := table{names: map[string]int{}, meta: map[string]string{}, rows: make([][]string, arrowTable.NumRows())}
	for _, kv := range r.MetaData().KeyValueMetadata() {
		out.meta[kv.Key] = kv.GetValue()
	}
	for i, field := range arrowTable.Schema().Fields() {
		out.schema = append(out.schema, fmt.Sprintf("%s %s", field.Name, field.Type))
		out.names[field.Name] = i
		row := 0
		for _, chunk := range arrowTable.Column(i).Data().Chunks() {
			for j := range chunk.Len() {
				text := "-"
				if chunk.IsValid(j) {
					text = chunk.ValueStr(j)
				}
				out.rows[row] = append(out.rows[row], text)
				row++
			}
		}
	}
	return out
}

// String is the table as text, one line a row.
func (tb table) String() string {
	var b strings.Builder
	b.WriteString(strings.Join(tb.schema, ", ") + "\n")
	for _, row := range tb.rows {
		b.WriteString(strings.Join(row, " ") + "\n")
	}
	return b.String()
}

// cells returns some columns of every row, for comparison in a test: "yellow 2019-08-01 2; ...".
func (tb table) cells(columns ...string) string {
	var rows []string
	for _, row := range tb.rows {
		var cells []string
		for _, c := range columns {
			cells = append(cells, row[tb.names[c]])
		}
		rows = append(rows, strings.Join(cells, " "))
	}
	return strings.Join(rows, "; ")
}

// sum adds up a column of integers.
func (tb table) sum(t *testing.T, column string) int64 {
	t.Helper()
	total := int64(0)
	for _, row := range tb.rows {
		n, err := strconv.ParseInt(row[tb.names[column]], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}

// near tells whether text is a number whose relative difference from want is at most 1e-9. If want is NaN, text must be null.
func near(text string, want float64) bool {
	if math.IsNaN(want) {
		return text == "-"
	}
	got, err := strconv.ParseFloat(text, 64)
	return err == nil && math.Abs(got-want) <= 1e-9*math.Max(1, math.Abs(want))
}

// The columns of both tables.
var (
	monthlyColumns = []string{"taxi", "month_start", "trip_count", "avg_passengers", "avg_trip_distance_miles", "avg_trip_duration_minutes", "avg_amount", "avg_tip"}
	zoneColumns    = []string{"taxi", "month_start", "location_id", "pickups", "dropoffs"}
)
