package scripting

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/rogpeppe/go-internal/testscript"
)

// types are the types of columns by the names that scripts use.
var types = map[string]arrow.DataType{
	"int": arrow.PrimitiveTypes.Int64, "int32": arrow.PrimitiveTypes.Int32, "double": arrow.PrimitiveTypes.Float64, "float": arrow.PrimitiveTypes.Float32,
	"text": arrow.BinaryTypes.String, "date": arrow.FixedWidthTypes.Date32, "bool": arrow.FixedWidthTypes.Boolean, "null": arrow.Null,
	"uint32": arrow.PrimitiveTypes.Uint32, "uint64": arrow.PrimitiveTypes.Uint64, "large_text": arrow.BinaryTypes.LargeString,
	"nanos": &arrow.TimestampType{Unit: arrow.Nanosecond}, "utc_millis": &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"},
	"utc_nanos": &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
	"coded":     &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String},
	"decimal":   &arrow.Decimal128Type{Precision: 9, Scale: 2},
	"list":      arrow.ListOf(arrow.PrimitiveTypes.Int64), "struct": arrow.StructOf(arrow.Field{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true}),
	"time": &arrow.TimestampType{Unit: arrow.Microsecond}, "millis": &arrow.TimestampType{Unit: arrow.Millisecond},
	"utc": &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
}

// column is a column to write: its name, and a type with values.
type column struct{ name, content string }

// yellow are two trips of yellow taxis in TLC's types.
var yellow = []column{
	{"tpep_pickup_datetime", "time 2019-08-01T10:00:00 2019-08-02T10:00:00"},
	{"tpep_dropoff_datetime", "time 2019-08-01T10:15:00 2019-08-02T10:30:00"},
	{"PULocationID", "int 132 7"},
	{"DOLocationID", "int 7 7"},
	{"trip_distance", "double 1.5 2.5"},
	{"passenger_count", "double 1 2"},
	{"total_amount", "double 10.25 20.5"},
	{"tip_amount", "double 1 3"},
}

// trips writes two trips. Each change is of one of these forms:
//
//	NAME=TYPE VALUE...    replaces the column of this name, or adds one. "-" is a null, and "" is an empty text
//	-NAME                 leaves the column out
//	rows=N                writes N rows: the values of a column are repeated from the first, and its last value is in the last row
//	group=N               begins a row group after each N rows
//	as=FORM               writes in another form: one of [forms]
func trips(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: trips FILE CHANGE...")
	}
	columns, rows := slices.Clone(yellow), 2
	form := form{parquet: []parquet.WriterProperty{parquet.WithStoreDecimalAsInteger(true)}}
	for _, change := range args[1:] {
		name, content, changes := strings.Cut(change, "=")
		at := slices.IndexFunc(columns, func(c column) bool { return c.name == strings.TrimPrefix(name, "-") })
		switch n, _ := strconv.Atoi(content); {
		case !changes && at >= 0:
			columns = slices.Delete(columns, at, at+1)
		case !changes:
			ts.Fatalf("trips: there is no column %s to leave out", name)
		case name == "rows":
			rows = n
		case name == "group":
			form.parquet = append(form.parquet, parquet.WithMaxRowGroupLength(int64(n)))
		case name == "as":
			if forms[content].parquet == nil && forms[content].arrow == nil {
				ts.Fatalf("trips: there is no form %s", content)
			}
			form.parquet, form.arrow = append(form.parquet, forms[content].parquet...), forms[content].arrow
		case at >= 0:
			columns[at].content = content
		default:
			columns = append(columns, column{name, content})
		}
	}
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
	ts.Check(write(path, columns, rows, form))
}

// form is how a file is written.
type form struct {
	parquet []parquet.WriterProperty
	arrow   []pqarrow.WriterOption
}

// forms are what other writers make of the same trips.
var forms = map[string]form{
	"plain":  {parquet: []parquet.WriterProperty{parquet.WithDictionaryDefault(false)}},
	"v2":     {parquet: []parquet.WriterProperty{parquet.WithDataPageVersion(parquet.DataPageV2)}},
	"pages":  {parquet: []parquet.WriterProperty{parquet.WithDataPageSize(1), parquet.WithBatchSize(1)}},
	"gzip":   {parquet: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Gzip)}},
	"zstd":   {parquet: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Zstd)}},
	"snappy": {parquet: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Snappy)}},
	"brotli": {parquet: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Brotli)}},
	"lz4":    {parquet: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Lz4Raw)}},
	"delta":  {parquet: []parquet.WriterProperty{parquet.WithDictionaryDefault(false), parquet.WithEncodingFor("PULocationID", parquet.Encodings.DeltaBinaryPacked)}},
	"int96":  {arrow: []pqarrow.WriterOption{pqarrow.WithDeprecatedInt96Timestamps(true)}},
}

func write(path string, columns []column, rows int, form form) error {
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, c := range columns {
		words := strings.Fields(c.content)
		typ := types[words[0]]
		if typ == nil {
			return fmt.Errorf("column %s: there is no type %s", c.name, words[0])
		}
		b := array.NewBuilder(memory.DefaultAllocator, typ)
		defer b.Release()
		for row := range rows {
			i := min(row, len(words)-2)
			if row == rows-1 {
				i = len(words) - 2
			} else if rows > 2 {
				i = 0
			}
			if err := add(b, words, i); err != nil {
				return fmt.Errorf("column %s: %w", c.name, err)
			}
		}
		fields = append(fields, arrow.Field{Name: c.name, Type: typ, Nullable: true})
		arrays = append(arrays, b.NewArray())
	}
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(rows))
	defer rec.Release()
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	w, err := pqarrow.NewFileWriter(rec.Schema(), out, parquet.NewWriterProperties(form.parquet...), pqarrow.NewArrowWriterProperties(form.arrow...))
	if err != nil {
		return err
	}
	if err := w.Write(rec); err != nil {
		return err
	}
	return w.Close() // closes out too
}

// add adds a value: words[0] is the type, and value i follows it.
func add(b array.Builder, words []string, i int) error {
	if i < 0 {
		b.AppendNull()
		return nil
	}
	word := words[i+1]
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(strings.ReplaceAll(strings.Trim(word, `"`), `\n`, "\n"))
		return nil
	case *array.TimestampBuilder:
		if word == "last" {
			b.Append(1<<63 - 1)
			return nil
		}
	case *array.BinaryDictionaryBuilder:
		return b.AppendString(word)
	case *array.StructBuilder:
		b.Append(true)
		return add(b.FieldBuilder(0), words, i)
	case *array.ListBuilder:
		b.Append(true)
		return add(b.ValueBuilder(), words, i)
	}
	if word == "-" {
		b.AppendNull()
		return nil
	}
	return b.AppendValueFromString(word)
}

// read returns the names of columns, and the rows as text.
func read(ts *testscript.TestScript, path string) (names []string, rows [][]string) {
	f, err := os.Open(ts.MkAbs(path))
	ts.Check(err)
	defer f.Close() //nolint:errcheck // read only
	r, err := file.NewParquetReader(f)
	ts.Check(err)
	ar, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	ts.Check(err)
	table, err := ar.ReadTable(context.Background())
	ts.Check(err)
	defer table.Release()
	rows = make([][]string, table.NumRows())
	for i, field := range table.Schema().Fields() {
		names = append(names, field.Name)
		row := 0
		for _, chunk := range table.Column(i).Data().Chunks() {
			for j := range chunk.Len() {
				text := "-"
				if chunk.IsValid(j) {
					text = chunk.ValueStr(j)
				}
				rows[row] = append(rows[row], text)
				row++
			}
		}
	}
	return names, rows
}

// cells returns some columns of all rows, or all columns.
func cells(ts *testscript.TestScript, path string, columns []string) (all [][]string) {
	names, found := read(ts, path)
	for _, row := range found {
		var cells []string
		for _, name := range columns {
			at := slices.Index(names, name)
			if at < 0 {
				ts.Fatalf("%s: found the columns %q, expected %s", path, names, name)
			}
			cells = append(cells, row[at])
		}
		if len(columns) == 0 {
			cells = row
		}
		all = append(all, cells)
	}
	return all
}

func rows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: rows FILE COLUMN...")
	}
	out := ts.Stdout()
	for _, row := range cells(ts, args[0], args[1:]) {
		fmt.Fprintln(out, strings.Join(row, " "))
	}
}

func ledger(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: ledger DIR RULE...")
	}
	names, found := read(ts, filepath.Join(args[0], "quality", "quality.parquet"))
	rule, rows := slices.Index(names, "rule"), slices.Index(names, "rows")
	out := ts.Stdout()
	for _, name := range args[1:] {
		total := 0
		for _, row := range found {
			if row[rule] == name {
				n, err := strconv.Atoi(row[rows])
				ts.Check(err)
				total += n
			}
		}
		fmt.Fprintln(out, name, total)
	}
}

func about(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: about FILE")
	}
	r, err := file.OpenParquetFile(ts.MkAbs(args[0]), false)
	ts.Check(err)
	defer r.Close() //nolint:errcheck // read only
	var lines []string
	for _, kv := range r.MetaData().KeyValueMetadata() {
		if strings.HasPrefix(kv.Key, "tripstats.") {
			lines = append(lines, kv.Key+"="+kv.GetValue()+"\n")
		}
	}
	slices.Sort(lines)
	fmt.Fprint(ts.Stdout(), strings.Join(lines, ""))
}
