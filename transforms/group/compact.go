package group

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/klauspost/compress/huff0"

	"tripstats/transforms/sidebyside"
)

// A compact state takes about half of the memory. Its groups are not one list, but in chunks. [Blocks] cuts a state into the same parts, so it makes
// a block of each chunk.
//
// A chunk is written as its shard, its number of groups, its number of rows, its length, and its bytes. The bytes are three texts, each in a Huffman
// code. The first text has for each group: how many bytes of its key are equal to those of the key before, the rest of the key, and the lengths of
// the body and of the tail. The second text has the bodies. The third text has the tails, from the shortest to the longest. This order makes the
// text shorter: groups with equally many trips have distances of similar size, and each piece of the text has its own code.
//
// Coding takes time for each state, so only code that holds many states makes them compact. Every function of this package reads both forms.

// Compact returns the compact form of a state, if that is smaller. It uses all cores. It returns states with finished groups unchanged.
func Compact(state []byte) ([]byte, error) {
	var h header
	if _, err := h.read(state); err != nil {
		return nil, err
	}
	if h.Finished || h.compact {
		return state, nil
	}
	var of []uint32
	var blocks [][]byte
	if err := Blocks(state, func(shard uint32, _ bool, block []byte) error {
		of, blocks = append(of, shard), append(blocks, block)
		return nil
	}); err != nil {
		return nil, err
	}
	err := sidebyside.Do(len(blocks), func(i int) (err error) {
		blocks[i], err = chunkOf(of[i], blocks[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	h.compact = true
	compact := slices.Concat(append([][]byte{h.append(nil)}, blocks...)...)
	if len(compact) > len(state) {
		return state, nil
	}
	return compact, nil
}

func isCompactState(state []byte) bool { return len(state) > 1 && state[1]&isCompact != 0 }

// Plain returns the plain form of a state, which is not compact.
func Plain(state []byte) ([]byte, error) {
	if !isCompactState(state) {
		return state, nil
	}
	var h header
	groups, err := h.open(state)
	if err != nil {
		return nil, err
	}
	return append(h.append(make([]byte, 0, len(groups)+64)), groups...), nil
}

// chunkOf makes a chunk from a block.
func chunkOf(shard uint32, block []byte) ([]byte, error) {
	var h header
	in, err := h.read(block)
	if err != nil {
		return nil, err
	}
	c := coders.Get().(*coder)
	defer coders.Put(c)
	c.keys, c.bodies, c.tails = c.keys[:0], c.bodies[:0], c.tails[:0]
	var last []byte
	c.list, c.order = c.list[:0], c.order[:0]
	err = each(in, next, func(g record) error {
		same := 0
		for same < min(len(last), len(g.key)) && last[same] == g.key[same] {
			same++
		}
		c.keys = binary.AppendUvarint(c.keys, uint64(same))
		c.keys = binary.AppendUvarint(c.keys, uint64(len(g.key)-same))
		c.keys = append(c.keys, g.key[same:]...)
		c.keys = binary.AppendUvarint(c.keys, uint64(len(g.body)))
		c.keys = binary.AppendUvarint(c.keys, uint64(len(g.tail)))
		c.bodies = append(c.bodies, g.body...)
		c.order = append(c.order, byLength(len(c.list), len(g.tail)))
		c.list = append(c.list, packedRecord{tail: g.tail})
		last = g.key
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(c.order)
	for _, o := range c.order {
		c.tails = append(c.tails, c.list[uint32(o)].tail...)
	}
	clear(c.list) // so that the list does not keep the block in memory
	coded := c.append(c.append(c.append(c.out[:0], c.keys), c.bodies), c.tails)
	c.out = coded
	b := make([]byte, 0, len(coded)+4*binary.MaxVarintLen64)
	b = binary.AppendUvarint(b, uint64(shard))
	b = binary.AppendUvarint(b, uint64(h.Groups))
	b = binary.AppendUvarint(b, uint64(h.Counted))
	b = binary.AppendUvarint(b, uint64(len(coded)))
	return append(b, coded...), nil
}

// chunk is a part of a compact state.
type chunk struct {
	shard          uint32
	groups, rows   int64
	whole, content []byte
}

// nextChunk reads the chunk at the start of in. ok is false at the end.
func nextChunk(in []byte) (c chunk, rest []byte, ok bool, err error) {
	if len(in) == 0 {
		return c, nil, false, nil
	}
	r := reader{in: in}
	shard := r.number()
	c.shard, c.groups, c.rows = uint32(shard), r.number(), r.number()
	c.content = r.bytes(r.size())
	if r.short || shard >= Shards {
		return c, nil, false, errBroken
	}
	c.whole = in[:len(in)-len(r.in)]
	return c, r.in, true, nil
}

// compactBlocks is [Blocks] for a compact state.
func compactBlocks(h *header, in []byte, emit func(shard uint32, finished bool, block []byte) error) error {
	return each(in, nextChunk, func(c chunk) error {
		b := header{keys: h.keys, forms: h.forms, compact: true}
		b.Groups, b.Counted = c.groups, c.rows
		return emit(c.shard, false, append(b.append(make([]byte, 0, len(c.whole)+64)), c.whole...))
	})
}

// open reads a header, and returns the groups as they are written in a plain state.
func (h *header) open(b []byte) ([]byte, error) {
	in, err := h.read(b)
	if err != nil || !h.compact {
		return in, err
	}
	var chunks [][]byte
	err = each(in, nextChunk, func(c chunk) error {
		groups, err := c.open()
		chunks = append(chunks, groups)
		return err
	})
	if err != nil {
		return nil, err
	}
	h.compact = false
	if len(chunks) == 1 {
		return chunks[0], nil
	}
	return sortedGroups(chunks)
}

// sortedGroups merges lists of groups into one list in the order of the keys.
func sortedGroups(lists [][]byte) ([]byte, error) {
	var all []record
	size := 0
	for _, in := range lists {
		size += len(in)
		err := each(in, next, func(g record) error {
			all = append(all, g)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b record) int { return bytes.Compare(a.key, b.key) })
	out := make([]byte, 0, size)
	for _, g := range all {
		out = append(out, g.whole...)
	}
	return out, nil
}

// packedRecord is a group of a chunk.
type packedRecord struct {
	same   int64 // how many bytes of its key are equal to those of the key before
	rest   []byte
	body   []byte
	length int64 // of the tail
	tail   []byte
}

// byLength returns a number that sorts groups by the length of their tails, and then by their place. Both fit in 32 bits, because a block has less
// than 2^32 bytes.
func byLength(place, length int) uint64 { return uint64(length)<<32 | uint64(place) }

// open returns the groups of a chunk, as they are written in a plain state.
func (c *chunk) open() ([]byte, error) {
	d := coders.Get().(*coder)
	defer coders.Put(d)
	size, tails, err := d.openBodies(c)
	if err != nil {
		return nil, err
	}
	if d.tails = d.read(&tails, d.tails[:0]); tails.short || len(tails.in) > 0 {
		return nil, errBroken
	}
	slices.Sort(d.order)
	all := reader{in: d.tails}
	for _, o := range d.order {
		g := &d.list[uint32(o)]
		g.tail = all.bytes(int(g.length))
	}
	if all.short || len(all.in) > 0 {
		return nil, errBroken
	}
	return d.plain(make([]byte, 0, size+len(d.tails))), nil
}

// openWithoutTails returns the groups of a chunk as if they had no tails.
func (c *chunk) openWithoutTails() ([]byte, error) {
	d := coders.Get().(*coder)
	defer coders.Put(d)
	size, _, err := d.openBodies(c)
	if err != nil {
		return nil, err
	}
	return d.plain(make([]byte, 0, size)), nil
}

// openTails returns the tails of a chunk's groups.
func (c *chunk) openTails() ([][]byte, error) {
	groups, err := c.open()
	var tails [][]byte
	if err == nil {
		err = each(groups, next, func(g record) error {
			tails = append(tails, g.tail)
			return nil
		})
	}
	return tails, err
}

// openBodies reads all of a chunk but its tails, for which it returns a reader. Size is about what the groups take without their tails.
func (d *coder) openBodies(c *chunk) (size int, tails reader, err error) {
	r := reader{in: c.content}
	d.keys, d.bodies, d.key = d.read(&r, d.keys[:0]), d.read(&r, d.bodies[:0]), d.key[:0]
	if r.short {
		return 0, r, errBroken
	}
	d.list, d.order = d.list[:0], d.order[:0]
	texts := int64(0)
	bodies := reader{in: d.bodies}
	for keys := (reader{in: d.keys}); len(keys.in) > 0; {
		g := packedRecord{same: keys.number(), rest: keys.bytes(keys.size())}
		body := keys.number()
		g.length = keys.number()
		g.body = bodies.bytes(int(min(body, int64(len(bodies.in)+1))))
		if keys.short || bodies.short || g.same > int64(len(d.key)) || g.length > blockBytes && len(d.list) > 0 {
			return 0, r, errBroken
		}
		d.key = append(d.key[:g.same], g.rest...)
		texts += int64(len(d.key)) + body + g.length
		if texts > blockBytes && len(d.list) > 0 { // no block has so much, and damaged bytes may tell of far more than there can be
			return 0, r, errBroken
		}
		size += len(d.key) + len(g.body) + 3*binary.MaxVarintLen16
		d.order = append(d.order, byLength(len(d.list), int(g.length)))
		d.list = append(d.list, g)
	}
	if len(bodies.in) > 0 || int64(len(d.list)) != c.groups {
		return 0, r, errBroken
	}
	return size, r, nil
}

// plain appends the groups that were read, as they are written in a plain state.
func (d *coder) plain(out []byte) []byte {
	d.key = d.key[:0]
	for i := range d.list {
		g := &d.list[i]
		d.key = append(d.key[:g.same], g.rest...)
		out = appendRecord(out, d.key, g.body, g.tail)
	}
	return out
}

// coder is memory for coding and decoding chunks.
type coder struct {
	keys, bodies, tails, out, key []byte
	list                          []packedRecord
	order                         []uint64 // by byLength
	huffman, decoding             huff0.Scratch
}

// newCoder returns a coder that writes a new code before each piece. It never uses the code of the piece before, so that each piece can be read by
// itself.
func newCoder() *coder { return &coder{huffman: huff0.Scratch{Reuse: huff0.ReusePolicyNone}} }

var coders = sync.Pool{New: func() any { return newCoder() }}

// pieceBytes is how many bytes of a text are coded together.
const pieceBytes = 16 << 10

// append appends a text in pieces. It writes the length of the text and then for each piece: twice its length, plus 1 if the piece is coded, and
// the piece.
func (c *coder) append(b, text []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	for piece := range slices.Chunk(text, pieceBytes) {
		coded, _, err := huff0.Compress4X(piece, &c.huffman)
		if err != nil { // the piece is too short, or coding does not make it shorter
			b = append(binary.AppendUvarint(b, uint64(len(piece))<<1), piece...)
			continue
		}
		b = append(binary.AppendUvarint(b, uint64(len(coded))<<1|1), coded...)
	}
	return b
}

// read reads a text that append has written, and appends it to text.
func (c *coder) read(r *reader, text []byte) []byte {
	for left := r.number(); left > 0 && !r.short; {
		n := r.number()
		piece, size := r.bytes(int(min(n>>1, int64(len(r.in)+1)))), min(left, pieceBytes)
		left -= size
		if n&1 == 0 {
			if int64(len(piece)) != size {
				r.fail()
			}
			text = append(text, piece...)
			continue
		}
		at := len(text)
		text = slices.Grow(text, int(size))
		table, coded, err := huff0.ReadTable(piece, &c.decoding)
		if err != nil {
			r.fail()
			break
		}
		out, err := table.Decoder().Decompress4X(text[at:at:at+int(size)], coded)
		if err != nil || int64(len(out)) != size {
			r.fail()
			break
		}
		text = text[:at+int(size)]
	}
	return text
}
