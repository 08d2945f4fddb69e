package parquetio

import (
	"fmt"
	"hash/crc32"
	"slices"
	"sync/atomic"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// keptFooter is how long what a remote file keeps of its footer may be: some 30 row groups of eight columns. It saves a request
// when the file is read. Otherwise the footer is read again: there may be tens of thousands of files.
const keptFooter = 16 << 10

// lastColumns are the columns of the file that was narrowed last. Most files have the same columns and share them.
var lastColumns atomic.Pointer[[]element.Column]

// Narrow returns f without what is known of the columns that are not in its projection, which then is all of its columns.
func (Format) Narrow(f element.Recognised) (element.Recognised, error) {
	if len(f.Projection) == 0 { // it is not read
		return f, nil
	}
	if f.Metadata != nil && objstore.Remote(f.URI) {
		o, err := outlineOf(f.Metadata)
		if err == nil {
			f.Metadata, err = o.footer(f.Projection)
		}
		if err != nil {
			return f, fmt.Errorf("footer: %w", err)
		}
		f.Metadata = slices.Clone(f.Metadata) // in no more memory than it takes
	}
	if !objstore.Remote(f.URI) || len(f.Metadata) > keptFooter {
		f.Metadata = nil
	}
	f.Cores = coresOf(f)
	columns := make([]element.Column, len(f.Projection))
	for i, c := range f.Projection {
		columns[i] = f.Columns[c]
		columns[i].ChunkBytes, columns[i].Codecs = nil, nil
	}
	if last := lastColumns.Load(); last != nil && slices.EqualFunc(*last, columns, sameColumn) {
		columns = *last
	} else {
		lastColumns.Store(&columns)
	}
	f.Columns, f.Projection = columns, firstNumbers(len(columns))
	return f, nil
}

// coresOf returns how many cores the decoding of a file keeps busy: its columns are decoded side by side, and the largest takes longest.
func coresOf(f element.Recognised) float64 {
	all, largest := int64(0), int64(1)
	for _, c := range f.Projection {
		bytes := int64(0)
		for _, n := range f.Columns[c].ChunkBytes {
			bytes += n
		}
		all, largest = all+bytes, max(largest, bytes)
	}
	return float64(all) / float64(largest)
}

func sameColumn(a, b element.Column) bool {
	return a.Name == b.Name && a.Leaf == b.Leaf && a.Type == b.Type && a.Found == b.Found && a.Precision == b.Precision && a.Scale == b.Scale
}

// numbers are shared by the projections of all files, which nobody writes to.
var numbers = [...]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// firstNumbers are n numbers from 0 on.
func firstNumbers(n int) []int {
	list := numbers[:min(n, len(numbers)):min(n, len(numbers))]
	for i := len(list); i < n; i++ {
		list = append(list, i)
	}
	return list
}

// sumOf identifies a footer.
func sumOf(footer []byte) int64 { return int64(crc32.ChecksumIEEE(footer)) }
