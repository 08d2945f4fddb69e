package pages_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"tripstats/io/parquetio/pages"
)

// told is a file that records what was announced and what was read.
type told struct {
	*bytes.Reader
	t        *testing.T
	from, to int64 // the bytes that were announced
	calls    int
	read     int64 // up to where it was read
}

func (f *told) WillNeed(off, n int64) {
	if off != f.to && f.calls > 0 || n <= 0 {
		f.t.Errorf("told of %d bytes at %d, after all up to %d", n, off, f.to)
	}
	if f.calls++; f.calls == 1 {
		f.from = off
	}
	f.to = off + n
}

func (f *told) ReadAt(p []byte, off int64) (int, error) {
	if off < f.from || f.calls == 0 || off >= f.to {
		f.t.Errorf("read from %d, was told of %d to %d", off, f.from, f.to)
	}
	f.read = off + int64(len(p))
	return f.Reader.ReadAt(p, off)
}

func TestAFileIsToldOfAllThatWillBeReadOnceAndOfNothingElse(t *testing.T) {
	for _, rows := range []int{10, 100_000, 1_500_000} {
		data := write(t, column{values: slices.Repeat([]uint64{7, 1 << 60, 3}, rows/3+1)}, form{typ: types[1], codec: compress.Codecs.Uncompressed, pageBytes: 64 << 10})
		chunk, _ := chunkOf(t, data)
		f := &told{Reader: bytes.NewReader(data), t: t}
		r := new(pages.Reader[uint64])
		r.Use(&unlimited{left: 1 << 30})
		r.Open(f, chunk)
		buf, bitmap := make([]uint64, 1000), make([]byte, 125)
		for done := int64(0); done < chunk.Rows; done += int64(len(buf)) {
			if _, err := r.Read(buf[:min(int64(len(buf)), chunk.Rows-done)], bitmap); err != nil {
				t.Fatal(err)
			}
			if ahead := f.to - f.read; ahead > 2<<20 {
				t.Fatalf("told of %d bytes ahead", ahead)
			}
		}
		if end := chunk.Off + chunk.Size; f.from != chunk.Off || f.to != end {
			t.Errorf("%d rows: told of %d to %d, expected %d to %d", rows, f.from, f.to, chunk.Off, end)
		}
		if most := int(chunk.Size>>20) + 1; f.calls > most {
			t.Errorf("%d rows: told %d times, expected at most %d", rows, f.calls, most)
		}
	}
}
