package group

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"tripstats/transforms/compute"
	"tripstats/transforms/query"
)

// mostDirect is the largest number of entries of a table that codes of keys are looked up in directly.
const mostDirect = 1 << 20

// grouper numbers the groups of a query.
type grouper struct {
	keys    []codes
	vectors []int // by key: of the program
	groups  int
	of      []uint32 // the codes of each group's keys, side by side

	radix  []int    // by key: more than any code, for the direct table
	direct []uint32 // by the codes in mixed radix: the group plus 1; nil if hash is used
	shift  []uint   // by key: the place of the code in hash's keys
	hash   numbers
	long   map[string]uint32 // if codes need more than 64 bits: by the codes side by side
	page   page

	lists  [][]uint32 // by key: the codes of the batch that is being added
	varies []int      // the keys that have several values in the batch
	name   []byte
}

func (g *grouper) init(q *query.Query, t *texts) {
	for _, k := range q.Keys {
		g.keys = append(g.keys, codes{t: k.Type, texts: t})
	}
	n := len(q.Keys)
	g.vectors = make([]int, n)
	g.radix, g.shift = make([]int, n), make([]uint, n)
	g.reset()
}

func (g *grouper) reset() {
	g.groups, g.of, g.long = 0, g.of[:0], nil
	for i := range g.keys {
		g.keys[i].reset()
		g.radix[i] = 1
	}
	g.hash.reset()
	g.page.of = nil
	g.direct = grown(g.direct[:0], 1, 0)
	g.direct[0] = 0
}

func (g *grouper) bytes() int64 {
	n := int64(cap(g.of)+cap(g.direct)+cap(g.page.groups))*4 + g.hash.bytes()
	for i := range g.keys {
		n += g.keys[i].bytes()
	}
	return n
}

// find sets the group of each row of a batch. It tells whether all are of one group.
func (g *grouper) find(p *compute.Program, ids []uint32) (one bool) {
	g.varies = g.varies[:0]
	for i := range g.keys {
		if g.lists[i] = g.keys[i].of(p.Vector(g.vectors[i]), g.lists[i], len(ids)); len(g.lists[i]) > 1 {
			g.varies = append(g.varies, i)
		}
	}
	g.fit()
	if len(g.varies) == 0 {
		id := g.group(0)
		for i := range ids {
			ids[i] = id
		}
		return true
	}
	if g.direct == nil {
		g.findHashed(ids)
	} else {
		g.findDirect(ids)
	}
	return false
}

// code is the code of a key in a row.
func (g *grouper) code(key, row int) uint32 {
	if len(g.lists[key]) == 1 {
		row = 0
	}
	return g.lists[key][row]
}

func (g *grouper) findDirect(ids []uint32) {
	base, stride := uint32(0), uint32(1)
	strides := [3]uint32{}
	var lists [3][]uint32
	v := 0
	general := len(g.varies) > len(lists)
	for k := range g.keys {
		switch {
		case len(g.lists[k]) == 1:
			base += g.lists[k][0] * stride
		case !general:
			strides[v], lists[v] = stride, g.lists[k]
			v++
		}
		stride *= uint32(g.radix[k])
	}
	n := len(ids)
	switch {
	case general:
		g.findGeneral(ids)
	case v == 1:
		a, s := lists[0][:n], strides[0]
		for i := range ids {
			id := g.direct[base+a[i]*s]
			if id == 0 {
				id = g.group(i) + 1
			}
			ids[i] = id - 1
		}
	case v == 2:
		a, s, b, t := lists[0][:n], strides[0], lists[1][:n], strides[1]
		for i := range ids {
			id := g.direct[base+a[i]*s+b[i]*t]
			if id == 0 {
				id = g.group(i) + 1
			}
			ids[i] = id - 1
		}
	default:
		a, s, b, t, c, u := lists[0][:n], strides[0], lists[1][:n], strides[1], lists[2][:n], strides[2]
		for i := range ids {
			id := g.direct[base+a[i]*s+b[i]*t+c[i]*u]
			if id == 0 {
				id = g.group(i) + 1
			}
			ids[i] = id - 1
		}
	}
}

// findGeneral is findDirect for many keys.
func (g *grouper) findGeneral(ids []uint32) {
	clear(ids)
	stride := uint32(1)
	for k, list := range g.lists {
		for i := range ids {
			ids[i] += list[min(i, len(list)-1)] * stride
		}
		stride *= uint32(g.radix[k])
	}
	for i, at := range ids {
		id := g.direct[at]
		if id == 0 {
			id = g.group(i) + 1
		}
		ids[i] = id - 1
	}
}

func (g *grouper) findHashed(ids []uint32) {
	if g.long != nil {
		for i := range ids {
			ids[i] = g.group(i)
		}
		return
	}
	base := uint64(0)
	for k, list := range g.lists {
		if len(list) == 1 {
			base |= uint64(list[0]) << g.shift[k]
		}
	}
	if g.groups >= fewHashed && g.turn(base) {
		g.findInPage(ids, base)
		return
	}
	for i := range ids {
		ids[i] = g.hashed(base, i)
	}
}

// hashed is group for a row of a batch in which some keys have the same codes in all rows: those of base.
func (g *grouper) hashed(base uint64, row int) uint32 {
	for _, k := range g.varies {
		base |= uint64(g.lists[k][row]) << g.shift[k]
	}
	id, known := g.hash.find(base)
	if !known {
		id = g.group(row)
	}
	return id
}

// page has groups that differ in only two keys, by the codes of both keys. Often nearly all rows of a batch are of such groups, for
// example journeys of one month. A page is much smaller than the hash table.
type page struct {
	of     []int // the two keys; nil if nothing is known
	others uint64
	radix  [2]uint32
	groups []uint32 // the group plus 1, 0 if hash has to tell

	// If a third key varies, the page has rows with one code of it.
	third int // -1 if none does
	code  uint32
}

const (
	mostInPage = 1 << 18
	// fewHashed is how many groups are found in the hash table as fast.
	fewHashed = 1 << 12
	// sampled is how many rows of a batch tell whether nearly all have one code of a key.
	sampled = 32
)

// turn sets the two keys of the page to keys that vary, and the codes of the other keys to those of nearly all rows. It returns false if
// there are no such keys.
func (g *grouper) turn(base uint64) bool {
	p := &g.page
	p.third = -1
	of := append(make([]int, 0, 3), g.varies...)
	if len(of) == 3 {
		least := 0 // the key with the fewest codes
		for i, k := range of {
			if g.keys[k].count < g.keys[of[least]].count {
				least = i
			}
		}
		p.third = of[least]
		of = slices.Delete(of, least, least+1)
		list := g.lists[p.third]
		p.code = list[len(list)/2]
		same := 0
		for i := range sampled {
			if list[len(list)*i/sampled] == p.code {
				same++
			}
		}
		if same < sampled*7/8 {
			return false
		}
		base |= uint64(p.code) << g.shift[p.third]
	}
	if len(of) != 2 {
		return false
	}
	a, b := g.keys[of[0]].count, g.keys[of[1]].count
	if slices.Equal(p.of, of) && p.others == base && a <= int(p.radix[0]) && b <= int(p.radix[1]) {
		return true
	}
	a, b = a+a/16, b+b/16
	if a*b > mostInPage {
		return false
	}
	p.of, p.others, p.radix = of, base, [2]uint32{uint32(a), uint32(b)}
	p.groups = slices.Grow(p.groups[:0], a*b)[:a*b]
	clear(p.groups)
	return true
}

func (g *grouper) findInPage(ids []uint32, base uint64) {
	p := &g.page
	a, b := g.lists[p.of[0]][:len(ids)], g.lists[p.of[1]][:len(ids)]
	var third []uint32
	if p.third >= 0 {
		third = g.lists[p.third][:len(ids)]
	}
	for i := range ids {
		if third != nil && third[i] != p.code {
			ids[i] = g.hashed(base, i)
			continue
		}
		at := &p.groups[a[i]+b[i]*p.radix[0]]
		if *at == 0 {
			*at = g.group(i) + 1
		}
		ids[i] = *at - 1
	}
}

// group returns the group of a row, and makes it if there is none.
func (g *grouper) group(row int) uint32 {
	tuple := make([]uint32, 0, 8)
	for k := range g.keys {
		tuple = append(tuple, g.code(k, row))
	}
	id, known := g.look(tuple)
	if !known {
		id = uint32(g.groups)
		g.groups++
		g.of = append(g.of, tuple...)
		g.put(tuple, id)
	}
	return id
}

func (g *grouper) look(tuple []uint32) (uint32, bool) {
	switch {
	case g.direct != nil:
		id := g.direct[g.at(tuple)]
		return id - 1, id > 0
	case g.long != nil:
		id, known := g.long[string(g.nameOf(tuple))]
		return id, known
	}
	return g.hash.find(g.packed(tuple))
}

func (g *grouper) put(tuple []uint32, id uint32) {
	switch {
	case g.direct != nil:
		g.direct[g.at(tuple)] = id + 1
	case g.long != nil:
		g.long[string(g.nameOf(tuple))] = id
	default:
		g.hash.put(g.packed(tuple), id)
	}
}

func (g *grouper) at(tuple []uint32) int {
	at, stride := 0, 1
	for k, c := range tuple {
		at += int(c) * stride
		stride *= g.radix[k]
	}
	return at
}

func (g *grouper) packed(tuple []uint32) (key uint64) {
	for k, c := range tuple {
		key |= uint64(c) << g.shift[k]
	}
	return key
}

func (g *grouper) nameOf(tuple []uint32) []byte {
	g.name = g.name[:0]
	for _, c := range tuple {
		g.name = binary.LittleEndian.AppendUint32(g.name, c)
	}
	return g.name
}

// fit makes room for the codes that there are. A code has room if it is less than the radix of its key.
func (g *grouper) fit() {
	fits := true
	for k := range g.keys {
		fits = fits && g.keys[k].count <= g.radix[k]
	}
	if fits || g.long != nil {
		return
	}
	g.page.of = nil // its groups go by codes that are packed by the shifts below
	if g.direct != nil {
		product := 1
		for _, slack := range []int{2, 8, 0} { // room for half as many codes more, for an eighth, for none
			if product = g.setRadix(slack); product <= mostDirect {
				break
			}
		}
		if product <= mostDirect {
			g.direct = slices.Grow(g.direct[:0], product)[:product]
			clear(g.direct)
			g.putAll()
			return
		}
		g.direct = nil
	}
	place := uint(0)
	for k := range g.keys {
		width := uint(bits.Len(uint(max(g.keys[k].count, g.radix[k]))))
		g.radix[k] = 1 << width
		g.shift[k] = place
		place += width
	}
	g.hash.reset()
	if place > 64 {
		g.long = map[string]uint32{}
	}
	g.putAll()
}

func (g *grouper) setRadix(slack int) (product int) {
	product = 1
	for k := range g.keys {
		n := g.keys[k].count
		if slack > 0 && n > 2 {
			n += n/slack + 1
		}
		g.radix[k] = n
		if product *= n; product > mostDirect {
			product = mostDirect + 1
		}
	}
	return product
}

func (g *grouper) putAll() {
	n := len(g.keys)
	for id := range g.groups {
		g.put(g.of[id*n:id*n+n], uint32(id))
	}
}

// sorted returns the groups in the order of their keys, and what each code of each key is written as.
//
// They are sorted by the places that their codes have in the order of what is written, side by side in one number if that is possible.
func (g *grouper) sorted() (order []uint32, written [][][]byte) {
	written, order = make([][][]byte, len(g.keys)), make([]uint32, g.groups)
	for k := range g.keys {
		written[k] = g.keys[k].written()
	}
	places, width := make([][]uint32, len(written)), 0
	for k, all := range written {
		byPlace := make([]uint32, len(all))
		for i := range byPlace {
			byPlace[i] = uint32(i)
		}
		slices.SortFunc(byPlace, func(a, b uint32) int { return bytes.Compare(all[a], all[b]) })
		places[k] = make([]uint32, len(all))
		for place, code := range byPlace {
			places[k][code] = uint32(place)
		}
		width += bits.Len(uint(len(all)))
	}
	if width > 64 {
		keys := make([][]byte, g.groups)
		for id := range keys {
			keys[id], order[id] = g.appendKey(nil, uint32(id), written), uint32(id)
		}
		slices.SortFunc(order, func(a, b uint32) int { return bytes.Compare(keys[a], keys[b]) })
		return order, written
	}
	if low := bits.Len(uint(g.groups)); width+low <= 64 {
		list, spare := make([]uint64, len(order)), make([]uint64, len(order))
		for id := range list {
			list[id] = g.place(places, id)<<low | uint64(id)
		}
		if len(list) > 0 {
			list = sortKeys(list, spare, low, width+low)
		}
		for i, place := range list {
			order[i] = uint32(place & (1<<low - 1))
		}
		return order, written
	}
	type placed struct {
		place uint64
		group uint32
	}
	list := make([]placed, len(order))
	for id := range list {
		list[id] = placed{g.place(places, id), uint32(id)}
	}
	slices.SortFunc(list, func(a, b placed) int { return cmp.Compare(a.place, b.place) })
	for i := range list {
		order[i] = list[i].group
	}
	return order, written
}

// place returns the places that the codes of a group have, side by side.
func (g *grouper) place(places [][]uint32, id int) (place uint64) {
	for k := range places {
		place = place<<bits.Len(uint(len(places[k]))) | uint64(places[k][g.of[id*len(places)+k]])
	}
	return place
}

// appendKey appends the key of a group.
func (g *grouper) appendKey(b []byte, id uint32, written [][][]byte) []byte {
	for k, code := range g.of[int(id)*len(g.keys):][:len(g.keys)] {
		b = append(b, written[k][code]...)
	}
	return b
}
