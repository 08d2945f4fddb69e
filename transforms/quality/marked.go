package quality

import (
	"cmp"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/trip"
)

// marks returns the rows of a batch that rules refuse whatever values they have, ascending, each with the first such rule.
func (fn *judgeFn) marks(b *trip.Batch) []reject {
	fn.marked = fn.marked[:0]
	for id, r := range Rules {
		if r.Marked == nil {
			continue
		}
		for _, row := range r.Marked(b) {
			fn.marked = append(fn.marked, reject{int(row), ID(id)})
		}
	}
	slices.SortStableFunc(fn.marked, func(a, b reject) int { return cmp.Compare(a.row, b.row) })
	fn.marked = slices.CompactFunc(fn.marked, func(a, b reject) bool { return a.row == b.row })
	return fn.marked
}

// malformed is for lines of text.
func malformed(b *trip.Batch) []int32 {
	if b.Text == nil || len(b.Text.Malformed) == 0 {
		return nil
	}
	rows := make([]int32, len(b.Text.Malformed))
	for i, m := range b.Text.Malformed {
		rows[i] = m.Row
	}
	return rows
}

// malformedLine is the last column of the rejects of a file of text. A malformed line has no cells, so it is kept as the file has it.
const malformedLine = "malformed_line"

// malformedLines returns the lines of the rejects of a batch that are malformed, and null for the others.
func (fn *judgeFn) malformedLines(b *trip.Batch) arrow.Array {
	lines := array.NewStringBuilder(memory.DefaultAllocator)
	left := b.Text.Malformed
	for _, r := range fn.rejects { // ascending, each malformed row once
		for len(left) > 0 && int(left[0].Row) < r.row {
			left = left[1:]
		}
		if len(left) > 0 && int(left[0].Row) == r.row {
			lines.Append(string(left[0].Line))
		} else {
			lines.AppendNull()
		}
	}
	return lines.NewArray()
}
