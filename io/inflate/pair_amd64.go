package inflate

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// inTurns tells whether this machine has the instructions that the loops over several streams are written in.
var inTurns = cpu.X86.HasBMI2

// turns decodes the blocks at hand of both streams, in turns, until one of them has no room for a round or comes to a
// symbol that is not for the loop.
func (p *Pair) turns() error {
	p.lanes[0].enter(&p.a.stream)
	p.lanes[1].enter(&p.b.stream)
	decodeTurns(p)
	p.lanes[0].leave(&p.a.stream)
	p.lanes[1].leave(&p.b.stream)
	for i, d := range []*Decoder{&p.a, &p.b} {
		switch p.lanes[i].stop {
		case stopCorrupt:
			return ErrCorrupt
		case stopSymbol:
			if err := d.symbol(); err != nil {
				return err
			}
		}
	}
	return nil
}

// decodeTurns is the loop. It is Decoder.fast for two streams, with the same bounds: see there. Both streams must be
// roomy.
//
//go:noescape
func decodeTurns(p *Pair)

// three is turns for three streams.
func (p *Pair) three() error {
	all := [...]*Decoder{&p.a, &p.b, &p.c}
	for i, d := range all {
		p.lanes[i].enter(&d.stream)
	}
	decodeThree(p)
	for i, d := range all {
		p.lanes[i].leave(&d.stream)
	}
	for i, d := range all {
		switch p.lanes[i].stop {
		case stopCorrupt:
			return ErrCorrupt
		case stopSymbol:
			if err := d.symbol(); err != nil {
				return err
			}
		}
	}
	return nil
}

// decodeThree is decodeTurns for three streams.
//
//go:noescape
func decodeThree(p *Pair)

// enter takes over a stream. The addresses stay valid as long as the stream has its slices: being kept in a Pair makes
// them escape to the heap, which does not move.
func (l *lane) enter(s *stream) {
	src, dst := uintptr(unsafe.Pointer(unsafe.SliceData(s.in.src))), uintptr(unsafe.Pointer(unsafe.SliceData(s.dst)))
	*l = lane{
		src: src + uintptr(s.in.pos), srcLast: src + uintptr(len(s.in.src)-fastIn),
		dst: dst + uintptr(s.out), dstLast: dst + uintptr(len(s.dst)-fastOut), dstStart: dst,
		hold: s.in.hold, n: uint64(s.in.n),
	}
}

// leave gives it back.
func (l *lane) leave(s *stream) {
	src := uintptr(unsafe.Pointer(unsafe.SliceData(s.in.src)))
	s.in.pos, s.out = int(l.src-src), int(l.dst-l.dstStart)
	s.in.n = uint(l.n & 63)
	s.in.hold = l.hold & (1<<s.in.n - 1)
}
