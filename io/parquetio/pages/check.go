package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Body is a decompressed data page in a form that only arrow-go's readers decode. These readers ignore bytes that they do not
// need. Without a check, a footer with one changed bit, such as the one that makes a column nullable, would give other values.
type Body struct {
	Bytes    []byte
	Rows     int64 // nulls included
	Optional bool  // see [Chunk]
	Padding  int   // see [Chunk]
	Encoding int64
	Width    int // bytes of a plain value; 0 for texts, each of which follows its length

	V2                      bool
	Levels                  int64 // encoding of the definition levels: v1
	RepeatBytes, LevelBytes int64 // of repetition and definition levels: v2
}

var errFew = errors.New("a page has fewer bytes than its values need")

// dictionarySize returns the error for a dictionary that has too few or too many bytes for its values.
func dictionarySize(bytes, values int64) error {
	return fmt.Errorf("a dictionary of %d bytes that claims %d values", bytes, values)
}

// Limits bounds the memory that a page can make a decoder allocate.
type Limits struct {
	Block int64 // values in a block of deltas
	Text  int64 // bytes in a text that is joined from parts
}

// LimitError says that a page exceeds a limit. The page need not be damaged.
type LimitError struct {
	What        string
	Found, Most int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s of %d, at most %d is read", e.What, e.Found, e.Most)
}

// Check returns an error if the page has too few or too many bytes for its values.
func (b Body) Check(most Limits) error {
	set, values, err := b.levels()
	if err != nil {
		return err
	}
	used := 0
	switch b.Encoding {
	case plain:
		if b.Width == 0 {
			used, err = texts(values, set)
		} else {
			used, err = exactly(set, b.Width, values)
		}
	case byteStreamSplit:
		if b.Width == 0 {
			return fmt.Errorf("%w: texts of encoding %d", ErrForm, b.Encoding)
		}
		used, err = exactly(set, b.Width, values)
	case plainDictionary, rleDictionary:
		used, err = indices(values, set, b.Padding)
	case deltaBinaryPacked:
		used, err = deltas(values, set, most, nil)
	case deltaLengthByteArray:
		used, err = lengthsAndTexts(values, set, most, nil)
	case deltaByteArray:
		used, err = prefixedTexts(values, set, most)
	default:
		return fmt.Errorf("%w: encoding %d", ErrForm, b.Encoding)
	}
	if err == nil && !padding(values[used:], b.Padding) {
		err = errLeft
	}
	return err
}

// CheckDictionary does what Check does for a dictionary page, whose values are plain.
func CheckDictionary(data []byte, values int64, width int) error {
	used, err := 0, error(nil)
	if width == 0 {
		used, err = texts(data, values)
	} else {
		used, err = exactly(values, width, data)
	}
	if err != nil || used != len(data) {
		return dictionarySize(int64(len(data)), values)
	}
	return nil
}

// levels returns the number of rows that are not null, and the bytes of their values.
func (b Body) levels() (set int64, values []byte, err error) {
	data := b.Bytes
	if b.V2 {
		n := b.RepeatBytes + b.LevelBytes
		if b.RepeatBytes < 0 || b.LevelBytes < 0 || n > int64(len(data)) {
			return 0, nil, errRuns
		}
		if !b.Optional {
			if b.LevelBytes > 0 {
				return 0, nil, errLevels
			}
			return b.Rows, data[n:], nil
		}
		set, err = countLevels(data[b.RepeatBytes:n], b.Rows, b.Padding)
		return set, data[n:], err
	}
	switch {
	case !b.Optional || b.Rows == 0:
		return b.Rows, data, nil
	case b.Levels == bitPacked:
		n := (b.Rows + 7) / 8
		if n > int64(len(data)) {
			return 0, nil, errRuns
		}
		for i, v := range data[:n] { // from the highest bit on
			if rest := b.Rows - 8*int64(i); rest < 8 {
				v &= 0xff << (8 - rest)
			}
			set += int64(bits.OnesCount8(v))
		}
		return set, data[n:], nil
	case b.Levels != rle:
		return 0, nil, fmt.Errorf("%w: definition levels of encoding %d", ErrForm, b.Levels)
	case len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4):
		return 0, nil, errRuns
	}
	n := int(binary.LittleEndian.Uint32(data))
	set, err = countLevels(data[4:4+n], b.Rows, b.Padding)
	return set, data[4+n:], err
}

// countLevels counts the definition levels of rows that are not null.
func countLevels(data []byte, rows int64, pad int) (set int64, err error) {
	h := hybrid{data: data, end: len(data), width: 1, pad: pad}
	for rows > 0 {
		if err := h.run(); err != nil {
			return 0, err
		}
		n := min(int64(h.left), rows)
		switch {
		case h.packed:
			for i, v := range data[h.bit/8 : h.pos] {
				if rest := n - 8*int64(i); rest <= 0 {
					break
				} else if rest < 8 {
					v &= 1<<rest - 1
				}
				set += int64(bits.OnesCount8(v))
			}
		case h.value > 1:
			return 0, fmt.Errorf("a definition level of %d, expected at most 1", h.value)
		case h.value == 1:
			set += n
		}
		h.left -= int(n)
		rows -= n
	}
	if !h.spent() {
		return 0, errLeft
	}
	return set, nil
}

// exactly returns how many bytes n values of a width take.
func exactly(n int64, width int, data []byte) (int, error) {
	if n < 0 || n > int64(len(data)/width) {
		return 0, errFew
	}
	return int(n) * width, nil
}

// texts returns how many bytes n texts take with their lengths.
func texts(data []byte, n int64) (int, error) {
	at := 0
	for range n {
		if len(data)-at < 4 {
			return 0, errFew
		}
		size := binary.LittleEndian.Uint32(data[at:])
		if at += 4; uint64(size) > uint64(len(data)-at) {
			return 0, errFew
		}
		at += int(size)
	}
	return at, nil
}

// indices walks over n indices of a dictionary. It returns an error if bytes are left.
func indices(data []byte, n int64, pad int) (int, error) {
	if len(data) == 0 && n == 0 {
		return 0, nil
	}
	if len(data) == 0 {
		return 0, errFew
	}
	if data[0] > 32 {
		return 0, fmt.Errorf("indices of %d bits", data[0])
	}
	h := hybrid{data: data[1:], end: len(data) - 1, width: uint(data[0]), pad: pad}
	for n > 0 {
		if err := h.run(); err != nil {
			return 0, err
		}
		count := min(int64(h.left), n)
		h.left -= int(count)
		n -= count
	}
	if !h.spent() {
		return 0, errLeft
	}
	return len(data), nil
}

// lengthsAndTexts walks over n lengths and then n texts. If each is not nil, it is called with every length.
func lengthsAndTexts(data []byte, n int64, most Limits, each func(int64) error) (int, error) {
	total := int64(0)
	used, err := deltas(data, n, most, func(size int64) error {
		if total += size; size < 0 || total > int64(len(data)) {
			return errFew
		}
		if each != nil {
			return each(size)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if total > int64(len(data)-used) {
		return 0, errFew
	}
	return used + int(total), nil
}

// prefixedTexts walks over n texts that share prefixes: first, for each text, how many bytes it has in common with the text before
// it, then the remaining bytes of all texts.
func prefixedTexts(data []byte, n int64, most Limits) (int, error) {
	var prefixes []int32
	used, err := deltas(data, n, most, func(size int64) error {
		if size < 0 || size > math.MaxInt32 {
			return errFew
		}
		prefixes = append(prefixes, int32(size))
		return nil
	})
	if err != nil {
		return 0, err
	}
	before := int64(0)
	more, err := lengthsAndTexts(data[used:], n, most, func(size int64) error {
		prefix := int64(prefixes[0])
		prefixes = prefixes[1:]
		if prefix > before {
			return fmt.Errorf("a text that begins with %d bytes of one of %d", prefix, before)
		}
		if before = prefix + size; before > most.Text {
			return &LimitError{"a text with a length", before, most.Text}
		}
		return nil
	})
	return used + more, err
}

// deltas walks over n integers of DELTA_BINARY_PACKED. If each is not nil, it is called with every integer. It returns how many
// bytes the integers take: the last block has no bytes for groups without integers.
func deltas(data []byte, n int64, most Limits, each func(int64) error) (int, error) {
	at := 0
	number := func() uint64 {
		v, size := binary.Uvarint(data[min(max(at, 0), len(data)):])
		if size <= 0 || at < 0 {
			at = -1
			return 0
		}
		at += size
		return v
	}
	block, groups, count, first := number(), number(), number(), number()
	switch {
	case at < 0:
		return 0, errFew
	case block == 0 || groups == 0 || block > 1<<31 || block%groups != 0 || block/groups%8 != 0:
		return 0, fmt.Errorf("blocks of %d values in %d groups", block, groups)
	case block > uint64(most.Block):
		return 0, &LimitError{"a block of deltas with a size", int64(block), most.Block}
	case count != uint64(n):
		return 0, fmt.Errorf("%d values in a page where its header and levels say %d", count, n)
	case count == 0:
		return at, nil
	}
	size := block / groups // values in a group
	value := int64(first>>1) ^ -int64(first&1)
	if each != nil {
		if err := each(value); err != nil {
			return 0, err
		}
	}
	for left := count - 1; left > 0; {
		least := number()
		if at < 0 || groups > uint64(len(data)-at) {
			return 0, errFew
		}
		add := int64(least>>1) ^ -int64(least&1)
		widths := data[at : at+int(groups)]
		at += int(groups)
		for _, width := range widths {
			if left == 0 {
				break
			}
			if width > 64 || size/8*uint64(width) > uint64(len(data)-at) {
				return 0, errFew
			}
			group := data[at : at+int(size/8)*int(width)]
			at += len(group)
			count := min(size, left)
			left -= count
			for i := range count {
				if each == nil {
					break
				}
				value += add + int64(bitsAt(group, i*uint64(width), uint(width)))
				if err := each(value); err != nil {
					return 0, err
				}
			}
		}
	}
	return at, nil
}

// bitsAt returns the integer of the given width, in bits, that begins at bit at.
func bitsAt(data []byte, at uint64, width uint) (v uint64) {
	for got := uint(0); got < width; {
		b := uint64(data[at>>3]) >> (at & 7)
		n := min(8-uint(at&7), width-got)
		v |= b & (1<<n - 1) << got
		got, at = got+n, at+uint64(n)
	}
	return v
}
