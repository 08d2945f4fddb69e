package aggregate

import (
	"maps"
	"slices"

	"tripstats/transforms/trip"
)

// grouping collects the groups of a State.
type grouping struct {
	spec   *Spec
	sums   []summed
	months map[int32]*monthGroups
	last   *monthGroups // of the last run: the next run is nearly always of the same month

	filtered int64

	spare   []*denseGroups // empty ones of the files before
	scratch []byte
}

func newGrouping(spec *Spec) *grouping {
	return &grouping{spec: spec, sums: spec.sums(), months: map[int32]*monthGroups{}}
}

// add adds the rows of a batch that rules do not refuse.
func (g *grouping) add(_ int, b *trip.Batch) error {
	start := 0
	for _, run := range b.Months {
		if !run.Refused {
			g.addRun(b, run.Month, start, run.End)
		}
		start = run.End
	}
	return nil
}

func (g *grouping) bytes() int64 { return 0 }

// addRun adds rows [start, end) of b, whose pickups all lie in a month.
func (g *grouping) addRun(b *trip.Batch, month int32, start, end int) {
	if len(g.spec.Where) == 0 {
		g.addRows(b, month, start, end)
		return
	}
	for start < end {
		first := start
		for first < end && !g.spec.passes(b, first) {
			first++
		}
		g.filtered += int64(first - start)
		for start = first; start < end && g.spec.passes(b, start); {
			start++
		}
		if start > first {
			g.addRows(b, month, first, start)
		}
	}
}

// passes tells whether a row meets the conditions.
func (s *Spec) passes(b *trip.Batch, row int) bool {
	for _, w := range s.Where {
		if c := &b.Columns[w.Of]; c.IsNull(row) || c.Values[row] < w.From || c.Values[row] > w.To {
			return false
		}
	}
	return true
}

// addRows adds rows [start, end), which all meet the conditions.
func (g *grouping) addRows(b *trip.Batch, month int32, start, end int) {
	if g.last == nil || g.last.month != month {
		g.last = g.month(month)
	}
	switch m := g.last; {
	case len(g.spec.By) == 0:
		m.addAll(g, b, start, end)
	case len(g.spec.By) == 1 && g.spec.By[0].both():
		if m.dense == nil && end-start >= denseRows {
			m.dense = g.emptyDense()
		}
		m.addBoth(g.spec.By[0], b, start, end)
	default:
		m.addEach(g, b, start, end)
	}
}

func (g *grouping) month(month int32) *monthGroups {
	m := g.months[month]
	if m == nil {
		m = &monthGroups{month: month, groups: map[groupKey]*Group{}}
		g.months[month] = m
	}
	return m
}

// state returns what was added.
func (g *grouping) state(rules []RuleCount, _ bool) (TableState, error) {
	for i, sum := range g.sums {
		if sum.rule != "" {
			g.addRule(i, sum, rules)
		}
	}
	s := State{Filtered: g.filtered}
	for _, m := range g.months {
		dense := m.dense
		if groups := m.result(); len(g.months) == 1 {
			s.Groups = groups
		} else {
			s.Groups = append(s.Groups, groups...)
		}
		if dense != nil {
			g.spare = append(g.spare, dense)
		}
	}
	slices.SortFunc(s.Groups, func(a, b Group) int { return a.compare(&b) })
	packed, err := s.AppendBinary(g.scratch[:0])
	g.scratch = packed
	clear(g.months)
	g.last, g.filtered = nil, 0
	return TableState{Table: g.spec.Name, State: slices.Clone(packed)}, err
}

// mostKeys is how many keys a table may have beside taxi and month.
const mostKeys = 4

// groupKey tells the groups of a month apart.
type groupKey struct {
	nulls uint8
	keys  [mostKeys]int64
}

// monthGroups are the groups of one month.
type monthGroups struct {
	month  int32
	all    *Group       // where there are no keys
	dense  *denseGroups // in a table with one key, for the small values
	groups map[groupKey]*Group
}

// denseKeys is how many values of a key, from 0 on, are counted in an array: all zones (1 to 265) and more. It is a power of
// two, so that one comparison checks two values.
const denseKeys = 512

// denseRows is the run length from which the array is worth its memory. Shorter runs are stray rows of other months.
const denseRows = 16

// denseGroups counts the trips of each group by Key.Of and by Key.Or. The two are apart, so that the processor can count both at once.
type denseGroups struct{ of, or [denseKeys]int64 }

// emptyDense returns an array without trips.
func (g *grouping) emptyDense() *denseGroups {
	n := len(g.spare)
	if n == 0 {
		return new(denseGroups)
	}
	dense := g.spare[n-1]
	g.spare = g.spare[:n-1]
	return dense
}

func (m *monthGroups) group(key groupKey, keys, sums int) *Group {
	g := m.groups[key]
	if g == nil {
		g = &Group{Month: m.month, Nulls: key.nulls, Keys: slices.Clone(key.keys[:keys]), Sums: make([]Sum, sums)}
		m.groups[key] = g
	}
	return g
}

// addAll adds rows to the only group.
func (m *monthGroups) addAll(g *grouping, b *trip.Batch, start, end int) {
	if m.all == nil {
		m.all = m.group(groupKey{}, 0, len(g.sums))
	}
	m.all.Rows += int64(end - start)
	for i, s := range g.sums {
		if s.rule == "" {
			c := &b.Columns[s.of]
			m.all.Sums[i].addWide(c.Values[start:end])
			m.all.Sums[i].Count += int64(c.Set(start, end))
		}
	}
}

// addBoth counts each row in two groups: that of the value of each column.
func (m *monthGroups) addBoth(k Key, b *trip.Batch, start, end int) {
	of, or := b.Columns[k.Of].Values[start:end], b.Columns[*k.Or].Values[start:end]
	for n := 0; n < len(of); n++ {
		if m.dense != nil {
			if n += countDense(m.dense, of[n:], or[n:]); n == len(of) {
				break
			}
		}
		m.groupOf(of[n]).Rows++ // beyond the array
		m.groupOf(or[n]).Or++
	}
	// A null has the value 0 and was counted there.
	null := groupKey{nulls: 1}
	if n := int64(end - start - b.Columns[k.Of].Set(start, end)); n > 0 {
		m.groupOf(0).Rows -= n
		m.group(null, 1, 0).Rows += n
	}
	if n := int64(end - start - b.Columns[*k.Or].Set(start, end)); n > 0 {
		m.groupOf(0).Or -= n
		m.group(null, 1, 0).Or += n
	}
}

// groupOf returns the group of a value, in a table with one key.
func (m *monthGroups) groupOf(value int64) *Group {
	return m.group(groupKey{keys: [mostKeys]int64{value}}, 1, 0)
}

// countDense counts rows up to the first that has a value beyond the array. It returns how many it counted.
func countDense(dense *denseGroups, of, or []int64) int {
	or = or[:len(of)]
	for i, v := range of {
		w := or[i]
		if uint64(v|w) >= denseKeys { // a negative one too
			return i
		}
		dense.of[v&(denseKeys-1)]++
		dense.or[w&(denseKeys-1)]++
	}
	return len(of)
}

// addEach adds rows one by one.
func (m *monthGroups) addEach(g *grouping, b *trip.Batch, start, end int) {
	var last *Group
	var lastKey groupKey
	for row := start; row < end; row++ {
		var key groupKey
		for i, k := range g.spec.By {
			if c := &b.Columns[k.Of]; c.IsNull(row) {
				key.nulls |= 1 << i
			} else {
				key.keys[i] = c.Values[row]
			}
		}
		if last == nil || key != lastKey {
			last, lastKey = m.group(key, len(g.spec.By), len(g.sums)), key
		}
		last.Rows++
		for i, s := range g.sums {
			if c := &b.Columns[s.of]; s.rule == "" && !c.IsNull(row) {
				last.Sums[i].add(c.Values[row])
				last.Sums[i].Count++
			}
		}
	}
}

// result returns the groups with trips, and empties the array.
func (m *monthGroups) result() []Group {
	if m.dense != nil && len(m.groups) > 0 {
		for v, of := range m.dense.of {
			if or := m.dense.or[v]; of != 0 || or != 0 {
				g := m.groupOf(int64(v))
				g.Rows, g.Or = g.Rows+of, g.Or+or
			}
		}
		*m.dense = denseGroups{}
	}
	if m.dense != nil && len(m.groups) == 0 {
		return m.dense.groups(m.month)
	}
	groups := make([]Group, 0, len(m.groups))
	for g := range maps.Values(m.groups) {
		if g.Rows != 0 || g.Or != 0 {
			groups = append(groups, *g)
		}
	}
	return groups
}

// groups returns the groups with trips, ascending, and empties the array.
func (d *denseGroups) groups(month int32) []Group {
	n := 0
	for v, of := range d.of {
		if of != 0 || d.or[v] != 0 {
			n++
		}
	}
	groups, keys := make([]Group, 0, n), make([]int64, n)
	for v, of := range d.of {
		if or := d.or[v]; of != 0 || or != 0 {
			i := len(groups)
			keys[i] = int64(v)
			groups = append(groups, Group{Month: month, Keys: keys[i : i+1 : i+1], Rows: of, Or: or})
		}
	}
	*d = denseGroups{}
	return groups
}
