// Package mutate damages parquet files the way disks, networks and ill will do, for tests of what reads them. A
// mutation is a pure function of the file and a seed.
//
// Blind damage (flipped bits, cut ends, ranges zeroed, repeated or taken from another file) mostly breaks a checksum or
// a compressed block. So half of the kinds know the format: they change one number, count or length of a footer or
// page header to something absurd and leave everything else consistent, so that a reader gets as far as believing it.
package mutate

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// kindOf is a way to damage a file.
type kindOf struct {
	name  string
	apply func(f, other *File, r *rand.Rand) []byte
}

// kinds are the ways to damage a file. Add new ones at the end: a seed's kind depends on the order.
var kinds = []kindOf{
	{"bits of pages", flipPages},
	{"bits of page headers", flipHeaders},
	{"bits of the footer", flipFooter},
	{"bits of the tail", flipTail},
	{"cut", cut},
	{"zeroed range", zero},
	{"repeated range", repeat},
	{"range of another file", splice},
	{"number in a page header", headerNumber},
	{"length in a page header", headerLength},
	{"number in the footer", footerNumber},
	{"count in the footer", footerCount},
	{"varint over the footer", footerVarint},
	{"field lost or doubled", footerField},
}

// Mutate returns f's bytes with damage of one kind, both chosen by the seed, and the kind's name. other is a file to
// take bytes from.
func Mutate(f, other *File, seed uint64) (damaged []byte, kind string) {
	r := rand.New(rand.NewPCG(seed, 0x7061727175657421))
	k := kinds[seed%uint64(len(kinds))]
	return k.apply(f, other, r), k.name
}

// MutateFooter returns f's bytes with damage of its footer alone, and the kind's name: bits, numbers, counts, lengths and fields.
func MutateFooter(f *File, seed uint64) (damaged []byte, kind string) {
	r := rand.New(rand.NewPCG(seed, 0x666f6f7465722121))
	names := []string{"bits of the footer", "number in the footer", "count in the footer", "varint over the footer", "field lost or doubled"}
	name := names[seed%uint64(len(names))]
	i := slices.IndexFunc(kinds, func(k kindOf) bool { return k.name == name })
	return kinds[i].apply(f, f, r), name
}

// FooterBits returns how many bits f's footer has, without its length and the magic bytes.
func FooterBits(f *File) int { return 8 * (len(f.data) - 8 - f.footerAt) }

// FlipFooterBit returns f's bytes with one bit of the footer flipped.
func FlipFooterBit(f *File, bit int) []byte {
	out := slices.Clone(f.data)
	out[f.footerAt+bit/8] ^= 1 << (bit % 8)
	return out
}

func flipPages(f, _ *File, r *rand.Rand) []byte {
	out := slices.Clone(f.data)
	p := f.anyPage(r)
	flip(out[p.bodyAt:p.to], 1+r.IntN(8), r)
	return out
}

func flipHeaders(f, _ *File, r *rand.Rand) []byte {
	out := slices.Clone(f.data)
	p := f.anyPage(r)
	flip(out[p.headAt:p.bodyAt], 1+r.IntN(4), r)
	return out
}

func flipFooter(f, _ *File, r *rand.Rand) []byte {
	out := slices.Clone(f.data)
	flip(out[f.footerAt:len(out)-8], 1+r.IntN(4), r)
	return out
}

func flipTail(f, _ *File, r *rand.Rand) []byte {
	out := slices.Clone(f.data)
	flip(out[len(out)-8:], 1+r.IntN(3), r)
	return out
}

// cut takes the end off, or some bytes out of the middle, so that the footer stays readable.
func cut(f, _ *File, r *rand.Rand) []byte {
	at := r.IntN(len(f.data))
	if r.IntN(2) == 0 {
		return slices.Clone(f.data[:at])
	}
	to := min(len(f.data), at+1+r.IntN(1+f.footerAt/4))
	return slices.Concat(f.data[:at], f.data[to:])
}

func zero(f, _ *File, r *rand.Rand) []byte {
	out := slices.Clone(f.data)
	from, to := f.span(r)
	clear(out[from:to])
	return out
}

// repeat writes a range a second time: after itself, or over something else.
func repeat(f, _ *File, r *rand.Rand) []byte {
	from, to := f.span(r)
	if r.IntN(2) == 0 {
		return slices.Concat(f.data[:to], f.data[from:to], f.data[to:])
	}
	out := slices.Clone(f.data)
	copy(out[r.IntN(len(out)):], f.data[from:to])
	return out
}

// splice overwrites a range with one of another file, aligned to its start or to its end (where the footers are).
func splice(f, other *File, r *rand.Rand) []byte {
	out := slices.Clone(f.data)
	from, to := other.span(r)
	at := from
	if r.IntN(2) == 0 {
		at = len(out) - len(other.data) + from
	}
	if at < 0 || at >= len(out) {
		at = r.IntN(len(out))
	}
	copy(out[at:], other.data[from:to])
	return out
}

func headerNumber(f, _ *File, r *rand.Rand) []byte {
	p := f.anyPage(r)
	head := f.header(p)
	v := pick(head.all((*value).isInteger), r)
	v.num = absurd(v.num, len(f.data), r)
	return f.withHeader(p, head)
}

// headerLength changes one of the numbers that say how much memory a page takes: its sizes and its values.
func headerLength(f, _ *File, r *rand.Rand) []byte {
	p := f.anyPage(r)
	head := f.header(p)
	sizes := []*value{
		head.field(headerUncompressed), head.field(headerCompressed), head.field(headerData, 1), head.field(headerDict, 1),
		head.field(headerDataV2, 1), head.field(headerDataV2, 5),
	}
	v := pick(slices.DeleteFunc(sizes, func(v *value) bool { return v == nil }), r)
	v.num = []int64{math.MaxInt32, math.MaxInt32 - 7, 1 << 30, 64 << 20, 64<<20 + 1, 1 << 20, v.num * 1000, v.num + 1, v.num - 1, 0, -1}[r.IntN(11)]
	return f.withHeader(p, head)
}

func footerNumber(f, _ *File, r *rand.Rand) []byte {
	meta := f.mustFooter()
	v := pick(meta.all((*value).isInteger), r)
	v.num = absurd(v.num, len(f.data), r)
	return f.withFooter(meta)
}

// footerCount makes a list claim more or fewer elements than it has, or a text another length.
func footerCount(f, _ *File, r *rand.Rand) []byte {
	meta := f.mustFooter()
	counted := meta.all((*value).isCounted)
	if r.IntN(2) == 0 { // there are far more texts than lists
		counted = meta.all(func(v *value) bool { return v.typ == typeList })
	}
	v := pick(counted, r)
	n := uint64(len(v.kids) + len(v.bytes))
	lies := []uint64{0, n + 1, n - 1, n * 2, n + 1000, 1 << 16, 1 << 20, 1 << 24, 99_000_000, 1 << 27, math.MaxInt32, math.MaxUint32, math.MaxUint64}
	v.lie = &lies[r.IntN(len(lies))]
	return f.withFooter(meta)
}

// footerVarint writes a long varint over some bytes of the footer.
func footerVarint(f, _ *File, r *rand.Rand) []byte {
	out := slices.Clone(f.data)
	v := binary.AppendUvarint(nil, r.Uint64()>>r.IntN(60))
	at := f.footerAt + r.IntN(len(out)-8-f.footerAt)
	copy(out[at:len(out)-8], v)
	return out
}

// footerField drops, doubles or swaps fields and elements.
func footerField(f, _ *File, r *rand.Rand) []byte {
	meta := f.mustFooter()
	v := pick(meta.all(func(v *value) bool { return len(v.kids) > 1 }), r)
	i, j := r.IntN(len(v.kids)), r.IntN(len(v.kids))
	switch r.IntN(3) {
	case 0:
		v.kids = slices.Delete(v.kids, i, i+1)
	case 1:
		v.kids = slices.Insert(v.kids, j, v.kids[i])
	default:
		v.kids[i], v.kids[j] = v.kids[j], v.kids[i]
		v.kids[i].id, v.kids[j].id = v.kids[j].id, v.kids[i].id
	}
	return f.withFooter(meta)
}

// anyPage picks a page, four times in five one of a column that trip statistics need.
func (f *File) anyPage(r *rand.Rand) page {
	for {
		p := f.pages[r.IntN(len(f.pages))]
		if p.bodyAt < p.to && (p.needed() || r.IntN(10) == 0) {
			return p
		}
	}
}

// span picks a range, mostly a short one.
func (f *File) span(r *rand.Rand) (from, to int) {
	from = r.IntN(len(f.data))
	n := 1 + r.IntN(1<<r.IntN(17))
	return from, min(len(f.data), from+n)
}

// absurd returns a number that is wrong in one of the ways numbers are.
func absurd(n int64, size int, r *rand.Rand) int64 {
	choices := []int64{
		0, -1, n + 1, n - 1, -n, n * 2, n * 1000, n << 16, int64(r.IntN(20)), int64(size), int64(size) - 8,
		math.MaxInt16, math.MaxInt32, math.MinInt32, math.MaxUint32, 1 << 40, 1 << 62, math.MaxInt64, math.MinInt64,
		int64(r.Uint64() >> r.IntN(64)),
	}
	return choices[r.IntN(len(choices))]
}

func flip(b []byte, bits int, r *rand.Rand) {
	for range bits {
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	}
}

func pick[T any](from []T, r *rand.Rand) T { return from[r.IntN(len(from))] }
