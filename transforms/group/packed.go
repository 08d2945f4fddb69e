package group

import (
	"encoding/binary"
	"math"
	"runtime"
	"slices"

	"tripstats/transforms/eights"
	"tripstats/transforms/sidebyside"
)

// packed has values of groups. Each value is held as its distance from a base, in units, in 32 bits. Values are counted in a table, by group and distance,
// if the table is not much larger than their number. All others are collected in a log, in the order in which they come. close sorts the log by group.
type packed struct {
	began  bool // base and unit are known
	base   int64
	unit   divisor
	added  uint64 // values since the table and the log were empty
	misfit int    // values that were not packed since it began
	begins int    // how often it began since the last reset

	slabs  [][]grouped // the log, in slabs of slabSize values; those after the current slab are memory
	logged int

	// The table has width counts for each group: one for each distance from low on. It has the first groups, as many as it has place for. A count has
	// only eight bits, because a small table stays in a cache. Whenever a count goes from 255 to 0, its place is added to carries.
	low, width uint32
	counts     []uint8
	carries    []uint32 // places of counts, one for each 256 that a count lacks; sorted after close
	retry      int      // how many values the log must have before chooseTable tries again

	starts  []uint32 // by group: where its values begin in spread; see close
	ends    []uint32 // by group: where its values end in spread
	spread  []uint32
	scratch []uint32
	window  distanceWindow // of the log: see window.go

	distances [measuredAtOnce]uint32 // memory of add
}

// grouped is a value of a group.
type grouped struct{ group, distance uint32 }

const (
	slabSize = 1 << 14
	// mostPacked is the largest number of values in the log, mostCounters that of counts in the table, and mostCarries about that of carries.
	mostPacked   = 1 << 22
	mostCounters = 1 << 22
	mostCarries  = 1 << 20
	// counterRatio is how many counts there may be for each value.
	counterRatio = 4
	firstTry     = 1 << 14
	// mostBegins is how often base and unit are chosen. If the values fit none of these choices, all further values are added as sparse ones: see sets.
	mostBegins = 4
)

func (p *packed) reset() {
	p.empty()
	p.misfit, p.begins = 0, 0
}

// empty forgets the values.
func (p *packed) empty() {
	p.added, p.logged, p.retry = 0, 0, 0
	p.counts, p.carries = p.counts[:0], p.carries[:0]
	p.starts, p.ends, p.spread = p.starts[:0], p.ends[:0], p.spread[:0]
}

func (p *packed) bytes() int64 {
	return int64(len(p.slabs))*slabSize*8 + int64(cap(p.counts)) + int64(cap(p.carries)+cap(p.starts)+cap(p.ends)+cap(p.spread)+cap(p.scratch)+measuredAtOnce)*4
}

// begin chooses the base and the unit from some values. It returns false if the values are too far apart.
func (p *packed) begin(values []int64) bool {
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	unit := uint64(0)
	if p.began {
		unit = unitFrom(p.unit.unit, p.base, []int64{low})
	}
	unit = max(unitFrom(unit, low, values), 1)
	const room = 1 << 30 // units below the least value
	if unit >= 1<<32 || uint64(high)-uint64(low) > math.MaxInt64 || uint64(high-low)/unit >= 1<<31 {
		return false
	}
	p.base = low
	if low > -1<<62 {
		p.base -= room * int64(unit)
	}
	// Distances wrap around: a base that is too high would give distances to values far below it, and they would be read as the largest ones.
	if last, above := math.MaxUint32*unit, uint64(math.MaxInt64-p.base); last > above {
		p.base -= int64((last - above + unit - 1) / unit * unit)
	}
	p.began, p.unit, p.misfit, p.width = true, divisorOf(unit), 0, 0
	p.begins++
	return true
}

// measuredAtOnce is how many values are measured before they are counted.
const measuredAtOnce = 1 << 10

// add adds values. Those that it cannot hold it appends to the last two arguments, with their groups.
func (p *packed) add(ids []uint32, values []int64, restIDs []uint32, rest []int64) ([]uint32, []int64) {
	for len(ids) > 0 {
		n := min(len(ids), measuredAtOnce)
		done := p.measure(p.distances[:n], values[:n])
		p.addMeasured(ids[:done], p.distances[:done])
		if done < n {
			restIDs, rest = append(restIDs, ids[done]), append(rest, values[done])
			p.misfit++
			done++
		}
		ids, values = ids[done:], values[done:]
	}
	return restIDs, rest
}

func (p *packed) addMeasured(ids, distances []uint32) {
	p.added += uint64(len(ids))
	if p.width > 0 {
		p.count(ids, distances)
	} else {
		p.log(ids, distances)
	}
}

// measure sets the distances of values, up to the first value that has none. It returns how many it has set. A value has no distance if it is not a whole
// number of units from the base, or if the number has more than 32 bits. In both cases the low bits are not 0, or the quotient has
// more than 32 bits, because the unit has at most 32.
func (p *packed) measure(distances []uint32, values []int64) int {
	base, unit := p.base, p.unit
	part := uint64(1)<<unit.shift - 1
	for done := 0; done < len(values); {
		done += eights.DistancesMany(distances[done:], values[done:], base, unit.shift, unit.inverse)
		for end := min(done+8, len(values)); done < end; done++ {
			x := uint64(values[done] - base)
			d := unit.by(x)
			if d>>32|x&part != 0 {
				return done
			}
			distances[done] = uint32(d)
		}
	}
	return len(values)
}

// count adds values to the table, and those that have no place there to the log.
func (p *packed) count(ids, distances []uint32) {
	for {
		n := countMany(p.counts, p.low, p.width, ids, distances)
		if n == len(ids) {
			return
		}
		p.countOne(ids[n], distances[n])
		ids, distances = ids[n+1:], distances[n+1:]
	}
}

// countMany adds values to the table, up to the first value that has no place there or whose count of 8 bits would overflow. It returns how many it has
// added. The loop calls nothing, so that all it needs stays in registers.
func countMany(counts []uint8, low, width uint32, ids, distances []uint32) int {
	distances = distances[:len(ids)]
	for i, id := range ids {
		in := distances[i] - low
		at := uint64(id)*uint64(width) + uint64(in)
		if in >= width || at >= uint64(len(counts)) {
			return i
		}
		c := counts[at] + 1
		if c == 0 {
			return i
		}
		counts[at] = c
	}
	return len(ids)
}

// countOne adds a value to the table, or to the log if it has no place there.
func (p *packed) countOne(id, distance uint32) {
	in := distance - p.low
	at := uint64(id)*uint64(p.width) + uint64(in)
	if in >= p.width || at >= uint64(len(p.counts)) && !p.tabulate(id) {
		p.log([]uint32{id}, []uint32{distance})
		return
	}
	if p.counts[at]++; p.counts[at] == 0 {
		p.carries = append(p.carries, uint32(at))
	}
}

func (p *packed) log(ids, distances []uint32) {
	for len(ids) > 0 {
		at := p.logged / slabSize
		if at == len(p.slabs) {
			p.slabs = append(p.slabs, make([]grouped, slabSize))
		}
		free := p.slabs[at][p.logged%slabSize:]
		n := min(len(free), len(ids))
		free = free[:n]
		for i := range free {
			free[i] = grouped{ids[i], distances[i]}
		}
		p.logged += n
		ids, distances = ids[n:], distances[n:]
	}
}

// tabulate makes place for a group in the table, unless that would be too large.
func (p *packed) tabulate(group uint32) bool {
	n := (int(group) + 1) * int(p.width)
	if n > mostCounters {
		return false
	}
	have := len(p.counts)
	p.counts = slices.Grow(p.counts, n-have)[:n]
	clear(p.counts[have:])
	return true
}

// chooseTable makes a table if there is none and a table is worthwhile for the values in the log. The table has the distances of nearly all values.
func (p *packed) chooseTable(groups int) {
	if p.width > 0 || p.logged < max(p.retry, firstTry) {
		return
	}
	p.retry = 2 * p.logged
	last := p.slabs[(p.logged-1)/slabSize][:(p.logged-1)%slabSize+1]
	if first := p.slabs[0]; len(last) < slabSize && p.logged > slabSize {
		last = first
	}
	p.scratch = p.scratch[:0]
	const each = 16 // a sample is enough
	for i := 0; i < len(last); i += each {
		p.scratch = append(p.scratch, last[i].distance)
	}
	slices.Sort(p.scratch)
	n := len(p.scratch)
	low, high := uint64(p.scratch[n/200]), uint64(p.scratch[n-1-n/200])
	slack := (high-low)/4 + 8
	low -= min(low, slack/4)
	width := high + slack - low
	if uint64(groups)*width > uint64(min(counterRatio*p.logged, mostCounters)) || low+width > math.MaxUint32 {
		return
	}
	p.low, p.width = uint32(low), uint32(width)
	n, p.logged = p.logged, 0
	for i := 0; i < n; i += slabSize { // values that stay in the log move to its start, to places that were read before
		for _, v := range p.slabs[i/slabSize][:min(slabSize, n-i)] {
			p.countOne(v.group, v.distance)
		}
	}
}

// full tells whether the values have to become a valueRun before more are added.
func (p *packed) full(more int) bool {
	return p.logged+more > mostPacked || len(p.carries) > mostCarries || p.added+uint64(more) > math.MaxUint32
}

// close sorts the log by group. order lists all groups in the order in which they will be read; nil is the order of their numbers.
func (p *packed) close(groups int, order []uint32) {
	p.chooseWindow()
	p.sortCarries()
	shares := p.sorters(groups)
	// starts has an entry for each group in each share of the log. It is first how many values the group has in the share, then where they end in
	// spread, and last where they begin. So no two shares write to the same place.
	p.starts = slices.Grow(p.starts[:0], shares*groups)[:shares*groups]
	clear(p.starts)
	p.eachShare(shares, func(starts []uint32, list []grouped) {
		for _, v := range list {
			starts[v.group]++
		}
	})
	p.ends = slices.Grow(p.ends[:0], groups)[:groups]
	sum := uint32(0)
	for i := range p.ends {
		if order != nil {
			i = int(order[i])
		}
		for at := i; at < len(p.starts); at += groups {
			sum += p.starts[at]
			p.starts[at] = sum
		}
		p.ends[i] = sum
	}
	p.spread = slices.Grow(p.spread[:0], p.logged)[:p.logged]
	spread := p.spread
	p.eachShare(shares, func(starts []uint32, list []grouped) {
		for _, v := range list { // from the end of the group's place to its start
			starts[v.group]--
			spread[starts[v.group]] = v.distance
		}
	})
	p.starts = p.starts[:groups] // a group begins where its values in the first share begin
}

// sorters returns how many goroutines sort the log. Its limits keep starts small compared with the log, however many cores there are.
func (p *packed) sorters(groups int) int {
	const (
		most  = 8
		least = 16 * slabSize // values for each
		ofOne = 4             // values of a group for each, on average
	)
	return max(1, min(runtime.GOMAXPROCS(0), most, p.logged/least, p.logged/(ofOne*max(1, groups))))
}

// eachShare calls f for every slab of the log. Each share of the slabs has a goroutine of its own, and its own entries of starts.
func (p *packed) eachShare(shares int, f func(starts []uint32, list []grouped)) {
	slabs, groups := (p.logged+slabSize-1)/slabSize, len(p.starts)/shares
	share := func(i int) error {
		starts := p.starts[i*groups : (i+1)*groups]
		for at := slabs * i / shares; at < slabs*(i+1)/shares; at++ {
			f(starts, p.slabs[at][:min(slabSize, p.logged-at*slabSize)])
		}
		return nil
	}
	sidebyside.Do(shares, share) //nolint:errcheck // no share has an error
}

// fill appends the values of a group to a set that has none. It is called after close.
func (p *packed) fill(f *filler, t *set, group uint32) {
	if int(group) >= len(p.starts) {
		return
	}
	distances, times := f.distinct(p.spread[p.starts[group]:p.ends[group]])
	row := p.row(group)
	if row == nil {
		p.fillLogged(t, distances, times)
		return
	}
	// The group is in the table, so its values in the log are below or above the distances of the table.
	below, _ := slices.BinarySearch(distances, p.low)
	p.fillLogged(t, distances[:below], times[:below])
	p.fillCounted(t, row, group)
	p.fillLogged(t, distances[below:], times[below:])
}

// fillCounted appends the values that a group has in the table.
func (p *packed) fillCounted(t *set, row []uint8, group uint32) {
	start, unit := p.base+int64(uint64(p.low)*p.unit.unit), int64(p.unit.unit)
	first := group * p.width
	at, _ := slices.BinarySearch(p.carries, first)
	carries := p.carries[at:]
	carry := func() int { // the next place in the row that has a carry
		if len(carries) == 0 {
			return len(row)
		}
		return int(carries[0] - first)
	}
	values, counts := t.values, t.counts
	for i, next := 0, carry(); i < len(row); i++ {
		if i+8 <= min(len(row), next) && binary.LittleEndian.Uint64(row[i:]) == 0 {
			i += 7
			continue
		}
		n := int64(row[i])
		for ; i == next; next = carry() {
			n += 1 << 8
			carries = carries[1:]
		}
		if n > 0 {
			values, counts = append(values, start+int64(i)*unit), append(counts, n)
		}
	}
	t.values, t.counts = values, counts
}

// sortCarries sorts the carries.
func (p *packed) sortCarries() {
	if n := len(p.carries); n > 1 {
		p.scratch = slices.Grow(p.scratch[:0], n)[:n]
		p.carries = append(p.carries[:0], sortDistances(p.carries, p.scratch)...)
	}
}

func (p *packed) fillLogged(t *set, distances, times []uint32) {
	// Local slices are faster here: appending to the fields of the set would write two pointers for each value.
	values, counts := slices.Grow(t.values, len(distances)), slices.Grow(t.counts, len(distances))
	for i, d := range distances {
		values, counts = append(values, p.base+int64(uint64(d)*p.unit.unit)), append(counts, int64(times[i]))
	}
	t.values, t.counts = values, counts
}

// onlyLogged returns the distances of a group if all of them are in the log and none in the table. It is called after close.
func (p *packed) onlyLogged(group uint32) (list []uint32, ok bool) {
	if int(group) >= len(p.starts) || p.row(group) != nil {
		return nil, false
	}
	return p.spread[p.starts[group]:p.ends[group]], true
}

// appendDistances appends a set as set.append does. The distances are different and ascend. times has how often each of them occurs, and total is the sum.
func (p *packed) appendDistances(body, tail []byte, list []mark, rows, total int64, distances, times []uint32) (_, _ []byte) {
	body = binary.AppendUvarint(body, uint64(rows-total))
	body = binary.AppendUvarint(body, uint64(len(distances)))
	if len(distances) == 0 {
		return body, tail
	}
	last, unit := distances[0], uint64(0)
	for i := 1; i < len(distances) && unit != 1; i++ {
		unit = gcd(uint64(distances[i]-distances[i-1]), unit)
	}
	by := divisorOf(unit)
	body = appendSpacing(body, p.base+int64(uint64(last)*p.unit.unit), unit*p.unit.unit)
	if len(distances) == 1 {
		return body, tail
	}
	body = appendMarked(body, list, total, func(place int64) uint64 {
		at := int(place) // each value occurs once
		if total > int64(len(distances)) {
			at = findPlace(times, place)
		}
		return by.by(uint64(distances[at] - distances[0]))
	})
	const most = 2 * binary.MaxVarintLen32 // the most bytes that a value and its count take
	tail = slices.Grow(tail, most*len(distances))
	at := len(tail)
	tail = tail[:cap(tail)]
	times = times[:len(distances)]
	for i := 1; i < len(distances); i++ {
		token := uint64(distances[i] - last)
		last = distances[i]
		if unit != 1 {
			token = by.by(token)
		}
		n := times[i]
		if token <<= 1; n > 1 {
			token |= 1
		}
		if token|uint64(n) < 0x80 {
			tail[at], tail[at+1] = byte(token), byte(n)
			at += 1 + int(token&1)
		} else {
			at += putTimes(tail[at:], token, n)
		}
	}
	return body, tail[:at]
}

// row returns the counts of a group, nil if it is not in the table.
func (p *packed) row(group uint32) []uint8 {
	if end := (int(group) + 1) * int(p.width); p.width > 0 && end <= len(p.counts) {
		return p.counts[end-int(p.width) : end]
	}
	return nil
}

// run makes a valueRun of the values. It is called after close.
func (p *packed) run(f *filler, groups int) valueRun {
	low := uint32(math.MaxUint32)
	for _, d := range p.spread {
		low = min(low, d)
	}
	if p.width > 0 {
		low = min(low, p.low)
	}
	base := p.base + int64(uint64(low)*p.unit.unit)
	w := newRun(base, p.unit.unit, len(p.spread), uint32(groups-1))
	var t set
	for g := range uint32(groups) {
		t.reset()
		p.fill(f, &t, g)
		for i, v := range t.values {
			w.add(g, p.unit.by(uint64(v-base)), uint32(t.counts[i]))
		}
	}
	return w.done()
}
