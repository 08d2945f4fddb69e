package quality

import (
	"cmp"
	"slices"

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
