package pages_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"

	"tripstats/io/parquetio/pages"
)

// BenchmarkRead decodes columns like TLC's, a million rows each, with ours and with arrow-go's column readers.
func BenchmarkRead(b *testing.B) {
	const rows = 1 << 20
	for _, codec := range []compress.Compression{compress.Codecs.Snappy, compress.Codecs.Gzip} {
		for _, name := range []string{"few values, required", "few values, runs of nulls", "many values, required"} {
			data := write(b, columns(rows)[name], form{typ: types[1], codec: codec, dictionary: name[0] == 'f', pageBytes: 1 << 20})
			chunk, _ := chunkOf(b, data)
			b.Run(fmt.Sprintf("%s/%s/ours", codec, name), func(b *testing.B) {
				r := new(pages.Reader[uint64])
				r.Use(&unlimited{left: 1 << 30})
				buf, bitmap := make([]uint64, 16<<10), make([]byte, 2<<10)
				b.ReportAllocs()
				for b.Loop() {
					r.Open(bytes.NewReader(data), chunk)
					for done := 0; done < rows; done += len(buf) {
						if _, err := r.Read(buf, bitmap); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
			b.Run(fmt.Sprintf("%s/%s/arrow-go", codec, name), func(b *testing.B) {
				buf, defs := make([]int64, 16<<10), make([]int16, 16<<10)
				b.ReportAllocs()
				for b.Loop() {
					r, err := file.NewParquetReader(bytes.NewReader(data))
					if err != nil {
						b.Fatal(err)
					}
					col, err := r.RowGroup(0).Column(0)
					if err != nil {
						b.Fatal(err)
					}
					for col.HasNext() {
						if _, _, err := col.(*file.Int64ColumnChunkReader).ReadBatch(int64(len(buf)), buf, defs, nil); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}
