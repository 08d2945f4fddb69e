package source

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"

	"tripstats/transforms/element"
)

const (
	// minSplitBytes keeps a range worth a bundle of its own.
	minSplitBytes = 16 << 20
	// maxSplits limits the ranges of one file, because each carries what is known of the file.
	maxSplits = 32
)

// split cuts the units of r into consecutive ranges of about equal bytes, no more than most. It avoids ranges below minBytes. The
// ranges cover r exactly, in order, and none is empty unless r is.
func split(r offsetrange.Restriction, sizes []int64, minBytes int64, most int) []offsetrange.Restriction {
	total := sizeOf(r, sizes)
	ranges := min(total/max(1, minBytes), int64(most), r.End-r.Start)
	if ranges <= 1 {
		return []offsetrange.Restriction{r}
	}
	out := make([]offsetrange.Restriction, 0, ranges)
	start, done := r.Start, int64(0)
	for i := r.Start; i < r.End; i++ {
		done += sizes[i]
		k := int64(len(out)) + 1 // ranges there are, once this one is cut
		if k < ranges && done >= total/ranges*k && r.End-(i+1) > 0 {
			out = append(out, offsetrange.Restriction{Start: start, End: i + 1})
			start = i + 1
		}
	}
	return append(out, offsetrange.Restriction{Start: start, End: r.End})
}

// sizeOf is the bytes of the units of r.
func sizeOf(r offsetrange.Restriction, sizes []int64) int64 {
	total := int64(0)
	for _, n := range sizes[r.Start:r.End] {
		total += n
	}
	return total
}

// sizesOf are the bytes of each unit of w.
func sizesOf(w element.Work) []int64 {
	if len(w.Pieces) == 1 && len(w.Files) == 0 {
		p := w.Pieces[0]
		return p.File.UnitBytes[p.Units.Start:p.Units.End]
	}
	var sizes []int64
	for _, p := range w.Pieces {
		sizes = append(sizes, p.File.UnitBytes[p.Units.Start:p.Units.End]...)
	}
	for _, f := range w.Files {
		sizes = append(sizes, f.UnitBytes...)
	}
	return sizes
}

func offsetrangeOf(r element.Range) offsetrange.Restriction {
	return offsetrange.Restriction{Start: int64(r.Start), End: int64(r.End)}
}
