package group

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// mostDirect is the largest number of entries of a table that codes of keys are looked up in directly.
const mostDirect = 1 << 20

// grouper numbers the groups of a query.
type grouper struct {
	keys    []*key
	vectors []int // by key: of the program
	groups  int
	of      []uint32 // the codes of each group's keys, side by side

	radix  []int    // by key: more than any code, for the direct table
	stride []uint32 // by key: the product of the radices before it, where keys that vary from row to row come first
	direct []uint32 // by the codes in mixed radix: the group plus 1; nil if hash is used
	shift  []uint   // by key: the place of the code in hash's keys
	hash   numbers
	again  bool              // the groups of the source before were in hash
	long   map[string]uint32 // if codes need more than 64 bits: by the codes side by side
	page   page

	lists  []*coded // by key: the codes of the batch that is being added
	counts []int    // by key: larger than any code
	varies []int    // the keys that vary from row to row
	now    []uint32 // by key that does not vary: its code in the segment that is being looked up
	held   int64    // how many bytes the codes take
	mask   []byte   // a bitmap of the rows that may make groups; nil if all may
	name   []byte
}

func (g *grouper) init(keys []*key) {
	g.keys = keys
	n := len(keys)
	g.vectors, g.lists = make([]int, n), make([]*coded, n)
	g.radix, g.stride, g.shift = make([]int, n), make([]uint32, n), make([]uint, n)
	g.counts, g.now = make([]int, n), make([]uint32, n)
	g.direct = []uint32{}
	g.reset()
}

// reset forgets all groups. If they were in hash, the groups of the next source will be there from the start, because it often has as many.
func (g *grouper) reset() {
	g.again = g.direct == nil && g.long == nil
	g.groups, g.of, g.long = 0, g.of[:0], nil
	g.hash.reset()
	g.page.of = nil
	if g.again {
		return
	}
	for i := range g.keys {
		g.radix[i], g.stride[i] = 1, 0
	}
	g.direct = grown(g.direct[:0], 1, 0)
	g.direct[0] = 0
}

func (g *grouper) bytes() int64 {
	return int64(cap(g.of)+cap(g.direct)+cap(g.page.groups))*4 + g.hash.bytes() + g.held
}

// group returns the group of a row. If there is none, it makes the group, unless the mask leaves the row out.
func (g *grouper) group(row int) uint32 {
	tuple := g.tuple(make([]uint32, 0, 8), row)
	id, known := g.look(tuple)
	switch {
	case known:
	case g.leftOut(row):
		return 0
	default:
		id = g.add(tuple)
		g.put(tuple, id)
	}
	return id
}

// tuple appends the code of each key in a row.
func (g *grouper) tuple(to []uint32, row int) []uint32 {
	for k := range g.keys {
		to = append(to, g.code(k, row))
	}
	return to
}

// add makes a group with the given codes.
func (g *grouper) add(tuple []uint32) uint32 {
	g.of = append(g.of, tuple...)
	g.groups++
	return uint32(g.groups - 1)
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
	at := 0
	for k, c := range tuple {
		at += int(c * g.stride[k])
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
		fits = fits && g.counts[k] <= g.radix[k]
	}
	if fits || g.long != nil {
		return
	}
	hashed := g.direct == nil && g.groups > 0
	if g.groups == 0 { // the radices that an earlier source needed do not matter
		clear(g.radix)
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
			g.setStrides()
			g.direct = slices.Grow(g.direct[:0], product)[:product]
			clear(g.direct)
			g.putAll()
			return
		}
		g.direct = nil
	}
	place := uint(0)
	for k := range g.keys {
		width := uint(bits.Len(uint(max(g.counts[k], g.radix[k]))))
		if hashed && g.counts[k] <= g.radix[k] { // the key needs no more bits, and other keys may need them
			width = g.width(k)
		}
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

// width is how many bits a key has in the keys of hash. With hash, its radix is a power of two.
func (g *grouper) width(k int) uint { return uint(bits.TrailingZeros(uint(g.radix[k]))) }

func (g *grouper) setRadix(slack int) (product int) {
	product = 1
	for k := range g.keys {
		n := g.counts[k]
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

// setStrides gives the smallest strides to the keys that vary from row to row, so that the entries for the rows of a batch lie close together.
func (g *grouper) setStrides() {
	stride := uint32(1)
	for _, runs := range []bool{false, true} {
		for k := len(g.keys) - 1; k >= 0; k-- {
			if (len(g.lists[k].runs) > 0) == runs {
				g.stride[k] = stride
				stride *= uint32(g.radix[k])
			}
		}
	}
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
	if g.groups == 0 { // this adder does not use the codes of its keys, so other adders may reset them at any time
		return nil, nil
	}
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
		list = sortKeys(list, spare, low, width+low)
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

// byShard returns the groups in the order of their shards. Groups of the same shard stay in the given order. starts has for each shard the index of its
// first group, and at the end the number of groups.
func (g *grouper) byShard(order []uint32, written [][][]byte) (groups []uint32, starts []int) {
	starts = make([]int, Shards+1)
	shards := make([]uint8, len(order))
	hashes := make([]uint64, len(g.keys)+1) // by number of keys: the hash of so many first keys of the group before
	last, n := []uint32(nil), len(g.keys)
	hashes[0] = shardSeed
	for i, id := range order {
		codes := g.of[int(id)*n:][:n]
		k := 0
		for last != nil && k < n && codes[k] == last[k] {
			k++
		}
		for ; k < n; k++ {
			hashes[k+1] = shardHash(hashes[k], written[k][codes[k]])
		}
		last = codes
		shard := shardOfHash(hashes[n])
		shards[i] = uint8(shard)
		starts[shard+1]++
	}
	for i := range Shards {
		starts[i+1] += starts[i]
	}
	next := slices.Clone(starts)
	groups = make([]uint32, len(order))
	for i, id := range order {
		at := &next[shards[i]]
		groups[*at] = id
		*at++
	}
	return groups, starts
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
