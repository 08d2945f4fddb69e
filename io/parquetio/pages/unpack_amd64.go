package pages

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

// maxVectorWidth is the largest width, in bits, of indices that are unpacked eight at a time.
const maxVectorWidth = 16

// shuffle says, for a width, which bytes each of eight indices is in, and how far it is shifted in them, in bits. Indices 0 to 3
// are in the first half of a register, which begins with the bytes of index 0. Indices 4 to 7 are in the second half, which
// begins with the bytes of index 4.
type shuffle struct {
	bytes  [32]byte
	shifts [8]uint32
}

var shuffleOf = func() (all [maxVectorWidth + 1]shuffle) {
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

// unpackMany fills the start of dst with indices, from the first bit of data on. It returns how many, a multiple of eight, and
// the largest of them. Without AVX2 it fills none.
func unpackMany(dst []uint16, data []byte, width uint) (n int, most uint64) {
	if !hasAVX2 || width == 0 || width > maxVectorWidth {
		return 0, 0
	}
	// Eight indices take width bytes. The second half loads 16 bytes, from those of index 4 on.
	const loaded = 16
	spare := len(data) - int(width/2) - loaded
	eights := min(len(dst)/8, spare/int(width)+1)
	if eights == 0 || spare < 0 {
		return 0, 0
	}
	var largest [8]uint32
	unpackEights(&dst[0], &data[0], eights, width, &shuffleOf[width], &largest)
	for _, v := range largest {
		most = max(most, uint64(v))
	}
	return 8 * eights, most
}

// unpackEights unpacks n times eight indices.
//
//go:noescape
func unpackEights(dst *uint16, src *byte, n int, width uint, l *shuffle, largest *[8]uint32)
