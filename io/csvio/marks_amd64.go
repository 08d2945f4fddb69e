package csvio

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

// maskMany is mask, with AVX2 if the machine has it.
func maskMany(text []byte, out []uint64) (quotes bool) {
	blocks := len(text) / marked
	if !hasAVX2 || blocks == 0 {
		return mask(text, out)
	}
	_ = out[2*blocks-1]
	return maskBlocks(&text[0], blocks, &out[0]) != 0
}

//go:noescape
func maskBlocks(text *byte, blocks int, out *uint64) (quotes uint64)
