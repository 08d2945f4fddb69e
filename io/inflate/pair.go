package inflate

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Pair decompresses two or three pages at once: one after the other, or in turns. Inflating mostly waits: a
// symbol must be looked up before it is known where the next one begins. A second stream fills the time, and a third one too where there are
// few matches: with any match the loop leaves its fast path for all streams. The zero value is ready. It must not be used by two goroutines at once.
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

// Pages decompresses each src into exactly the bytes of its dst.
func (p *Pair) Pages(dst1, src1, dst2, src2 []byte) error {
	if !inTurns || max(len(dst1), len(dst2)) <= smallPage {
		return p.each(dst1, src1, dst2, src2)
	}
	defer func() { p.a.stream, p.b.stream = stream{}, stream{} }()
	body1, err1 := header(src1)
	body2, err2 := header(src2)
	if err1 == nil && err2 == nil {
		p.a.stream = stream{in: input{src: body1}, dst: dst1}
		p.b.stream = stream{in: input{src: body2}, dst: dst2}
		if p.run() == nil && p.a.whole() && p.b.whole() {
			return nil
		}
	}
	// Damaged, or of several members, which nobody writes: one after the other, it is found out which.
	return p.each(dst1, src1, dst2, src2)
}

func (p *Pair) each(dst1, src1, dst2, src2 []byte) error {
	if err := p.a.Page(dst1, src1); err != nil {
		return err
	}
	return p.a.Page(dst2, src2)
}

// Three decompresses each src into exactly the bytes of its dst.
func (p *Pair) Three(dst, src *[3][]byte) error {
	if !inTurns || max(len(dst[0]), len(dst[1]), len(dst[2])) <= smallPage {
		return p.eachOf(dst, src)
	}
	defer func() { p.a.stream, p.b.stream, p.c.stream = stream{}, stream{}, stream{} }()
	good := true
	for i, d := range []*Decoder{&p.a, &p.b, &p.c} {
		body, err := header(src[i])
		d.stream = stream{in: input{src: body}, dst: dst[i]}
		good = good && err == nil
	}
	if good && p.runThree() == nil {
		return nil
	}
	return p.eachOf(dst, src)
}

func (p *Pair) eachOf(dst, src *[3][]byte) error {
	for i := range dst {
		if err := p.a.Page(dst[i], src[i]); err != nil {
			return err
		}
	}
	return nil
}

var errNotWhole = errors.New("gzip: not the only member")

// runThree decompresses the streams of a, b and c to their ends, and checks them.
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
		if err := p.run(); err != nil {
			return err
		}
		if !p.a.whole() || !p.b.whole() {
			return errNotWhole
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
