package inflate

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// inTurns tells whether this machine has the instructions that the loops over several streams are written in.
var inTurns = cpu.X86.HasBMI2

// turns decodes the blocks at hand of a and b, in turns, until one of them has no room for a round or comes to a symbol that is not for the
// loop.
func (p *Pair) turns() error { return p.inLanes(decodeTurns, &p.a, &p.b) }

// three is turns for a, b and c.
func (p *Pair) three() error { return p.inLanes(decodeThree, &p.a, &p.b, &p.c) }

// inLanes calls a loop over streams, which are put into the first lanes.
func (p *Pair) inLanes(loop func(*Pair), streams ...*Decoder) error {
	for i, d := range streams {
		p.lanes[i].enter(&d.stream)
	}
	loop(p)
	for i, d := range streams {
		p.lanes[i].leave(&d.stream)
	}
	for i, d := range streams {
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

// decodeTurns is the loop over two streams. It is Decoder.fast for both, with the same bounds: see there. All streams must be roomy.
//
//go:noescape
func decodeTurns(p *Pair)

// decodeThree is the loop over three streams.
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
