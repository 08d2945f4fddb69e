// Package inflate decompresses gzip data (RFC 1952 around RFC 1951) into a buffer whose size is known beforehand, as
// pages of parquet files are.
//
// This makes it fast: input and output are completely in memory, so there is no window to slide and no state to keep
// between calls. The loop over symbols checks both bounds once for several symbols, keeps 64 bits of input in a register, and
// copies matches eight bytes at a time. It accepts exactly what both Go's compress/gzip and github.com/klauspost/compress,
// which arrow-go uses, accept; the fuzz tests compare it with both.
//
// It never writes more than the buffer holds: longer output is an error, whatever size the data claims.
package inflate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// What may be wrong with gzip data.
var (
	ErrHeader   = errors.New("gzip: it does not begin with a gzip header")
	ErrCorrupt  = errors.New("gzip: its deflate stream is damaged")
	ErrShort    = errors.New("gzip: it breaks off")
	ErrChecksum = errors.New("gzip: its checksum or length is not that of its content")
	ErrTooLong  = errors.New("gzip: it holds more than was declared")
)

// Decoder holds the tables of the block at hand, about 14 KiB. The zero value is ready. It must not be used by two
// goroutines at once.
type Decoder struct {
	stream

	lit  [litTable]uint32
	dist [distTable]uint32
	pre  [1 << preBits]uint32

	lens   [maxLit + maxDist]uint8
	sorted [maxLit]uint16
	fixed  bool // lit and dist are those of fixed blocks
	room   [smallPage + fastOut]byte
}

// smallPage is the size of the largest page that is inflated into room, which has fastOut more bytes than the page. The fast loop needs these bytes:
// without them, the slow loop would inflate all of a small page symbol by symbol.
const smallPage = 1 << 10

// Gzip decompresses all members of src, one after the other, into dst, and returns how many bytes they hold. It checks
// each member's CRC-32 and length. The bytes of dst beyond those returned may be overwritten.
func (d *Decoder) Gzip(dst, src []byte) (int, error) {
	defer func() { d.stream = stream{} }() // not to keep the caller's memory
	n := 0
	for first := true; first || len(src) > 0; first = false {
		body, err := header(src)
		if err != nil {
			return n, err
		}
		out, used, err := d.deflate(dst[n:], body)
		if err != nil {
			return n, err
		}
		if len(body)-used < 8 {
			return n, ErrShort
		}
		sum, size := binary.LittleEndian.Uint32(body[used:]), binary.LittleEndian.Uint32(body[used+4:])
		if size != uint32(out) || sum != crc32.ChecksumIEEE(dst[n:n+out]) {
			return n, ErrChecksum
		}
		n += out
		src = body[used+8:]
	}
	return n, nil
}

// Page decompresses src into exactly the bytes of dst.
func (d *Decoder) Page(dst, src []byte) error {
	if len(dst) <= smallPage {
		if n, err := d.Gzip(d.room[:len(dst)+fastOut], src); err == nil && n == len(dst) {
			copy(dst, d.room[:n])
			return nil
		}
		// The code below finds out what is wrong with the page.
	}
	n, err := d.Gzip(dst, src)
	if err == nil && n != len(dst) {
		err = fmt.Errorf("gzip: it holds %d bytes, %d were declared", n, len(dst))
	}
	return err
}

// The flags of a member's header.
const (
	flagHeaderCRC = 1 << 1
	flagExtra     = 1 << 2
	flagName      = 1 << 3
	flagComment   = 1 << 4
	flagsReserved = 7 << 5
)

// header returns what follows a member's header.
func header(src []byte) ([]byte, error) {
	if len(src) == 0 {
		return nil, ErrShort
	}
	if len(src) < 10 {
		return nil, ErrHeader
	}
	if src[0] != 0x1f || src[1] != 0x8b || src[2] != 8 || src[3]&flagsReserved != 0 {
		return nil, ErrHeader
	}
	flags, rest := src[3], src[10:]
	if flags&flagExtra != 0 {
		if len(rest) < 2 || len(rest)-2 < int(binary.LittleEndian.Uint16(rest)) {
			return nil, ErrShort
		}
		rest = rest[2+int(binary.LittleEndian.Uint16(rest)):]
	}
	for _, flag := range []byte{flagName, flagComment} {
		if flags&flag == 0 {
			continue
		}
		end := 0
		for ; ; end++ {
			if end == len(rest) {
				return nil, ErrShort
			}
			if end == maxHeaderText {
				return nil, ErrHeader
			}
			if rest[end] == 0 {
				break
			}
		}
		rest = rest[end+1:]
	}
	if flags&flagHeaderCRC != 0 {
		if len(rest) < 2 {
			return nil, ErrShort
		}
		if uint16(crc32.ChecksumIEEE(src[:len(src)-len(rest)])) != binary.LittleEndian.Uint16(rest) {
			return nil, ErrHeader
		}
		rest = rest[2:]
	}
	return rest, nil
}

// maxHeaderText is how long a member's name or comment may be, its end included: that of klauspost/compress.
const maxHeaderText = 512
