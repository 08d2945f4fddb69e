package parquetio

import (
	"errors"
	"fmt"

	"tripstats/io/parquetio/budget"
	"tripstats/io/parquetio/thrift"
)

// Limits on what a file may make the reader allocate, beyond those on its footer's bytes and its pages'. A file is
// damaged or hostile long before it reaches one: TLC's have 20 columns, footers of some 2,000 values and pages of 1 MiB.
const (
	// maxFooterValues bounds the numbers, texts and lists in a footer, because each takes time. 6,000 row groups of 20 columns have
	// 3 million.
	maxFooterValues = 8 << 20

	// maxSchemaProduct bounds the values in a schema times its bytes. Arrow-go keeps the path of every leaf, and where
	// columns nest, each path may be nearly the whole schema. 900 columns that do not nest are within it.
	maxSchemaProduct = 192 << 20

	// maxDecodeBytes bounds the pages and dictionaries of all columns of a file together, while it is read. One page of
	// 2 million rows in each of eight columns, as some tools write them, still fits.
	maxDecodeBytes = 192 << 20

	// maxOwnBytes bounds what our own decoder may take of a file's pages, beside maxDecodeBytes: a column that needs more is
	// left to arrow-go's readers, which have those to themselves. What they read alone they read then, too.
	maxOwnBytes = 96 << 20

	// maxTextBytes bounds a number or id written as text.
	maxTextBytes = 256
)

// checkFooter walks over a footer's Thrift values before arrow-go makes objects of them.
func checkFooter(raw []byte) error {
	w := thrift.Walk{Bytes: raw, Most: maxFooterValues}
	err := w.Fields(func(id int64, typ byte) (bool, error) {
		const schema = 2 // the field of FileMetaData
		if id != schema {
			return false, nil
		}
		start, before := w.At, w.Values
		if err := w.Skip(typ); err != nil {
			return true, err
		}
		return true, checkSchema(w.At-start, w.Values-before+1)
	})
	if errors.Is(err, thrift.ErrMany) {
		return fmt.Errorf("more than %d values in it", maxFooterValues)
	}
	return err
}

// checkSchema returns an error if a schema is beyond maxSchemaProduct.
func checkSchema(bytes, values int) error {
	if values*bytes > maxSchemaProduct {
		return fmt.Errorf("a schema of %d values in %d bytes: %w", values, bytes, errTooWide)
	}
	return nil
}

// errTooWide says that a schema is beyond maxSchemaProduct. The file need not be damaged.
var errTooWide = errors.New("the paths of its columns would need too much memory; write the file anew with fewer columns or shorter names")

// errTooLarge says that a file needs more memory at once than it may have. The file need not be damaged.
var errTooLarge = fmt.Errorf("its pages need more than %d MiB of memory at once; rewrite it with pages of 1 MiB, as most tools write them", maxDecodeBytes>>20)

// newBudget returns the budget of a file.
func newBudget(bytes int64) *budget.Budget { return budget.New(bytes, errTooLarge) }
