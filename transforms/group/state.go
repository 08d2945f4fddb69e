package group

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Version is the first byte of a state. It changes whenever the form does.
const Version = 2

// Counts are what a state says of itself.
type Counts struct {
	Filtered int64 // rows that are not refused and for which WHERE is not true
	Counted  int64 // rows that were added to groups, before HAVING and LIMIT
	Groups   int64
	Finished bool
}

// header is the start of a state: the version, a byte of flags (1 is finished, 2 is in chunks, 4 is coded), the number of keys, the forms of the parts, and
// the counts. The groups of a plain state follow. Each group is written as the length of its key, the key, twice the length of its body, plus 1 if
// it has a tail, and the body. If it has a tail, the length of the tail and the tail follow. The body has the number of rows, and the parts. The tail has
// most of what the parts that are sets have: a group that is merged with no other group is finished without its tail.
type header struct {
	keys  int
	forms []form
	Counts
	chunked bool  // compact.go describes chunks
	coded   bool  // the state is compact: the texts of the chunks are in a Huffman code
	dropped int64 // rows of groups that HAVING or the LIMIT of single trips has dropped
}

func (h *header) append(b []byte) []byte {
	b = append(b, Version, h.flags())
	b = binary.AppendUvarint(b, uint64(h.keys))
	b = binary.AppendUvarint(b, uint64(len(h.forms)))
	for _, f := range h.forms {
		b = append(b, byte(f.kind), byte(f.class), byte(f.by))
		if f.kind == valueSet {
			b = append(binary.AppendUvarint(b, uint64(len(f.marks))), f.marks...)
		}
	}
	for _, n := range []int64{h.Filtered, h.Counted, h.dropped, h.Groups} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

func (h *header) flags() (flags byte) {
	if h.Finished {
		flags |= isFinished
	}
	if h.chunked {
		flags |= isChunked
	}
	if h.coded {
		flags |= isCoded
	}
	return flags
}

// The flags in the second byte of a header.
const (
	isFinished = 1 << iota
	isChunked
	isCoded
)

// read reads a header, and returns what follows it.
func (h *header) read(b []byte) ([]byte, error) {
	if len(b) < 2 || b[0] != Version {
		found := "nothing"
		if len(b) > 0 {
			found = fmt.Sprintf("version %d", b[0])
		}
		return nil, brokenState("found %s, expected version %d; it was written by another release", found, Version)
	}
	r := reader{in: b[2:]}
	h.Finished, h.chunked, h.coded = b[1]&isFinished != 0, b[1]&isChunked != 0, b[1]&isCoded != 0
	h.keys = int(r.number() & (1<<31 - 1))
	n := r.size()
	h.forms = h.forms[:0]
	for range min(n, len(r.in)/3) {
		of := r.bytes(3)
		if r.short {
			return nil, errBroken
		}
		f := form{kind: kind(of[0]), class: class(of[1]), by: class(of[2])}
		if f.kind == valueSet {
			f.marks = marks(r.bytes(r.size()))
		}
		h.forms = append(h.forms, f)
	}
	for _, f := range h.forms {
		if !f.known() || (f.kind == value) != h.Finished {
			return nil, errBroken
		}
	}
	h.Filtered, h.Counted, h.dropped, h.Groups = r.number(), r.number(), r.number(), r.number()
	if r.short || b[1] != h.flags() || len(h.forms) != n || h.chunked && h.Finished || h.coded && !h.chunked {
		return nil, errBroken
	}
	return r.in, nil
}

// BrokenState is the error of states that this program does not make, if it and its runner have no fault.
type BrokenState struct{ What string }

func (e *BrokenState) Error() string { return "group: a state: " + e.What }

func brokenState(format string, args ...any) error { return &BrokenState{fmt.Sprintf(format, args...)} }

var errBroken = brokenState("found bytes that this program does not write, expected a state; it was changed on its way")

// like tells whether two states can be of one table.
func (h *header) like(o *header) error {
	if h.keys != o.keys || h.Finished != o.Finished || !slices.Equal(h.forms, o.forms) {
		return brokenState("found states of two tables, expected one")
	}
	return nil
}

// record is a group of a state.
type record struct {
	key, body, tail []byte
	whole           []byte // with the lengths
}

// next reads a group from the front of a state's groups. It is not ok at the end.
func next(in []byte) (g record, rest []byte, ok bool, err error) {
	if len(in) == 0 {
		return g, nil, false, nil
	}
	r := reader{in: in}
	g.key = r.bytes(r.size())
	n := r.uvarint()
	g.body = r.bytes(int(min(n>>1, uint64(len(r.in))+1)))
	if n&1 != 0 {
		g.tail = r.bytes(r.size())
	}
	if r.short {
		return g, nil, false, errBroken
	}
	g.whole = in[:len(in)-len(r.in)]
	return g, r.in, true, nil
}

// each calls do for each entry that next reads from in, in their order. It stops at the first error.
func each[T any](in []byte, next func([]byte) (entry T, rest []byte, ok bool, err error), do func(T) error) error {
	for {
		entry, rest, ok, err := next(in)
		if err != nil || !ok {
			return err
		}
		if err := do(entry); err != nil {
			return err
		}
		in = rest
	}
}

// appendRecord appends a group, which has a tail unless that is empty.
func appendRecord(b, key, body, tail []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = append(b, key...)
	if len(tail) == 0 {
		b = binary.AppendUvarint(b, uint64(len(body))<<1)
		return append(b, body...)
	}
	b = binary.AppendUvarint(b, uint64(len(body))<<1|1)
	b = append(b, body...)
	b = binary.AppendUvarint(b, uint64(len(tail)))
	return append(b, tail...)
}

// rows returns the rows of a group, and its parts.
func (g *record) rows() (int64, []byte, error) {
	r := reader{in: g.body}
	n := r.number()
	if r.short {
		return 0, nil, errBroken
	}
	return n, r.in, nil
}

// Header returns the counts of a state or block. Those of the groups themselves are not looked at.
func Header(state []byte) (Counts, error) {
	var h header
	_, err := h.read(state)
	return h.Counts, err
}

// OnlyHeader returns the header of a state, for [Header]. The state must be one that Header reads.
func OnlyHeader(state []byte) []byte {
	var h header
	groups, _ := h.read(state)
	return bytes.Clone(state[:len(state)-len(groups)])
}

// Merge adds up two states of one table. Groups of a finished state are never merged: it is an error if both states have a group with the same key.
func Merge(a, b []byte) ([]byte, error) {
	var ha, hb header
	as, err := ha.open(a)
	if err != nil {
		return nil, err
	}
	bs, err := hb.open(b)
	if err != nil {
		return nil, err
	}
	if err := ha.like(&hb); err != nil {
		return nil, err
	}
	groups := make([]byte, 0, len(as)+len(bs))
	sum := header{keys: ha.keys, forms: ha.forms, dropped: ha.dropped + hb.dropped}
	sum.Filtered, sum.Counted, sum.Finished = ha.Filtered+hb.Filtered, ha.Counted+hb.Counted, ha.Finished
	if groups, sum.Groups, err = ha.mergeGroups(groups, as, bs); err != nil {
		return nil, err
	}
	merged := append(sum.append(make([]byte, 0, len(groups)+64)), groups...)
	if isCodedState(a) || isCodedState(b) {
		return Compact(merged)
	}
	return merged, nil
}

// mergeGroups appends the groups of a and b.
func (h *header) mergeGroups(out, a, b []byte) (_ []byte, groups int64, err error) {
	var m merger
	x, a, okX, err := next(a)
	if err != nil {
		return nil, 0, err
	}
	y, b, okY, err := next(b)
	for err == nil && (okX || okY) {
		c := 0
		switch {
		case !okY:
			c = -1
		case !okX:
			c = 1
		default:
			c = bytes.Compare(x.key, y.key)
		}
		switch {
		case c < 0:
			out = append(out, x.whole...)
		case c > 0:
			out = append(out, y.whole...)
		default:
			if err = m.merge(h, &x, &y); err != nil {
				return nil, 0, err
			}
			out = appendRecord(out, x.key, m.body, m.tail)
		}
		groups++
		var err2 error
		if c <= 0 {
			x, a, okX, err = next(a)
		}
		if c >= 0 {
			y, b, okY, err2 = next(b)
		}
		err = errors.Join(err, err2)
	}
	return out, groups, err
}

// merger merges two groups with the same key. It has the merged body and tail.
type merger struct {
	body, tail []byte
	set        setMerger
}

// merge merges the bodies and the tails of two groups.
func (m *merger) merge(h *header, a, b *record) error {
	if h.Finished {
		return brokenState("found two finished groups with one key, expected one: its trips came from more than one file that was held to be the only one, or a block came twice")
	}
	x, y := readerOf(a), readerOf(b)
	m.body, m.tail = binary.AppendUvarint(m.body[:0], uint64(x.rows)+uint64(y.rows)), m.tail[:0]
	for _, f := range h.forms {
		m.part(f, &x, &y)
	}
	if x.broken() || y.broken() {
		return errBroken
	}
	return nil
}

// groupReader reads a group: its body, and its tail.
type groupReader struct {
	reader
	tail reader
	rows int64
}

// readerOf returns a reader that has read the rows of a group.
func readerOf(g *record) groupReader {
	r := groupReader{reader: reader{in: g.body}, tail: reader{in: g.tail}}
	r.rows = r.number()
	return r
}

// broken tells whether the group was not as expected, or has more than was read.
func (r *groupReader) broken() bool {
	return r.short || r.tail.short || len(r.in)+len(r.tail.in) > 0
}

// reader reads from bytes. If they are not as expected, it sets short and returns nothing from there on.
type reader struct {
	in    []byte
	short bool
}

func (r *reader) fail() {
	r.short, r.in = true, nil
}

func (r *reader) uvarint() uint64 {
	if len(r.in) > 0 && r.in[0] < 0x80 {
		v := r.in[0]
		r.in = r.in[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.in)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.in = r.in[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.in)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.in = r.in[n:]
	return v
}

// number reads a number that is not negative.
func (r *reader) number() int64 {
	v := r.uvarint()
	if v > math.MaxInt64 {
		r.fail()
		return 0
	}
	return int64(v)
}

// size reads how many things follow, each of at least one byte.
func (r *reader) size() int {
	v := r.uvarint()
	if v > uint64(len(r.in)) {
		r.fail()
		return 0
	}
	return int(v)
}

func (r *reader) byte() byte {
	if b := r.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.in) {
		r.fail()
		return nil
	}
	b := r.in[:n:n]
	r.in = r.in[n:]
	return b
}

// value reads a value. It is NULL if none is there.
func (r *reader) value(c class) []byte {
	n := c.length(r.in)
	if n == 0 {
		r.fail()
		return []byte{absent}
	}
	return r.bytes(n)
}
