package pages

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

// maxVectorWidth is the width up to which eight indices are unpacked at once.
const maxVectorWidth = 16

// lanes says, for a width, from which bytes each of eight indices comes and by how many bits it is shifted there. The
// first four are in the first half of a register, which has the bytes from the first of them on, and the others in the
// second, which has those from the fifth on.
type lanes struct {
	bytes  [32]byte
	shifts [8]uint32
}

var lanesOf = func() (all [maxVectorWidth + 1]lanes) {
	for width := range all {
		l := &all[width]
		for i := range 8 {
			bit := i % 4 * width
			if i >= 4 {
				bit += 4 * width & 7
			}
			l.shifts[i] = uint32(bit & 7)
			for b := range 4 {
				l.bytes[4*i+b] = byte(bit>>3 + b)
			}
		}
	}
	return all
}()

// unpackMany fills the start of dst, a multiple of eight, with indices from the first bit of data on. It returns how many it
// filled, 0 without AVX2, and the largest of them.
func unpackMany(dst []uint16, data []byte, width uint) (n int, most uint64) {
	if !hasAVX2 || width == 0 || width > maxVectorWidth {
		return 0, 0
	}
	// Each eight take width bytes, and 16 are loaded from the fifth on.
	const loaded = 16
	spare := len(data) - int(width/2) - loaded
	eights := min(len(dst)/8, spare/int(width)+1)
	if eights == 0 || spare < 0 {
		return 0, 0
	}
	var largest [8]uint32
	unpackEights(&dst[0], &data[0], eights, width, &lanesOf[width], &largest)
	for _, v := range largest {
		most = max(most, uint64(v))
	}
	return 8 * eights, most
}

// unpackEights unpacks n times eight indices.
//
//go:noescape
func unpackEights(dst *uint16, src *byte, n int, width uint, l *lanes, largest *[8]uint32)
