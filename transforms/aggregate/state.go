package aggregate

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// State is what trips add up to for a table. It is exact: states can be merged in any order with the same result.
type State struct {
	Filtered int64   // trips that do not meet the conditions of the table
	Groups   []Group // ascending by month and keys, nulls last
}

// Group is the sums of the trips of one month and one combination of a table's keys.
type Group struct {
	Month int32   // since 1970-01, or element.NoMonth
	Nulls uint8   // a bit for each key that is null
	Keys  []int64 // by Spec.By; 0 where the key is null
	Rows  int64   // the trips
	Or    int64   // the trips that are here by Key.Or
	Sums  []Sum   // by Spec.sums
}

// compare orders groups of one table.
func (g *Group) compare(o *Group) int {
	if c := cmp.Compare(monthOrder(g.Month), monthOrder(o.Month)); c != 0 {
		return c
	}
	for i, k := range g.Keys {
		if c := cmp.Or(cmp.Compare(g.Nulls>>i&1, o.Nulls>>i&1), cmp.Compare(k, o.Keys[i])); c != 0 {
			return c
		}
	}
	return 0
}

// trips returns the trips that a value with the function Rows counts.
func (g *Group) trips(v Value) int64 {
	if v.Or {
		return g.Or
	}
	return g.Rows
}

// plus adds up two groups with the same key. The result shares no sums with them.
func (g Group) plus(o Group) Group {
	g.Rows += o.Rows
	g.Or += o.Or
	g.Sums = slices.Clone(g.Sums)
	for i := range o.Sums {
		g.Sums[i].merge(o.Sums[i])
	}
	return g
}

// Merge returns the sum of both states. It may share memory with them, but nobody writes to that memory.
func (s State) Merge(o State) State {
	return State{s.Filtered + o.Filtered, mergeGroups(s.Groups, o.Groups)}
}

func mergeGroups(a, b []Group) []Group {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	out := make([]Group, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch c := a[0].compare(&b[0]); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0].plus(b[0])), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// add adds another state, in its binary form, in the memory of s, which must be nobody else's.
func (s *State) add(b []byte) error {
	w, err := walkState(b)
	if err != nil {
		return err
	}
	if len(s.Groups) > 0 && w.groups > 0 && (len(s.Groups[0].Keys) != w.keys || len(s.Groups[0].Sums) != w.sums) {
		return errStateForm
	}
	g, last := w.empty(), w.empty()
	var missing []Group
	at := 0
	for i := range w.groups {
		if w.group(&g); w.r.short {
			return errStateShort
		}
		if i > 0 && last.compare(&g) >= 0 {
			return errStateOrder
		}
		c := 1
		for at < len(s.Groups) {
			if c = s.Groups[at].compare(&g); c >= 0 {
				break
			}
			at++
		}
		if at < len(s.Groups) && c == 0 {
			have := &s.Groups[at]
			have.Rows += g.Rows
			have.Or += g.Or
			for k := range g.Sums {
				have.Sums[k].merge(g.Sums[k])
			}
		} else {
			own := g
			own.Keys, own.Sums = slices.Clone(g.Keys), slices.Clone(g.Sums)
			missing = append(missing, own)
		}
		g, last = last, g
	}
	if err := w.end(); err != nil {
		return err
	}
	s.Filtered += w.filtered
	s.insert(missing)
	return nil
}

// insert adds groups that s does not have. Both lists are in order, and the result is too. It moves the groups of s within their memory: many states are
// added to s, and each may bring a few new groups.
func (s *State) insert(missing []Group) {
	at, left := len(s.Groups), len(missing)
	s.Groups = append(s.Groups, missing...)
	for to := len(s.Groups) - 1; left > 0; to-- { // from the end, so that nothing is overwritten before it is moved
		if at > 0 && s.Groups[at-1].compare(&missing[left-1]) > 0 {
			at--
			s.Groups[to] = s.Groups[at]
			continue
		}
		left--
		s.Groups[to] = missing[left]
	}
}

// stateVersion is the first byte of a state's binary form. It changes whenever the form does.
const stateVersion = 2

// AppendBinary appends the state's binary form: the version; the trips filtered; how many groups there are, and how many keys and sums each group
// has; then each group as varints, in the order of its fields.
func (s State) AppendBinary(b []byte) ([]byte, error) {
	keys, sums := 0, 0
	if len(s.Groups) > 0 {
		keys, sums = len(s.Groups[0].Keys), len(s.Groups[0].Sums)
	}
	b = append(b, stateVersion)
	b = binary.AppendVarint(b, s.Filtered)
	for _, n := range []int{len(s.Groups), keys, sums} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	for _, g := range s.Groups {
		if len(g.Keys) != keys || len(g.Sums) != sums {
			return nil, fmt.Errorf("aggregate: the groups of a state differ: found %d and %d keys, %d and %d sums", keys, len(g.Keys), sums, len(g.Sums))
		}
		b = binary.AppendVarint(b, int64(g.Month))
		b = append(b, g.Nulls)
		for _, k := range g.Keys {
			b = binary.AppendVarint(b, k)
		}
		b = binary.AppendVarint(b, g.Rows)
		b = binary.AppendVarint(b, g.Or)
		for _, v := range g.Sums {
			b = binary.AppendVarint(b, v.Count)
			b = binary.AppendVarint(b, v.Hi)
			b = binary.LittleEndian.AppendUint64(b, v.Lo)
		}
	}
	return b, nil
}

// packed returns the state's binary form in no more memory than it takes.
func (s State) packed() ([]byte, error) {
	b, err := s.AppendBinary(nil)
	return slices.Clone(b), err
}

// UnmarshalBinary reads what AppendBinary wrote. An unknown version is an error that says so.
func (s *State) UnmarshalBinary(b []byte) (err error) {
	w, err := walkState(b)
	if err != nil {
		return err
	}
	*s = State{Filtered: w.filtered}
	if w.groups > 0 {
		s.Groups = make([]Group, w.groups)
	}
	keys, sums := make([]int64, w.groups*w.keys), make([]Sum, w.groups*w.sums) // one piece of memory for all groups
	for i := range s.Groups {
		g := &s.Groups[i]
		if w.keys > 0 {
			g.Keys = keys[i*w.keys : (i+1)*w.keys : (i+1)*w.keys]
		}
		if w.sums > 0 {
			g.Sums = sums[i*w.sums : (i+1)*w.sums : (i+1)*w.sums]
		}
		if w.group(g); w.r.short {
			return errStateShort
		}
		if i > 0 && s.Groups[i-1].compare(g) >= 0 {
			return errStateOrder
		}
	}
	return w.end()
}

var (
	errStateShort = errors.New("aggregate: a state: it ends too early")
	errStateOrder = errors.New("aggregate: a state: its groups do not ascend")
	errStateForm  = errors.New("aggregate: a state: its groups have other keys or sums than those of another state of the table")
	errStateEnd   = errors.New("aggregate: a state: it does not end where it should")
)

// stateWalk walks over the binary form of a state.
type stateWalk struct {
	r                  reader
	filtered           int64
	groups, keys, sums int // how many groups there are, and how many keys and sums each has
}

// walkState begins with the first group.
func walkState(b []byte) (w stateWalk, err error) {
	if len(b) == 0 || b[0] != stateVersion {
		found := "nothing"
		if len(b) > 0 {
			found = fmt.Sprintf("version %d", b[0])
		}
		return w, fmt.Errorf("aggregate: a state: found %s, expected version %d; it was written by another release", found, stateVersion)
	}
	w.r.in = b[1:]
	w.filtered = w.r.varint()
	w.groups, w.keys, w.sums = w.r.count(), w.r.count(), w.r.count()
	const least, leastSum = 4, 10 // bytes of a group without keys and sums, and of a sum
	switch {
	case w.r.short:
		return w, errStateEnd
	case w.groups > 0 && w.groups > len(w.r.in)/(least+w.keys+leastSum*w.sums):
		return w, errStateShort
	}
	return w, nil
}

// group reads the next group into g, whose keys and sums have their lengths.
func (w *stateWalk) group(g *Group) {
	g.Month, g.Nulls = int32(w.r.varint()), w.r.byte()
	for i := range g.Keys {
		g.Keys[i] = w.r.varint()
	}
	g.Rows, g.Or = w.r.varint(), w.r.varint()
	for i := range g.Sums {
		g.Sums[i] = Sum{Count: w.r.varint(), Hi: w.r.varint(), Lo: w.r.uint64()}
	}
}

// end checks that nothing follows.
func (w *stateWalk) end() error {
	if w.r.short || len(w.r.in) > 0 {
		return errStateEnd
	}
	return nil
}

// eachGroup calls f for each group of a state in its binary form. A group is valid until the next one is read.
func eachGroup(b []byte, f func(g *Group)) (filtered int64, err error) {
	w, err := walkState(b)
	if err != nil {
		return 0, err
	}
	g, last := w.empty(), w.empty()
	for i := range w.groups {
		if w.group(&g); w.r.short {
			return 0, errStateShort
		}
		if i > 0 && last.compare(&g) >= 0 {
			return 0, errStateOrder
		}
		f(&g)
		g, last = last, g
	}
	return w.filtered, w.end()
}

// empty returns a group with room for keys and sums.
func (w *stateWalk) empty() Group {
	return Group{Keys: make([]int64, w.keys), Sums: make([]Sum, w.sums)}
}

// eachMonth calls f with the groups of each month of a state in its binary form, as the binary form of a state of its own.
func eachMonth(b []byte, f func(month int32, part []byte)) error {
	w, err := walkState(b)
	if err != nil {
		return err
	}
	g := w.empty()
	month, first, from := int32(0), 0, w.r.in // of the part that is not emitted yet
	flush := func(next int, rest []byte) {
		groups := from[:len(from)-len(rest)]
		switch {
		case next == first:
		case next-first == w.groups && w.filtered == 0:
			f(month, b)
		default:
			part := make([]byte, 0, 1+4*binary.MaxVarintLen32+len(groups))
			part = binary.AppendVarint(append(part, stateVersion), 0)
			for _, n := range []int{next - first, w.keys, w.sums} {
				part = binary.AppendUvarint(part, uint64(n))
			}
			f(month, slices.Clip(append(part, groups...)))
		}
		first, from = next, rest
	}
	for i := range w.groups {
		rest := w.r.in
		if w.group(&g); w.r.short {
			return errStateShort
		}
		if i > 0 && g.Month != month {
			flush(i, rest)
		}
		month = g.Month
	}
	flush(w.groups, w.r.in)
	return w.end()
}

// reader reads numbers from bytes. If the bytes end too early it sets short and returns 0 from there on.
type reader struct {
	in    []byte
	short bool
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.in)
	return r.took(v, n)
}

// count reads how many things follow. Each takes at least one byte, which bounds the number.
func (r *reader) count() int {
	v, n := binary.Uvarint(r.in)
	if n <= 0 || v > uint64(len(r.in)) {
		r.short = true
		return 0
	}
	return int(r.took(int64(v), n))
}

func (r *reader) took(v int64, n int) int64 {
	if n <= 0 {
		r.short, r.in = true, nil
		return 0
	}
	r.in = r.in[n:]
	return v
}

func (r *reader) byte() byte {
	if len(r.in) == 0 {
		r.short = true
		return 0
	}
	v := r.in[0]
	r.in = r.in[1:]
	return v
}

func (r *reader) uint64() uint64 {
	if len(r.in) < 8 {
		r.short, r.in = true, nil
		return 0
	}
	v := binary.LittleEndian.Uint64(r.in)
	r.in = r.in[8:]
	return v
}
