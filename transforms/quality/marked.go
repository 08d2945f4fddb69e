package quality

import (
	"slices"

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
	return lines.NewArray()
}
