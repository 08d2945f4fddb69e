package parquetio

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/transforms/element"
)

func TestMain(m *testing.M) {
	source.Register(Format{})
	ptest.MainWithDefault(m, "direct")
}

// The tests of this package read parquet files through the reader of package source.
type (
	Config = source.Config
	readFn = source.ReadFn
)

var (
	Files  = source.Files
	Scan   = source.Scan
	Narrow = source.Narrow
)

// ReadFooter describes a file, of which nothing is to be read as yet.
func ReadFooter(ctx context.Context, access objstore.Access, f element.Found) (element.Recognised, error) {
	d, err := source.Describe(ctx, access, f)
	return element.Recognised{Described: d}, err
}

// workOf is all of a file.
func workOf(f element.Recognised) element.Work {
	return element.Work{Pieces: []element.Piece{{File: f, Units: element.Range{End: len(f.UnitRows)}}}}
}

var testSchema = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "unused", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "score", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "must", Type: arrow.PrimitiveTypes.Int32},
	{Name: "nothing", Type: arrow.Null, Nullable: true},
}, nil)

// testRecord returns rows with ids from first on. score is null in every third row, name in every fifth.
func testRecord(first, rows int64) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, testSchema)
	defer b.Release()
	for id := first; id < first+rows; id++ {
		b.Field(0).(*array.Int64Builder).Append(id)
		b.Field(1).(*array.StringBuilder).Append("x")
		if id%3 == 0 {
			b.Field(2).AppendNull()
		} else {
			b.Field(2).(*array.Float64Builder).Append(float64(id) / 2)
		}
		if id%5 == 0 {
			b.Field(3).AppendNull()
		} else {
			b.Field(3).(*array.StringBuilder).Append(string(rune('a' + id%26)))
		}
		b.Field(4).(*array.Int32Builder).Append(int32(id * 7))
		b.Field(5).AppendNull()
	}
	return b.NewRecordBatch()
}

// testFile writes a file with the given rows in each row group and returns it with its footer and a projection of all
// columns but "unused".
func testFile(t testing.TB, rowGroups ...int64) element.Recognised {
	t.Helper()
	var buf bytes.Buffer
	w, err := pqarrow.NewFileWriter(testSchema, &buf, parquet.NewWriterProperties(parquet.WithDataPageSize(4<<10)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	first := int64(0)
	for _, rows := range rowGroups {
		rec := testRecord(first, rows)
		w.NewBufferedRowGroup()
		if err := w.WriteBuffered(rec); err != nil {
			t.Fatal(err)
		}
		rec.Release()
		first += rows
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := readBack(t, buf.Bytes())
	f.Projection = []int{0, 2, 3, 4, 5}
	f.UnitBytes = make([]int64, len(rowGroups))
	for _, c := range f.Projection {
		for rg, n := range f.Columns[c].ChunkBytes {
			f.UnitBytes[rg] += n
		}
	}
	return f
}

// readBack stores parquet bytes and reads their footer.
func readBack(t testing.TB, b []byte) element.Recognised {
	t.Helper()
	f, err := tryReadBack(t, b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func tryReadBack(t testing.TB, b []byte) (element.Recognised, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t_2020-01.parquet")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	objects, err := objstore.Access{}.Match(context.Background(), []string{path})
	if err != nil {
		t.Fatal(err)
	}
	return ReadFooter(context.Background(), objstore.Access{}, Files(objects)[0])
}

func openFile(ctx context.Context, access objstore.Access, f element.Recognised) (objstore.Reader, error) {
	return access.Open(ctx, objstore.Object{URI: f.URI, Size: f.Size, Version: f.Version})
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// inUse returns how many bytes of the heap are in use.
func inUse() int64 {
	for range 3 { // the second collection empties the pools
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
