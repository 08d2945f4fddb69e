package parquetio

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// errDictionaryLater is of a column chunk whose dictionary would have to be known before it is read.
var errDictionaryLater = errors.New("found its dictionary after its first data page, expected it before")

// apart refuses a footer by which two column chunks share bytes of the file: a wrong place would else be read as if it were right,
// with the values of another column. spans are the places of the column chunks, which may come in any order; columns tells the
// names. Sizes that are too short, as old writers have them, are no fault here.
func apart(spans []chunkSpan, columns func(column int) string) error {
	slices.SortFunc(spans, func(a, b chunkSpan) int { return cmp.Compare(a.off, b.off) })
	for i := 1; i < len(spans); i++ {
		if before, s := spans[i-1], spans[i]; s.off < before.end {
			return fmt.Errorf("footer: column %q: found a column chunk at %d, within the bytes %d to %d of one of column %q; expected each in a place of its own",
				columns(s.column), s.off, before.off, before.end, columns(before.column))
		}
	}
	return nil
}
