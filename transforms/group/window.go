package group

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Most distances in the log of packed lie in a window, which is a small range of distances. If a group has many values, those in the window are counted by
// distance. They are then written as a set straight from the counts, which are in the order of the distances. The few values outside of the window are
// sorted. Without a window, a single value that is far away would make all of the distances up to it be looked at.

// distanceWindow is where most distances lie: from low up to, but without, low plus width.
type distanceWindow struct{ low, width uint32 }

const (
	// mostWindow is the largest width. Counts for so many distances are in the fastest memory of a core.
	mostWindow = 1 << 13
	// windowSample is about how many distances a window is chosen from.
	windowSample = 1 << 10
	// fewDistances are sorted without a window.
	fewDistances = 24
)

// chooseWindow chooses the window for the log. It leaves out about one in 128 distances at each end. The width is 0 if the log has no window.
func (p *packed) chooseWindow() {
	p.window = distanceWindow{}
	if p.logged < windowSample {
		return
	}
	sample := p.scratch[:0]
	step := p.logged / windowSample
	for i := 0; i < p.logged; i += step {
		sample = append(sample, p.slabs[i/slabSize][i%slabSize].distance)
	}
	p.scratch = sample
	slices.Sort(sample)
	low, high := sample[len(sample)/128], sample[len(sample)-1-len(sample)/128]
	if high-low < mostWindow-64 {
		p.window = distanceWindow{low, high - low + 64}
	}
}

// placed is the value at a place of a set, as a distance.
type placed struct {
	place    int64
	distance uint32
}

// appendLogged appends the set of some distances as set.append does. It may change their order.
func (p *packed) appendLogged(f *filler, body, tail []byte, list []mark, rows int64, distances []uint32) (_, _ []byte) {
	if len(distances) <= fewDistances || p.window.width == 0 || !apartByOne(distances) {
		different, times := f.distinct(distances)
		return p.appendDistances(body, tail, list, rows, int64(len(distances)), different, times)
	}
	w := windowWriter{filler: f}
	w.findPlaces(list, int64(len(distances)))
	w.count(p.window, distances)
	tail = w.append(tail, p.window, len(distances))
	body = binary.AppendUvarint(body, uint64(rows)-uint64(len(distances)))
	body = binary.AppendUvarint(body, uint64(w.n))
	body = appendSpacing(body, p.base+int64(uint64(w.first)*p.unit.unit), p.unit.unit)
	body = appendMarked(body, list, int64(len(distances)), func(place int64) uint64 { return uint64(w.at(place) - w.first) })
	return body, tail
}

// apartByOne tells whether no number but 1 divides all differences of the distances.
func apartByOne(distances []uint32) bool {
	first, unit := distances[0], uint64(0)
	for _, d := range distances[1:] {
		if unit = gcd(uint64(max(d, first)-min(d, first)), unit); unit == 1 {
			return true
		}
	}
	return false
}

// windowWriter writes a set of distances that are apart by 1.
type windowWriter struct {
	*filler
	n     int    // different distances that are written
	first uint32 // the least of them
	last  uint32 // the distance that was written last
	seen  int64  // how many values are written, equal ones too
	next  int    // the index of the first of places whose distance is not known yet
}

// findPlaces lists the places of marks in places, ascending. append sets their distances.
func (w *windowWriter) findPlaces(list []mark, total int64) {
	w.places = w.places[:0]
	for i := range list {
		low, high := list[i].places(total)
		w.places = append(w.places, placed{place: low}, placed{place: high})
	}
	slices.SortFunc(w.places, func(a, b placed) int { return int(a.place - b.place) })
}

// at returns the distance at a place that findPlaces has listed. It is called after append.
func (w *windowWriter) at(place int64) uint32 {
	i := 0
	for i < len(w.places)-1 && w.places[i].place != place {
		i++
	}
	return w.places[i].distance
}

// count counts the distances in the window, and lists the others in their order.
func (w *windowWriter) count(in distanceWindow, distances []uint32) {
	if len(w.tally) < mostWindow {
		w.tally, w.present = make([]uint32, mostWindow), make([]uint64, mostWindow/64+1)
	}
	tally, present := w.tally[:mostWindow], w.present[:mostWindow/64]
	others := slices.Grow(w.distances[:0], len(distances))
	for _, d := range distances {
		k := d - in.low
		if k >= in.width || k >= mostWindow {
			others = append(others, d)
			continue
		}
		tally[k]++
		present[k>>6] |= 1 << (k & 63)
	}
	w.distances = others
	slices.Sort(others)
}

// append appends what was counted to the tail of a group. It leaves the counts 0.
func (w *windowWriter) append(tail []byte, in distanceWindow, total int) []byte {
	const most = 2 * binary.MaxVarintLen32 // the most bytes that a value and its count take: 33 bits and 32 bits
	start := len(tail)
	tail = slices.Grow(tail, most*total)[:start+most*total]
	below, _ := slices.BinarySearch(w.distances, in.low)
	at := w.appendOthers(tail, start, start, w.distances[:below])
	at = w.appendWindow(tail, start, at, in)
	return tail[:w.appendOthers(tail, start, at, w.distances[below:])]
}

// appendWindow writes the distances in the window into a tail, from at on. start is where the values of the set begin in the tail. It returns where the
// values end.
func (w *windowWriter) appendWindow(tail []byte, start, at int, in distanceWindow) int {
	found := w.list(in)
	if len(found) == 0 {
		return at
	}
	tally := w.tally[:mostWindow]
	if w.n == 0 {
		w.first, w.last = in.low+uint32(found[0]), in.low+uint32(found[0])
	}
	last, seen, until := w.last-in.low, w.seen, w.until()
	for i, k := range found {
		k &= mostWindow - 1
		times := tally[k]
		tally[k] = 0
		if seen += int64(times); seen > until {
			until = w.see(in.low+uint32(k), seen)
		}
		many := (1 - times) >> 31                         // 1 if it occurs more than once
		token := uint64(uint32(k)-last)<<1 | uint64(many) // 33 bits, if a value was far below the window
		last = uint32(k)
		if token|uint64(times) < 0x80 {
			tail[at], tail[at+1] = byte(token), byte(times)
			at += int(1 + many)
		} else {
			at += putTimes(tail[at:], token, times)
		}
		if i == 0 && w.n == 0 { // the first value is in the body
			at = start
		}
	}
	w.n, w.last, w.seen = w.n+len(found), in.low+last, seen
	return at
}

// list returns where in the window there are distances, ascending. It clears present.
func (w *windowWriter) list(in distanceWindow) []uint16 {
	const atOnce = 8
	if len(w.found) < mostWindow+64 {
		w.found = make([]uint16, mostWindow+64)
	}
	n, found := 0, w.found
	for i, m := range w.present[:(in.width+63)/64] {
		if m == 0 {
			continue
		}
		w.present[i] = 0
		next := n + bits.OnesCount64(m)
		for ; n < next; n += atOnce { // each turn writes atOnce numbers, even if fewer are left, so that few branches depend on how many there are
			to := (*[atOnce]uint16)(found[n:])
			for k := range to {
				to[k] = uint16(i<<6 | bits.TrailingZeros64(m))
				m &= m - 1
			}
		}
		n = next
	}
	return found[:n]
}

// appendOthers is appendWindow for a sorted list of distances outside of the window.
func (w *windowWriter) appendOthers(tail []byte, start, at int, distances []uint32) int {
	for len(distances) > 0 {
		d, times := distances[0], uint32(0)
		for len(distances) > 0 && distances[0] == d {
			distances, times = distances[1:], times+1
		}
		if w.n == 0 {
			w.first, w.last = d, d
		}
		w.n++
		if w.seen += int64(times); w.seen > w.until() {
			w.see(d, w.seen)
		}
		many := uint64(0)
		if times > 1 {
			many = 1
		}
		at += putTimes(tail[at:], uint64(d-w.last)<<1|many, times)
		w.last = d
		if w.n == 1 {
			at = start
		}
	}
	return at
}

// putTimes writes a token and, if the distance occurs more than once, how often it occurs.
func putTimes(b []byte, token uint64, times uint32) int {
	n := binary.PutUvarint(b, token)
	if times > 1 {
		n += binary.PutUvarint(b[n:], uint64(times))
	}
	return n
}

// until is how many values come before the next place whose distance is not known yet.
func (w *windowWriter) until() int64 {
	if w.next == len(w.places) {
		return 1<<63 - 1
	}
	return w.places[w.next].place
}

// see notes that d is the distance at all further places that are less than seen. It returns until.
func (w *windowWriter) see(d uint32, seen int64) (until int64) {
	for w.until() < seen {
		w.places[w.next].distance = d
		w.next++
	}
	return w.until()
}
