package parquetio

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/zstd"
)

// Meta is a key and value for a parquet file's metadata.
type Meta struct{ Key, Value string }

// Write writes a small table as a parquet file: zstd, one row group. The bytes depend on the arguments alone.
func Write(w io.Writer, rec arrow.RecordBatch, meta []Meta) (err error) {
	props := parquet.NewWriterProperties(
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithMaxRowGroupLength(max(1, rec.NumRows())),
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithDataPageVersion(parquet.DataPageV1), // every reader has it
	)
	out, err := pqarrow.NewFileWriter(rec.Schema(), plainWriter{w}, props, pqarrow.NewArrowWriterProperties())
	if err != nil {
		return fmt.Errorf("parquetio: write: %w", err)
	}
	defer func() {
		if closeErr := out.Close(); err == nil && closeErr != nil { // after an error, Close returns the same error
			err = fmt.Errorf("parquetio: write: %w", closeErr)
		}
	}()
	for _, m := range meta {
		if err := out.AppendKeyValueMetadata(m.Key, m.Value); err != nil {
			return fmt.Errorf("parquetio: write: metadata %s: %w", m.Key, err)
		}
	}
	if rec.NumRows() == 0 {
		return nil // the schema alone, without a row group
	}
	if err := out.Write(rec); err != nil {
		return fmt.Errorf("parquetio: write: %w", err)
	}
	return nil
}

// zstdCodec needs less memory to compress than arrow-go's codec, which keeps a history of two windows of 8 MiB. Both give the same bytes for
// a page of at most writeWindow bytes. Few pages are larger.
type zstdCodec struct{ boundedCodec }

const writeWindow = 2 << 20

var zstdEncoders = sync.Pool{New: func() any {
	enc, err := zstd.NewWriter(nil, zstd.WithZeroFrames(true), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1),
		zstd.WithAllLitEntropyCompression(true), zstd.WithWindowSize(writeWindow), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // cannot happen: the options are valid
	}
	return enc
}}

// EncodeLevel compresses src. Levels other than the default are left to arrow-go's codec.
func (c zstdCodec) EncodeLevel(dst, src []byte, level int) []byte {
	if level != compress.DefaultCompressionLevel {
		return c.boundedCodec.EncodeLevel(dst, src, level)
	}
	enc := zstdEncoders.Get().(*zstd.Encoder)
	defer zstdEncoders.Put(enc)
	return enc.EncodeAll(src, dst[:0])
}

// ReadTable reads a small table, such as Write wrote.
func ReadTable(content []byte) (arrow.Table, error) {
	r, err := file.NewParquetReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	ar, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	return ar.ReadTable(context.Background())
}

// plainWriter hides a Close method: arrow-go's writer would call it, but whoever opened closes.
type plainWriter struct{ io.Writer }
