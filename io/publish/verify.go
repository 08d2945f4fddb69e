package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/objstore"
)

// DamagedError says that a file of an output is not what its manifest says.
type DamagedError struct{ Place, Found, Expected string }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s: found %s, expected %s", e.Place, e.Found, e.Expected)
}

// ReadVerified returns the content of a file below an output. The error is a [*DamagedError] if the content is not the one of a size and
// SHA-256.
func ReadVerified(ctx context.Context, access objstore.Access, output, place string, size int64, sum string) ([]byte, error) {
	content, err := access.ReadAll(ctx, objstore.Join(output, place))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, objstore.Reason(err))
	}
	if n := int64(len(content)); n != size {
		return nil, &DamagedError{place, fmt.Sprintf("%d bytes", n), fmt.Sprintf("%d", size)}
	}
	if found := sha256.Sum256(content); hex.EncodeToString(found[:]) != sum {
		return nil, &DamagedError{place, fmt.Sprintf("other bytes (SHA-256 %.12x...)", found), fmt.Sprintf("those of SHA-256 %.12s...", sum)}
	}
	return content, nil
}

// ReadRows returns the rows of a published table as one batch, if its bytes are those that the manifest says. The caller must release it.
func ReadRows(ctx context.Context, access objstore.Access, output string, o Output) (arrow.RecordBatch, error) {
	content, err := ReadVerified(ctx, access, output, o.Path, o.Bytes, o.SHA256)
	if err != nil {
		return nil, err
	}
	format, err := formatOfFile(o.Path, content)
	if err != nil {
		return nil, err
	}
	t, err := format.Read(content, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Path, err)
	}
	defer t.Release()
	return oneBatch(t)
}

// formatOfFile returns the format of a table's file.
func formatOfFile(place string, content []byte) (Format, error) {
	name := strings.TrimSuffix(place, tableEnding)
	for _, f := range formats {
		if strings.HasSuffix(name, f.Ending()) || f.Ending() == ".parquet" && bytes.HasPrefix(content, []byte("PAR1")) {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%s: found no format of this ending, expected one of %q", place, Formats())
}

// oneBatch returns the rows of a table as one batch.
func oneBatch(t arrow.Table) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, t.NumCols())
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.Release()
			}
		}
	}()
	for i := range columns {
		chunks := t.Column(i).Data().Chunks()
		var err error
		switch len(chunks) {
		case 0:
			columns[i] = array.MakeArrayOfNull(memory.DefaultAllocator, t.Column(i).DataType(), 0)
		case 1:
			columns[i] = chunks[0]
			columns[i].Retain()
		default:
			columns[i], err = array.Concatenate(chunks, memory.DefaultAllocator)
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", t.Column(i).Name(), err)
		}
	}
	return array.NewRecordBatch(t.Schema(), columns, t.NumRows()), nil
}
