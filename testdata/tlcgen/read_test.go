package tlcgen

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// makeFile returns the bytes of a file and its truth.
func makeFile(t *testing.T, o Options) ([]byte, FileTruth) {
	t.Helper()
	var buf bytes.Buffer
	truth, err := Write(context.Background(), &buf, o)
	if err != nil {
		t.Fatal(err)
	}
	if truth.Bytes != int64(buf.Len()) {
		t.Errorf("truth says %d bytes, file has %d", truth.Bytes, buf.Len())
	}
	return buf.Bytes(), truth
}

func openFile(t *testing.T, b []byte) *file.Reader {
	t.Helper()
	r, err := file.NewParquetReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// column is a column as read back. Exactly one of the slices has an entry per
// row; entries of null rows are zero.
type column struct {
	valid   []bool
	ints    []int64
	doubles []float64
	strings []string

	bad map[int]bool // rows whose text is no number or no time; such a cell has no value
}

func (c *column) len() int { return len(c.valid) }

// columns has the columns of a file, by name.
type columns map[string]*column

// readFile reads all columns of a file.
func readFile(t *testing.T, b []byte) columns {
	t.Helper()
	r := openFile(t, b)
	all := columns{}
	for g := range r.NumRowGroups() {
		rg := r.RowGroup(g)
		for i := range rg.NumColumns() {
			name := r.MetaData().Schema.Column(i).Name()
			c := all[name]
			if c == nil {
				c = new(column)
				all[name] = c
			}
			cr, err := rg.Column(i)
			if err != nil {
				t.Fatal(err)
			}
			readChunk(t, cr, c, rg.NumRows())
		}
	}
	return all
}

func readChunk(t *testing.T, cr file.ColumnChunkReader, c *column, rows int64) {
	t.Helper()
	switch cr := cr.(type) {
	case *file.Int64ColumnChunkReader:
		c.ints = appendChunk(t, c, c.ints, rows, cr.ReadBatch)
	case *file.Int32ColumnChunkReader:
		for _, v := range appendChunk(t, c, nil, rows, cr.ReadBatch) {
			c.ints = append(c.ints, int64(v))
		}
	case *file.Float64ColumnChunkReader:
		c.doubles = appendChunk(t, c, c.doubles, rows, cr.ReadBatch)
	case *file.ByteArrayColumnChunkReader:
		for _, v := range appendChunk(t, c, nil, rows, cr.ReadBatch) {
			c.strings = append(c.strings, string(v))
		}
	default:
		t.Fatalf("column of type %T", cr)
	}
}

// appendChunk appends the values of a column chunk, zero for nulls, to values
// and its validity to c.
func appendChunk[T any](t *testing.T, c *column, values []T, rows int64,
	read func(int64, []T, []int16, []int16) (int64, int, error),
) []T {
	t.Helper()
	buf, levels := make([]T, rows), make([]int16, rows)
	for done := int64(0); done < rows; {
		n, _, err := read(rows-done, buf, levels, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			t.Fatalf("column chunk ends after %d of %d rows", done, rows)
		}
		next := 0
		for _, l := range levels[:n] {
			var v T
			if l == 1 {
				v = buf[next]
				if b, ok := any(v).(parquet.ByteArray); ok {
					v = any(parquet.ByteArray(bytes.Clone(b))).(T)
				}
				next++
			}
			values = append(values, v)
			c.valid = append(c.valid, l == 1)
		}
		done += n
	}
	return values
}

func sum(b []byte) [sha256.Size]byte { return sha256.Sum256(b) }
