package inflate

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
)

// Pair decompresses two or three pages together. If the machine can, it decodes their streams in turns. Inflating mostly waits: a symbol must be
// looked up before it is known where the next symbol begins. A second stream fills this time. A third stream helps only where there are few matches:
// any match makes the loop leave its fast path for all streams. The zero value is ready. Two goroutines must not use a Pair at the same time.
type Pair struct {
	lanes   [3]lane
	a, b, c Decoder
}

// lane is one of the streams in the loop: its addresses, and what is in registers.
type lane struct {
	src, srcLast uintptr // of the next byte; the last at which a round may begin
	dst, dstLast uintptr
	dstStart     uintptr
	hold, n      uint64
	stop         uint64 // why the loop ended, as far as this lane goes
}

// Why a lane stopped: see lane.stop.
const (
	stopRoom    = 0 // it did not: its own room or another lane ended the loop
	stopSymbol  = 1 // at a symbol that is for Decoder.symbol: the end of the block, or none
	stopCorrupt = 2
)

// Page is [Decoder.Page].
func (p *Pair) Page(dst, src []byte) error { return p.a.Page(dst, src) }

// Pages decompresses each of two or three src into exactly the bytes of its dst.
func (p *Pair) Pages(dst, src [][]byte) error {
	if inTurns && slices.ContainsFunc(dst, func(d []byte) bool { return len(d) > smallPage }) && p.together(dst, src) == nil {
		return nil
	}
	// The pages are small, or one of them is damaged or has several members, which is rare. Decompressing one page after the other finds out which it is.
	for i := range dst {
		if err := p.a.Page(dst[i], src[i]); err != nil {
			return err
		}
	}
	return nil
}

var errNotWhole = errors.New("gzip: not the only member")

// together is Pages for pages that are not damaged, and that have one member each.
func (p *Pair) together(dst, src [][]byte) error {
	decoders := []*Decoder{&p.a, &p.b, &p.c}[:len(dst)]
	defer func() {
		for _, d := range decoders {
			d.stream = stream{}
		}
	}()
	for i, d := range decoders {
		body, err := header(src[i])
		if err != nil {
			return err
		}
		d.stream = stream{in: input{src: body}, dst: dst[i]}
	}
	if len(decoders) == 3 {
		if err := p.runThree(); err != nil {
			return err
		}
	}
	if err := p.run(); err != nil {
		return err
	}
	if !p.a.whole() || !p.b.whole() {
		return errNotWhole
	}
	return nil
}

// runThree decompresses the streams of a, b and c until one of them has ended, and checks that one. The other two are then in a and b.
func (p *Pair) runThree() error {
	for {
		ended := (*Decoder)(nil)
		for _, d := range []*Decoder{&p.a, &p.b, &p.c} {
			more, err := d.ready()
			if err != nil {
				return err
			}
			if !more {
				ended = d
			}
		}
		if ended == nil {
			if err := p.three(); err != nil {
				return err
			}
			continue
		}
		if !ended.whole() {
			return errNotWhole
		}
		if ended != &p.c {
			*ended = p.c
		}
		return nil
	}
}

// run decompresses the streams of a and b to their ends.
func (p *Pair) run() error {
	for {
		moreA, err := p.a.ready()
		if err != nil {
			return err
		}
		moreB, err := p.b.ready()
		if err != nil {
			return err
		}
		switch {
		case moreA && moreB:
			err = p.turns()
		case moreA:
			err = p.a.fast()
		case moreB:
			err = p.b.fast()
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// whole tells whether a stream that ended is the only member, fills dst and has the right checksum.
func (s *stream) whole() bool {
	trailer := s.in.src[s.used():]
	return s.out == len(s.dst) && len(trailer) == 8 &&
		binary.LittleEndian.Uint32(trailer) == crc32.ChecksumIEEE(s.dst) && binary.LittleEndian.Uint32(trailer[4:]) == uint32(s.out)
}
