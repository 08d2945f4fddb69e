package group

import "slices"

// find sets the group of each row of a batch. It tells whether all rows are of one group. A row that the mask leaves out makes no group: if its group
// does not exist, the number that is set has no meaning.
func (g *grouper) find(ids []uint32, mask []byte) (one bool) {
	g.mask = mask
	g.varies, g.held = g.varies[:0], 0
	for k, l := range g.lists {
		g.counts[k] = l.count
		g.held += l.bytes
		if len(l.runs) == 0 {
			g.varies = append(g.varies, k)
		}
	}
	g.fit()
	var next [8]int // memory for runs: by key, the run that comes next
	runs := next[:0]
	for range g.keys {
		runs = append(runs, 0)
	}
	from := 0
	for from < len(ids) {
		end := len(ids)
		for k, l := range g.lists {
			if len(l.runs) > 0 {
				r := l.runs[runs[k]]
				g.now[k] = r.code
				end = min(end, r.end)
			}
		}
		for k, l := range g.lists {
			if len(l.runs) > 0 && l.runs[runs[k]].end == end {
				runs[k]++
			}
		}
		g.findSegment(ids[from:end], from)
		one = from == 0 && end == len(ids) && len(g.varies) == 0
		from = end
	}
	return one
}

// findSegment sets the groups of consecutive rows of the batch, beginning with row from. In these rows only the keys that vary have different codes.
func (g *grouper) findSegment(ids []uint32, from int) {
	switch {
	case len(g.varies) == 0:
		id := g.only(g.firstOf(from, len(ids)))
		for i := range ids {
			ids[i] = id
		}
	case g.direct != nil:
		g.findDirect(ids, from)
	case g.long != nil:
		for i := range ids {
			ids[i] = g.group(from + i)
		}
	default:
		base := g.base()
		if (g.groups >= fewHashed || g.again) && g.turn(base, from, len(ids)) {
			g.findInPage(ids, from, base)
			return
		}
		for i := range ids {
			ids[i] = g.hashed(base, from+i)
		}
	}
}

// only returns the group of a segment in which no key varies. row is one of its rows.
func (g *grouper) only(row int) uint32 {
	if g.direct != nil || g.long != nil {
		return g.group(row)
	}
	return g.hashed(g.base(), row)
}

// base returns the codes of the keys that do not vary, at their places in a key of the hash table.
func (g *grouper) base() (base uint64) {
	for k, l := range g.lists {
		if len(l.runs) > 0 {
			base |= uint64(g.now[k]) << g.shift[k]
		}
	}
	return base
}

// leftOut tells whether the mask leaves a row out.
func (g *grouper) leftOut(row int) bool { return g.mask != nil && g.mask[row>>3]>>(row&7)&1 == 0 }

// firstOf returns the first row of a segment that the mask chooses. If it chooses none, firstOf returns the first row.
func (g *grouper) firstOf(from, rows int) int {
	for row := from; row < from+rows; row++ {
		if !g.leftOut(row) {
			return row
		}
	}
	return from
}

// code returns the code of a key in a row of the segment.
func (g *grouper) code(key, row int) uint32 {
	if len(g.lists[key].runs) > 0 {
		return g.now[key]
	}
	return g.lists[key].list[row]
}

func (g *grouper) findDirect(ids []uint32, from int) {
	base, n := uint32(0), len(ids)
	for k, l := range g.lists {
		if len(l.runs) > 0 {
			base += g.now[k] * g.stride[k]
		}
	}
	var strides [3]uint32
	var lists [3][]uint32
	keys := len(g.varies)
	if keys <= len(lists) {
		for i, k := range g.varies {
			strides[i], lists[i] = g.stride[k], g.lists[k].list[from:][:n]
		}
	} else { // ids gets the places in the table first, and takes the place of a single key
		for i := range ids {
			ids[i] = base
		}
		for _, k := range g.varies {
			stride := g.stride[k]
			for i, code := range g.lists[k].list[from:][:n] {
				ids[i] += code * stride
			}
		}
		base, keys, strides[0], lists[0] = 0, 1, 1, ids
	}
	for done := 0; done < n; done++ {
		rest := ids[done:]
		switch keys {
		case 1:
			done += known1(rest, g.direct[base:], lists[0][done:], strides[0])
		case 2:
			done += known2(rest, g.direct[base:], lists[0][done:], lists[1][done:], strides[0], strides[1])
		default:
			done += known3(rest, g.direct[base:], lists[0][done:], lists[1][done:], lists[2][done:], strides[0], strides[1], strides[2])
		}
		if done < n {
			ids[done] = g.group(from + done)
		}
	}
}

// known1 sets the groups of rows, up to the first row whose group does not exist yet. It returns how many it has set. The loops of known1 to
// known3 call nothing, so that all they need stays in registers.
func known1(ids, direct, a []uint32, s uint32) int {
	a = a[:len(ids)]
	for i := range ids {
		id := direct[a[i]*s]
		if id == 0 {
			return i
		}
		ids[i] = id - 1
	}
	return len(ids)
}

// known2 is known1 for two keys.
func known2(ids, direct, a, b []uint32, s, t uint32) int {
	a, b = a[:len(ids)], b[:len(ids)]
	for i := range ids {
		id := direct[a[i]*s+b[i]*t]
		if id == 0 {
			return i
		}
		ids[i] = id - 1
	}
	return len(ids)
}

// known3 is known1 for three keys.
func known3(ids, direct, a, b, c []uint32, s, t, u uint32) int {
	a, b, c = a[:len(ids)], b[:len(ids)], c[:len(ids)]
	for i := range ids {
		id := direct[a[i]*s+b[i]*t+c[i]*u]
		if id == 0 {
			return i
		}
		ids[i] = id - 1
	}
	return len(ids)
}

// hashed is group for a row of a segment in which the keys that do not vary have the codes in base. It looks into the page too, which may have
// groups that the hash table does not have.
func (g *grouper) hashed(base uint64, row int) uint32 {
	for _, k := range g.varies {
		base |= uint64(g.lists[k].list[row]) << g.shift[k]
	}
	if p := &g.page; p.of != nil && base&^p.mask == p.others {
		if a, b := g.code(p.of[0], row), g.code(p.of[1], row); a < p.radix[0] && b < p.radix[1] {
			return g.paged(&p.groups[a+b*p.radix[0]], row)
		}
	}
	id, known := g.hash.find(base)
	if !known {
		id = g.group(row)
	}
	return id
}

// paged returns the group of a row. at is the place of the group in the page. If there is no group, paged makes it, unless the mask leaves the row out. It
// puts a new group into the page only, not into the hash table.
func (g *grouper) paged(at *uint32, row int) uint32 {
	if *at == 0 {
		tuple := g.tuple(make([]uint32, 0, 8), row)
		var id uint32
		known := false
		if !g.page.complete {
			id, known = g.hash.find(g.packed(tuple))
		}
		switch {
		case known:
		case g.leftOut(row):
			return 0
		default:
			id = g.add(tuple)
		}
		*at = id + 1
	}
	return *at - 1
}

// leave puts the groups that only the page has into the hash table, and drops the page.
func (g *grouper) leave() {
	p, n := &g.page, len(g.keys)
	if p.of == nil {
		return
	}
	for id := p.since; id < g.groups; id++ {
		if key := g.packed(g.of[id*n : id*n+n]); key&^p.mask == p.others {
			if _, known := g.hash.find(key); !known {
				g.hash.put(key, uint32(id))
			}
		}
	}
	p.of = nil
}

// page is a table of groups that differ only in two keys, indexed by the codes of these keys. Often nearly all rows of a batch are of such groups, for
// example journeys of one month. A page is much smaller than the hash table. Groups that were made in the page are not in the hash table until the
// page is dropped.
type page struct {
	of     []int  // the two keys; nil if there is no page
	others uint64 // the codes of the other keys, at their places in the keys of hash
	mask   uint64 // the bits of the two keys in the keys of hash
	radix  [2]uint32
	groups []uint32 // the group plus 1; 0 if the hash table must be asked
	since  int      // groups from this one on may be in the page and not in the hash table

	complete bool // the hash table has no group that is missing in the page

	// If a third key varies, the page is for the rows in which that key has the given code.
	third int // -1 if no third key varies
	code  uint32
}

const (
	mostInPage = 1 << 18
	// Below fewHashed groups the hash table is as fast as a page.
	fewHashed = 1 << 12
	// Below fewRows rows a new page takes longer than looking up the rows in the hash table.
	fewRows = 1 << 6
	// sampled is the number of rows of a segment that show whether a key has the same code in nearly all rows.
	sampled = 32
)

// turn makes the page fit a segment: the two keys of the page vary, and the other keys of the page have the codes that they have in nearly all rows. It
// keeps a page that fits already. It returns false if no page can fit, or if a page is not worthwhile.
func (g *grouper) turn(base uint64, from, rows int) bool {
	p := &g.page
	third, code := -1, uint32(0)
	if len(g.varies) < 2 || len(g.varies) > 3 {
		return false
	}
	var memory [3]int
	of := append(memory[:0], g.varies...)
	if len(of) == 3 {
		least := 0 // the index of the key with the fewest codes
		for i, k := range of {
			if g.counts[k] < g.counts[of[least]] {
				least = i
			}
		}
		third = of[least]
		of = slices.Delete(of, least, least+1)
		list := g.lists[third].list[from:][:rows]
		code = list[len(list)/2]
		same := 0
		for i := range sampled {
			if list[len(list)*i/sampled] == code {
				same++
			}
		}
		if same < sampled*7/8 {
			return false
		}
		base |= uint64(code) << g.shift[third]
	}
	a, b := g.counts[of[0]], g.counts[of[1]]
	if slices.Equal(p.of, of) && p.others == base && a <= int(p.radix[0]) && b <= int(p.radix[1]) {
		p.third, p.code = third, code
		return true
	}
	a, b = a+a/16, b+b/16
	if rows < fewRows || a*b > mostInPage {
		return false
	}
	g.leave()
	p.of, p.others, p.radix, p.since = slices.Clone(of), base, [2]uint32{uint32(a), uint32(b)}, g.groups
	p.third, p.code = third, code
	p.mask = g.maskOf(of[0]) | g.maskOf(of[1])
	p.groups = slices.Grow(p.groups[:0], a*b)[:a*b]
	clear(p.groups)
	if p.complete = g.groups <= rows; p.complete {
		g.fillPage()
	}
	return true
}

// fillPage puts the groups that are already there into the page.
func (g *grouper) fillPage() {
	p, n := &g.page, len(g.keys)
	for id := range g.groups {
		if tuple := g.of[id*n : id*n+n]; g.packed(tuple)&^p.mask == p.others {
			p.groups[tuple[p.of[0]]+tuple[p.of[1]]*p.radix[0]] = uint32(id) + 1
		}
	}
}

// maskOf returns the bits that a key has in the keys of hash.
func (g *grouper) maskOf(k int) uint64 { return uint64(g.radix[k]-1) << g.shift[k] }

func (g *grouper) findInPage(ids []uint32, from int, base uint64) {
	p, n := &g.page, len(ids)
	a, b := g.lists[p.of[0]].list[from:][:len(ids)], g.lists[p.of[1]].list[from:][:len(ids)]
	var third []uint32
	if p.third >= 0 {
		third = g.lists[p.third].list[from:][:n]
	}
	groups, radix := p.groups, p.radix[0]
	if third == nil {
		for i := range ids {
			id := groups[a[i]+b[i]*radix]
			if id == 0 {
				id = g.paged(&groups[a[i]+b[i]*radix], from+i) + 1
			}
			ids[i] = id - 1
		}
		return
	}
	for i := range ids {
		if third[i] != p.code {
			ids[i] = g.hashed(base, from+i)
		} else {
			ids[i] = g.paged(&groups[a[i]+b[i]*radix], from+i)
		}
	}
}
