package group

import (
	"math/bits"
	"slices"
)

// distinct returns the different distances of a list, ascending, and how often each occurs. It may change the list. The results are valid until
// the next call.
func (s *filler) distinct(list []uint32) (distances, times []uint32) {
	if len(list) == 0 {
		return nil, nil
	}
	s.different, s.times = slices.Grow(s.different[:0], len(list)), slices.Grow(s.times[:0], len(list))
	const few = 24
	if len(list) > few {
		low, high := list[0], list[0]
		for _, d := range list {
			low, high = min(low, d), max(high, d)
		}
		if width := int(high-low) + 1; width <= min(mostTallied, tallyRatio*len(list)) {
			return s.tallied(list, low, width)
		}
		s.distances = slices.Grow(s.distances[:0], len(list))
		list = sortDistances(list, s.distances[:len(list)])
	} else {
		sortFew(list)
	}
	distances, times = s.different[:len(list)], s.times[:len(list)]
	k := 0
	distances[0], times[0] = list[0], 1
	for _, d := range list[1:] {
		if d != distances[k] {
			k++
			distances[k], times[k] = d, 0
		}
		times[k]++
	}
	return distances[:k+1], times[:k+1]
}

const (
	// Distances are counted instead of sorted if their range is at most mostTallied, and at most tallyRatio times their number. Counting looks at
	// the bits of all numbers in the range, 64 at a time, so a large range takes long.
	mostTallied = 1 << 17
	tallyRatio  = 256
)

// tallied is distinct for distances from low up to, but without, low plus width. It counts how often each distance occurs, and
// sets the bits of present for those that occur.
func (s *filler) tallied(list []uint32, low uint32, width int) (distances, times []uint32) {
	if len(s.tally) < width {
		s.tally, s.present = make([]uint32, max(width, 2*len(s.tally))), make([]uint64, max(width, 2*len(s.tally))/64+1)
	}
	tally, present := s.tally, s.present[:(width+63)/64]
	for _, d := range list {
		d -= low
		tally[d]++
		present[d>>6] |= 1 << (d & 63)
	}
	distances, times = s.different[:len(list)], s.times[:len(list)]
	k := 0
	for i, m := range present {
		for ; m != 0; m &= m - 1 {
			d := uint32(i<<6 | bits.TrailingZeros64(m))
			distances[k], times[k] = low+d, tally[d]
			tally[d] = 0
			k++
		}
		present[i] = 0
	}
	return distances[:k], times[:k]
}

// sortFew sorts a list of few numbers.
func sortFew(list []uint32) {
	for i := 1; i < len(list); i++ {
		d, j := list[i], i
		for ; j > 0 && list[j-1] > d; j-- {
			list[j] = list[j-1]
		}
		list[j] = d
	}
}
