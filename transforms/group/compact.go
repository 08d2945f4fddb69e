package group

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"github.com/klauspost/compress/huff0"

	"tripstats/transforms/sidebyside"
)

// If a state has many groups, they are in chunks, one for each shard: [Blocks] makes a block of each chunk. A chunk that would have more than a block may
// have is cut into several.
//
// A chunk is written as its shard, its number of groups, its number of rows, its length, and its bytes. The bytes are three texts. The first text
// has for each group: the number of bytes at the start of its key that the key before has too, the rest of the key, and the lengths of the body and of the
// tail. The second text has the bodies. The third text has the tails, from the shortest to the longest. This order makes a coded text shorter:
// groups with equally many trips have distances of similar size, and each piece of the text has its own code.
//
// In a compact state the texts are in a Huffman code. It takes about half of the memory. Coding takes time for each state, so only a caller that holds many
// states makes them compact. Every function of this package reads all forms.

// chunkedGroups is the smallest number of groups that [Adder.State] writes in chunks.
const chunkedGroups = 1 << 12

// Compact returns the compact form of a state, if that is smaller. It uses all cores. It returns states with finished groups unchanged.
func Compact(state []byte) ([]byte, error) {
	var h header
	in, err := h.read(state)
	if err != nil {
		return nil, err
	}
	if h.Finished || h.coded {
		return state, nil
	}
	var chunks []func(*coder) ([]byte, error)
	if h.chunked {
		err = each(in, nextChunk, func(c chunk) error {
			chunks = append(chunks, c.coded)
			return nil
		})
	} else {
		err = Blocks(state, func(shard uint32, _ bool, block []byte) error {
			chunks = append(chunks, func(c *coder) ([]byte, error) { return c.chunkOf(shard, block) })
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	coded := make([][]byte, 1+len(chunks))
	err = sidebyside.Do(len(chunks), func(i int) (err error) {
		c := coders.Get().(*coder)
		defer coders.Put(c)
		coded[1+i], err = chunks[i](c)
		return err
	})
	if err != nil {
		return nil, err
	}
	h.chunked, h.coded = true, true
	coded[0] = h.append(nil)
	compact := slices.Concat(coded...)
	if len(compact) > len(state) {
		return state, nil
	}
	return compact, nil
}

func isCodedState(state []byte) bool { return len(state) > 1 && state[1]&isCoded != 0 }

// Plain returns the plain form of a state, which is not in chunks.
func Plain(state []byte) ([]byte, error) {
	var h header
	if _, err := h.read(state); err != nil || !h.chunked {
		return state, err
	}
	in, err := h.open(state)
	if err != nil {
		return nil, err
	}
	return append(h.append(make([]byte, 0, len(in)+64)), in...), nil
}

// chunkWriter makes a chunk. Its owner appends the body and the tail of a group, and then adds the group.
type chunkWriter struct {
	keys, bodies, tails []byte
	key                 []byte   // of the group before
	order               []uint64 // of the groups, by byLength
	starts              []int    // of the tails; the last one is where the next tail begins
	body                int      // where the next body begins
	size                int      // of the keys, bodies and tails
	rows                int64
	sorted              []byte // memory
}

// begin begins a chunk.
func (w *chunkWriter) begin() {
	*w = chunkWriter{
		keys: w.keys[:0], bodies: w.bodies[:0], tails: w.tails[:0], key: w.key[:0], order: w.order[:0], starts: append(w.starts[:0], 0), sorted: w.sorted[:0],
	}
}

// sizeWith is the size that the chunk has with the group whose body and tail are there.
func (w *chunkWriter) sizeWith(key []byte) int {
	return w.size + len(key) + len(w.bodies) - w.body + len(w.tails) - w.starts[len(w.order)]
}

// add adds a group, whose body and tail are there.
func (w *chunkWriter) add(key []byte, rows int64) {
	w.size, w.rows = w.sizeWith(key), w.rows+rows
	same := 0
	for same < min(len(w.key), len(key)) && w.key[same] == key[same] {
		same++
	}
	w.keys = binary.AppendUvarint(w.keys, uint64(same))
	w.keys = binary.AppendUvarint(w.keys, uint64(len(key)-same))
	w.keys = append(w.keys, key[same:]...)
	w.key = append(w.key[:same], key[same:]...)
	w.keys = binary.AppendUvarint(w.keys, uint64(len(w.bodies)-w.body))
	w.body = len(w.bodies)
	tail := len(w.tails) - w.starts[len(w.order)]
	w.keys = binary.AppendUvarint(w.keys, uint64(tail))
	w.order, w.starts = append(w.order, byLength(len(w.order), tail)), append(w.starts, len(w.tails))
}

// append appends the chunk. The coder codes the texts; if it is nil, they are not coded.
func (w *chunkWriter) append(b []byte, shard uint32, c *coder) []byte {
	slices.Sort(w.order)
	w.sorted = slices.Grow(w.sorted[:0], len(w.tails))
	for _, o := range w.order {
		w.sorted = append(w.sorted, w.tails[w.starts[uint32(o)]:w.starts[uint32(o)+1]]...)
	}
	const lengths = 4 * binary.MaxVarintLen64
	start := len(b)
	b = slices.Grow(b, lengths+(len(w.keys)+len(w.bodies)+len(w.tails))*17/16)
	content := b[start+lengths : start+lengths]
	for _, text := range [][]byte{w.keys, w.bodies[:w.body], w.sorted} {
		content = c.append(content, text)
	}
	b = appendChunkHead(b, shard, int64(len(w.order)), w.rows, len(content))
	return append(b, content...) // moves them to the front
}

// appendChunkHead appends what a chunk has before its bytes.
func appendChunkHead(b []byte, shard uint32, groups, rows int64, length int) []byte {
	b = binary.AppendUvarint(b, uint64(shard))
	b = binary.AppendUvarint(b, uint64(groups))
	b = binary.AppendUvarint(b, uint64(rows))
	return binary.AppendUvarint(b, uint64(length))
}

// chunkOf makes a chunk from a block.
func (c *coder) chunkOf(shard uint32, block []byte) ([]byte, error) {
	var h header
	in, err := h.read(block)
	if err != nil {
		return nil, err
	}
	w := &c.chunk
	w.begin()
	err = each(in, next, func(g record) error {
		rows, _, err := g.rows()
		w.bodies, w.tails = append(w.bodies, g.body...), append(w.tails, g.tail...)
		w.add(g.key, rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.out = w.append(c.out[:0], shard, c)
	return bytes.Clone(c.out), nil
}

// coded returns the chunk with its texts in a Huffman code.
func (c *chunk) coded(d *coder) ([]byte, error) {
	r := reader{in: c.content}
	d.out = d.out[:0]
	for len(r.in) > 0 {
		d.tails = d.read(&r, d.tails[:0])
		d.out = d.append(d.out, d.tails)
	}
	if r.short {
		return nil, errBroken
	}
	b := appendChunkHead(make([]byte, 0, len(d.out)+64), c.shard, c.groups, c.rows, len(d.out))
	return append(b, d.out...), nil
}

// chunk is some groups of one shard.
type chunk struct {
	shard          uint32
	groups, rows   int64
	whole, content []byte // content is the bytes of the chunk; whole has what appendChunkHead writes too
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

// chunkBlocks is [Blocks] for a state in chunks.
func chunkBlocks(h *header, in []byte, emit func(shard uint32, finished bool, block []byte) error) error {
	return each(in, nextChunk, func(c chunk) error {
		b := header{keys: h.keys, forms: h.forms, chunked: true, coded: h.coded}
		b.Groups, b.Counted = c.groups, c.rows
		return emit(c.shard, false, append(b.append(make([]byte, 0, len(c.whole)+64)), c.whole...))
	})
}

// open reads a header, and returns the groups as they are written in a plain state.
func (h *header) open(b []byte) ([]byte, error) {
	in, err := h.read(b)
	if err != nil || !h.chunked {
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
	h.chunked, h.coded = false, false
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
	same   int64 // the number of bytes at the start of its key that the key before has too
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

// openBodies reads a chunk without its tails. It returns a reader of the tails, and about how many bytes the groups take without them.
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
		if keys.short || bodies.short || g.same > int64(len(d.key)) || g.length > math.MaxUint32 {
			return 0, r, errBroken
		}
		d.key = append(d.key[:g.same], g.rest...)
		texts += int64(len(d.key)) + body + g.length
		if texts > blockBytes && len(d.list) > 0 { // no block has so many bytes; damaged lengths may tell of far more
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
	chunk                         chunkWriter
}

// newCoder returns a coder that writes a new code before each piece. It never uses the code of the piece before, so that each piece can be read by
// itself.
func newCoder() *coder { return &coder{huffman: huff0.Scratch{Reuse: huff0.ReusePolicyNone}} }

var coders = sync.Pool{New: func() any { return newCoder() }}

// pieceBytes is how many bytes of a text are coded together.
const pieceBytes = 16 << 10

// append appends a text in pieces. It writes the length of the text and then for each piece: twice its length, plus 1 if the piece is coded, and
// the piece. A coder that is nil codes none: then the text is one piece.
func (c *coder) append(b, text []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	if c == nil && len(text) > 0 {
		return append(binary.AppendUvarint(b, uint64(len(text))<<1), text...)
	}
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
		if n&1 == 0 {
			if left -= int64(len(piece)); left < 0 || len(piece) == 0 {
				r.fail()
			}
			text = append(text, piece...)
			continue
		}
		left -= size
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
