package parquetio

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
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
