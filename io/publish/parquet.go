package publish

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/io/parquetio"
)

// Parquet is the format parquet.
type Parquet struct{}

// Name is "parquet".
func (Parquet) Name() string { return "parquet" }

// Ending is that of parquet files.
func (Parquet) Ending() string { return ".parquet" }

// Write writes one row group, with meta as the metadata of the file.
func (Parquet) Write(w io.Writer, table arrow.RecordBatch, meta []Meta) error {
	return parquetio.Write(w, table, meta)
}

// Read reads a whole file. Its types are in the file.
func (Parquet) Read(content []byte, _ *arrow.Schema) (arrow.Table, error) {
	return parquetio.ReadTable(content)
}
