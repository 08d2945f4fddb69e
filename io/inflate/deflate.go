package inflate

import (
	"encoding/binary"
	"sync"
	"unsafe"
)

// input is a deflate stream on its way through a register. Beyond its end it reads as zeros, of which over counts the
// bytes: a stream that used any of them breaks off.
type input struct {
	src  []byte
	pos  int
	hold uint64 // the next bits, lowest first
	n    uint   // how many of hold are valid, at least
	over int
}

// fill makes at least 56 bits of hold valid.
func (in *input) fill() {
	if in.pos+8 <= len(in.src) {
		in.hold |= binary.LittleEndian.Uint64(in.src[in.pos:]) << (in.n & 63)
		in.pos += int((63 - in.n) >> 3)
		in.n |= 56
		return
	}
	for in.n <= 56 {
		if in.pos < len(in.src) {
			in.hold |= uint64(in.src[in.pos]) << (in.n & 63)
			in.pos++
		} else {
			in.over++
		}
		in.n += 8
	}
}

// take consumes n bits, which must be valid.
func (in *input) take(n uint) uint32 {
	v := uint32(in.hold) & (1<<n - 1)
	in.hold >>= n & 63
	in.n -= n
	return v
}

// exhausted tells whether more bits were consumed than there are.
func (in *input) exhausted() bool { return in.over > int(in.n>>3) }

// stream is a deflate stream on its way into dst.
type stream struct {
	in   input
	dst  []byte
	out  int  // bytes written
	open bool // it is within a block, whose codes are in the tables
	last bool // that block is the last
}

// deflate decompresses a stream into dst. It returns how many bytes it wrote, and how many of src it read.
func (d *Decoder) deflate(dst, src []byte) (out, used int, err error) {
	d.stream = stream{in: input{src: src}, dst: dst}
	for {
		more, err := d.ready()
		if err != nil {
			return d.out, 0, err
		}
		if !more {
			return d.out, d.used(), nil
		}
		if err := d.fast(); err != nil {
			return d.out, 0, err
		}
	}
}

// used is how many bytes of input have been consumed, at the end of a stream.
func (s *stream) used() int { return s.in.pos - int(s.in.n>>3) + s.in.over }

// ready goes on until the stream is within a block and has room for the fast loop, which is to be called then, or ends.
func (d *Decoder) ready() (more bool, err error) {
	for {
		switch {
		case d.open && d.roomy():
			return true, nil
		case d.open:
			err = d.careful()
		case d.last:
			return false, nil
		default:
			err = d.begin()
		}
		if d.in.exhausted() {
			err = ErrShort
		}
		if err != nil {
			return false, err
		}
	}
}

// begin reads the header of a block, and the whole block if it is stored.
func (d *Decoder) begin() error {
	d.in.fill()
	d.last = d.in.take(1) == 1
	switch d.in.take(2) {
	case 0:
		return d.stored()
	case 1:
		d.fixedTables()
	case 2:
		if err := d.dynamicTables(); err != nil {
			return err
		}
	default:
		return ErrCorrupt
	}
	d.open = true
	return nil
}

// stored copies a block that is not compressed.
func (d *Decoder) stored() error {
	in := &d.in
	in.take(in.n & 7) // to the next byte
	if in.exhausted() {
		return ErrShort
	}
	pos := d.used()
	in.hold, in.n, in.over = 0, 0, 0
	if len(in.src)-pos < 4 {
		return ErrShort
	}
	size, check := int(binary.LittleEndian.Uint16(in.src[pos:])), binary.LittleEndian.Uint16(in.src[pos+2:])
	if uint16(size) != ^check {
		return ErrCorrupt
	}
	pos += 4
	if len(in.src)-pos < size {
		return ErrShort
	}
	if len(d.dst)-d.out < size {
		return ErrTooLong
	}
	copy(d.dst[d.out:], in.src[pos:pos+size])
	in.pos = pos + size
	d.out += size
	return nil
}

// fixedTables copies the tables of fixed blocks into the decoder, unless it has them. Small pages often have a fixed block between blocks of other
// kinds, so the tables are needed often.
func (d *Decoder) fixedTables() {
	if !d.fixed {
		f := fixedDecoder()
		copy(d.lit[:litSize], f.lit[:])
		copy(d.dist[:distSize], f.dist[:])
		d.fixed = true
	}
}

// fixedDecoder returns a decoder with the tables of fixed blocks. All code words of fixed blocks fit the first level of the tables.
var fixedDecoder = sync.OnceValue(func() *Decoder {
	d := new(Decoder)
	for i := range maxLit {
		switch {
		case i < 144:
			d.lens[i] = 8
		case i < 256:
			d.lens[i] = 9
		case i < 280:
			d.lens[i] = 7
		default:
			d.lens[i] = 8
		}
	}
	for i := range maxDist {
		d.lens[maxLit+i] = 5
	}
	d.build(d.lit[:], litBits, d.lens[:maxLit], lengthEntries[:])
	d.build(d.dist[:], distBits, d.lens[maxLit:], distEntries[:])
	return d
})

// dynamicTables reads the codes of a block.
func (d *Decoder) dynamicTables() error {
	d.fixed = false
	in := &d.in
	in.fill()
	lits, dists, pres := int(in.take(5))+257, int(in.take(5))+1, int(in.take(4))+4
	if lits > 286 || dists > 30 {
		return ErrCorrupt
	}
	var preLens [19]uint8
	for _, s := range preOrder[:pres] {
		if in.n < 3 {
			in.fill()
		}
		preLens[s] = uint8(in.take(3))
	}
	if !d.build(d.pre[:], preBits, preLens[:], preEntries[:]) {
		return ErrCorrupt
	}
	lens := d.lens[:lits+dists]
	for i := 0; i < len(lens); {
		in.fill()
		e := d.pre[in.hold&(1<<preBits-1)]
		if e&exceptional != 0 {
			return ErrCorrupt
		}
		in.take(uint(e & 63))
		symbol := uint8(e >> 16)
		if symbol < 16 {
			lens[i] = symbol
			i++
			continue
		}
		value, repeat := uint8(0), 0
		switch symbol {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			value, repeat = lens[i-1], 3+int(in.take(2))
		case 17:
			repeat = 3 + int(in.take(3))
		case 18:
			repeat = 11 + int(in.take(7))
		}
		if repeat > len(lens)-i {
			return ErrCorrupt
		}
		for range repeat {
			lens[i] = value
			i++
		}
		if in.exhausted() {
			return ErrShort
		}
	}
	if !d.build(d.lit[:], litBits, lens[:lits], lengthEntries[:]) || !d.build(d.dist[:], distBits, lens[lits:], distEntries[:]) {
		return ErrCorrupt
	}
	return nil
}

const (
	// longestMatch is how far a match reaches, and wordSlack how far beyond its end copying by words may write.
	longestMatch = 258
	wordSlack    = 16

	// Room that the fast loop wants for a round: four literals and a match, and two fills of eight bytes.
	fastOut = 4 + longestMatch + wordSlack
	fastIn  = 16
)

// roomy tells whether input and output have room for a round of the fast loop.
func (s *stream) roomy() bool { return len(s.in.src)-s.in.pos >= fastIn && len(s.dst)-s.out >= fastOut }

// careful decodes symbol by symbol, to the end of the block.
func (d *Decoder) careful() error {
	for d.open {
		if err := d.symbol(); err != nil {
			return err
		}
	}
	return nil
}

// symbol decodes one symbol, wherever input and output end.
func (d *Decoder) symbol() error {
	in := &d.in
	in.fill()
	e := d.lit[in.hold&(litSize-1)]
	if e&literal == 0 && e&secondLevel != 0 {
		in.take(litBits)
		e = d.lit[int(e>>16)+int(in.hold&(1<<(e>>8&31)-1))]
	}
	switch {
	case e&literal != 0:
		in.take(uint(e & 63))
		if in.exhausted() {
			return ErrShort
		}
		if d.out == len(d.dst) {
			return ErrTooLong
		}
		d.dst[d.out] = byte(e >> 16)
		d.out++
		return nil
	case e&exceptional != 0:
		in.take(uint(e & 63))
		d.open = false
		if e&endOfBlock == 0 {
			return ErrCorrupt
		}
		return nil
	}
	length := int(e>>16) + in.extra(e)
	in.fill()
	e = d.dist[in.hold&(distSize-1)]
	if e&secondLevel != 0 {
		in.take(distBits)
		e = d.dist[int(e>>16)+int(in.hold&(1<<(e>>8&31)-1))]
	}
	if e&exceptional != 0 {
		return ErrCorrupt
	}
	distance := int(e>>16) + in.extra(e)
	switch {
	case in.exhausted():
		return ErrShort
	case distance > d.out:
		return ErrCorrupt
	case length > len(d.dst)-d.out:
		return ErrTooLong
	}
	for range length {
		d.dst[d.out] = d.dst[d.out-distance]
		d.out++
	}
	return nil
}

// extra consumes an entry's word and the bits that follow it, and returns those.
func (in *input) extra(e uint32) int {
	v := in.take(uint(e & 63))
	return int(v >> (e >> 8 & 31))
}

// fast decodes the block at hand as long as input and output have room for a whole round.
//
// It works on raw pointers, because checks of bounds cost speed. What keeps it within bounds: a round
// reads at most 16 bytes from pos on and writes at most fastOut from out on, both of which the loop's condition grants;
// every index into a table comes from a mask or from an entry that build wrote; and a distance is checked against out.
func (d *Decoder) fast() error {
	src := unsafe.Pointer(unsafe.SliceData(d.in.src))
	buf := unsafe.Pointer(unsafe.SliceData(d.dst))
	lastPos, lastOut := len(d.in.src)-fastIn, len(d.dst)-fastOut
	pos, hold, n, out := d.in.pos, d.in.hold, d.in.n, d.out
	lit, dist := unsafe.Pointer(&d.lit), unsafe.Pointer(&d.dist)

	var err error
	for pos <= lastPos && out <= lastOut {
		hold |= load64(src, pos) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := entry(lit, hold&(litSize-1))
		if e&literal != 0 {
			hold >>= e & 63
			n -= uint(e & 63)
			store8(buf, out, byte(e>>16))
			out++
			e = entry(lit, hold&(litSize-1))
			if e&literal != 0 {
				hold >>= e & 63
				n -= uint(e & 63)
				store8(buf, out, byte(e>>16))
				out++
				e = entry(lit, hold&(litSize-1))
				if e&literal != 0 {
					hold >>= e & 63
					n -= uint(e & 63)
					store8(buf, out, byte(e>>16))
					out++
					e = entry(lit, hold&(litSize-1))
					if e&literal != 0 {
						hold >>= e & 63
						n -= uint(e & 63)
						store8(buf, out, byte(e>>16))
						out++
						continue
					}
				}
			}
			// The entry at hand stays valid: a fill does not touch the bits that are.
			hold |= load64(src, pos) << (n & 63)
			pos += int((63 - n) >> 3)
			n |= 56
		}
		if e&exceptional != 0 {
			if e&secondLevel != 0 {
				hold >>= litBits
				n -= litBits
				e = entry(lit, uint64(e>>16)+hold&(1<<(e>>8&31)-1))
				if e&literal != 0 {
					hold >>= e & 63
					n -= uint(e & 63)
					store8(buf, out, byte(e>>16))
					out++
					continue
				}
			}
			if e&exceptional != 0 {
				hold >>= e & 63
				n -= uint(e & 63)
				if e&endOfBlock == 0 {
					err = ErrCorrupt
				}
				d.open = false
				break
			}
		}
		length := int(e>>16) + int(hold&(1<<(e&63)-1)>>(e>>8&31))
		hold >>= e & 63
		n -= uint(e & 63)
		// At least 56 - 15 - 5 bits are left, and a distance takes 15 + 13.
		e = entry(dist, hold&(distSize-1))
		if e&exceptional != 0 {
			if e&secondLevel == 0 {
				err = ErrCorrupt
				break
			}
			hold >>= distBits
			n -= distBits
			e = entry(dist, uint64(e>>16)+hold&(1<<(e>>8&31)-1))
			if e&exceptional != 0 {
				err = ErrCorrupt
				break
			}
		}
		distance := int(e>>16) + int(hold&(1<<(e&63)-1)>>(e>>8&31))
		hold >>= e & 63
		n -= uint(e & 63)
		if distance > out {
			err = ErrCorrupt
			break
		}
		to, from := out, out-distance
		out += length
		switch {
		case distance >= 8:
			store64(buf, to, load64(buf, from))
			store64(buf, to+8, load64(buf, from+8))
			for to += 16; to < out; to += 16 {
				from += 16
				store64(buf, to, load64(buf, from))
				store64(buf, to+8, load64(buf, from+8))
			}
		case distance == 1:
			v := uint64(load8(buf, from)) * 0x0101010101010101
			for ; to < out; to += 8 {
				store64(buf, to, v)
			}
		default:
			// A word is right as far as the distance reaches; the next store mends the rest.
			for ; to < out; to += distance {
				store64(buf, to, load64(buf, from))
				from += distance
			}
		}
	}
	d.in.pos, d.in.hold, d.in.n, d.out = pos, hold&(1<<n-1), n, out
	return err
}

func load8(p unsafe.Pointer, i int) byte          { return *(*byte)(unsafe.Add(p, i)) }
func store8(p unsafe.Pointer, i int, v byte)      { *(*byte)(unsafe.Add(p, i)) = v }
func entry(table unsafe.Pointer, i uint64) uint32 { return *(*uint32)(unsafe.Add(table, i*4)) }

// The compiler makes one instruction of each of these, on machines of either byte order.

func load64(p unsafe.Pointer, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, i))[:])
}

func store64(p unsafe.Pointer, i int, v uint64) {
	binary.LittleEndian.PutUint64((*[8]byte)(unsafe.Add(p, i))[:], v)
}
