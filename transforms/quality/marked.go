package quality

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/trip"
)

// malformed returns the rows whose line of text is malformed.
func malformed(b *trip.Batch) []int32 {
	if b.Text == nil {
		return nil
	}
	return b.Text.Malformed
}

// malformedLine is the last column of the rejects of a file of text. A malformed line has no cells, so it is kept as the file has it.
const malformedLine = "malformed_line"

// malformedLines returns the lines of the rejects of a batch that are malformed, and null for the others.
func (fn *judgeFn) malformedLines(b *trip.Batch) arrow.Array {
	lines := array.NewStringBuilder(memory.DefaultAllocator)
	for _, r := range fn.rejects {
		if i, is := slices.BinarySearch(b.Text.Malformed, int32(r.row)); is {
			lines.Append(string(b.Text.Lines[i].Line))
		} else {
			lines.AppendNull()
		}
	}
	return readable(lines.NewArray())
}

// readable returns an array of texts in UTF-8. One replacement character takes the place of bytes that are not UTF-8, because readers of
// parquet refuse a column of text that has such bytes.
func readable(a arrow.Array) arrow.Array {
	texts, is := a.(*array.String)
	valid := true
	for i := 0; is && i < texts.Len() && valid; i++ {
		valid = utf8.ValidString(texts.Value(i))
	}
	if !is || valid {
		return a
	}
	b := array.NewStringBuilder(memory.DefaultAllocator)
	for i := range texts.Len() {
		if texts.IsNull(i) {
			b.AppendNull()
		} else {
			b.Append(strings.ToValidUTF8(texts.Value(i), "\uFFFD"))
		}
	}
	return b.NewArray()
}
