package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Limits on a page. TLC's pages have 1 MiB, headers 30 bytes. Larger pages are for readers that hold one at a time.
const (
	MaxPageBytes   = 8 << 20
	MaxHeaderBytes = 1 << 20
)

// The kinds of pages, and the encodings that are read here, as parquet numbers them.
const (
	dataPage       = 0
	dictionaryPage = 2
	dataPageV2     = 3

	plain           = 0
	plainDictionary = 2
	rle             = 3
	rleDictionary   = 8
)

// header is what a page's header says.
type header struct {
	kind         int64
	size         int64 // of the body once decompressed, bytes
	packed       int64 // of the body as it is in the file, bytes
	crc          uint32
	hasCRC       bool
	values       int64 // nulls included
	encoding     int64
	levels       int64 // encoding of the definition levels: v1
	levelBytes   int64 // of definition levels: v2
	repeatBytes  int64 // of repetition levels: v2
	uncompressed bool  // v2: the values are not compressed, whatever the codec
}

var (
	errShort  = errors.New("the page header breaks off")
	errHeader = errors.New("the page header makes no sense")
)

// parseHeader reads the header at the start of b, in Thrift's compact protocol, and returns its length too. It is
// errShort that b may be only a part of it.
func parseHeader(b []byte) (h header, n int, err error) {
	w := thrift{b: b}
	var crc, rows, ignored int64
	var of, seen fieldSet
	top := []*int64{1: &h.kind, 2: &h.size, 3: &h.packed, 4: &crc}
	err = w.fields(func(id int64, typ byte) (bool, error) {
		numbers, required := []*int64(nil), fieldSet(0)
		switch id {
		case 1, 2, 3, 4:
			return true, w.required(&seen, id, typ, top)
		case 5: // of a data page
			numbers, required = []*int64{1: &h.values, 2: &h.encoding, 3: &h.levels, 4: &ignored}, 0b11110
		case 7: // of a dictionary page
			numbers, required = []*int64{1: &h.values, 2: &h.encoding}, 0b110
		case 8: // of a data page v2
			numbers, required = []*int64{1: &h.values, 2: &ignored, 3: &rows, 4: &h.encoding, 5: &h.levelBytes, 6: &h.repeatBytes}, 0b1111110
		default:
			return false, nil
		}
		if typ != typeStruct {
			return true, errHeader
		}
		of |= 1 << id
		var inner fieldSet
		err := w.fields(func(field int64, typ byte) (bool, error) {
			switch {
			case field > 0 && field < int64(len(numbers)):
				return true, w.required(&inner, field, typ, numbers)
			case id == 8 && field == 7:
				if typ > typeFalse {
					return true, errHeader
				}
				h.uncompressed = typ == typeFalse
			}
			return false, nil
		})
		if err == nil && inner&required != required {
			err = errHeader
		}
		return true, err
	})
	switch {
	case err != nil:
		return header{}, 0, err
	case seen&0b1110 != 0b1110 || h.size < 0 || h.packed < 0 || h.values < 0 || h.levelBytes < 0 || h.repeatBytes < 0:
		return header{}, 0, errHeader
	case h.kind == dataPageV2 && rows != h.values: // in a flat column every row has one
		return header{}, 0, errHeader
	case h.kind == dataPage && of != 1<<5 || h.kind == dictionaryPage && of != 1<<7 || h.kind == dataPageV2 && of != 1<<8:
		return header{}, 0, errHeader
	case h.size > MaxPageBytes || h.packed > MaxPageBytes:
		return header{}, 0, fmt.Errorf("a page of %d bytes, %d compressed; at most %d are read", h.size, h.packed, MaxPageBytes)
	}
	h.crc, h.hasCRC = uint32(crc), seen&(1<<4) != 0
	return h, w.at, nil
}

// fieldSet has a bit for every field that was there.
type fieldSet uint16

// required reads field id, which must be an int32, into its place.
func (w *thrift) required(seen *fieldSet, id int64, typ byte, places []*int64) error {
	if typ != typeInt32 {
		return errHeader
	}
	*seen |= 1 << id
	err := w.number(places[id])
	if v := *places[id]; err == nil && int64(int32(v)) != v {
		err = errHeader
	}
	return err
}

// The types of Thrift's compact protocol that matter here.
const (
	typeFalse  = 2
	typeInt32  = 5
	typeStruct = 12
)

// thrift is a position in a value of Thrift's compact protocol.
type thrift struct {
	b     []byte
	at    int
	depth int
}

// fields calls f for each field of a struct. f consumes the value and returns true, or leaves it to be skipped.
func (w *thrift) fields(f func(id int64, typ byte) (bool, error)) error {
	const deepest = 32
	if w.depth++; w.depth > deepest {
		return errHeader
	}
	defer func() { w.depth-- }()
	for id := int64(0); ; {
		if w.at >= len(w.b) {
			return errShort
		}
		head := w.b[w.at]
		w.at++
		if head == 0 {
			return nil
		}
		if delta := int64(head >> 4); delta > 0 {
			id += delta
		} else if err := w.number(&id); err != nil {
			return err
		}
		known, err := f(id, head&15)
		if err == nil && !known {
			err = w.skipValue(head&15, false)
		}
		if err != nil {
			return err
		}
	}
}

// number reads a zigzag varint.
func (w *thrift) number(v *int64) error {
	n, err := w.uvarint()
	*v = int64(n>>1) ^ -int64(n&1)
	return err
}

func (w *thrift) uvarint() (uint64, error) {
	n, size := binary.Uvarint(w.b[w.at:])
	switch {
	case size == 0:
		return 0, errShort
	case size < 0:
		return 0, errHeader
	}
	w.at += size
	return n, nil
}

func (w *thrift) skip(n uint64) error {
	if n > MaxHeaderBytes {
		return errHeader
	}
	if n > uint64(len(w.b)-w.at) {
		return errShort
	}
	w.at += int(n)
	return nil
}

func (w *thrift) skipValue(typ byte, inList bool) error {
	switch typ {
	case 1, 2: // in a struct, true and false are types; in a list they take a byte
		if inList {
			return w.skip(1)
		}
		return nil
	case 3:
		return w.skip(1)
	case 4, 5, 6:
		_, err := w.uvarint()
		return err
	case 7:
		return w.skip(8)
	case 8:
		n, err := w.uvarint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case 9, 10:
		return w.skipList()
	case 12:
		return w.fields(func(int64, byte) (bool, error) { return false, nil })
	}
	return errHeader
}

func (w *thrift) skipList() error {
	const deepest = 32
	if w.depth++; w.depth > deepest {
		return errHeader
	}
	defer func() { w.depth-- }()
	if w.at >= len(w.b) {
		return errShort
	}
	head := w.b[w.at]
	w.at++
	n := uint64(head >> 4)
	if n == 15 {
		var err error
		if n, err = w.uvarint(); err != nil {
			return err
		}
	}
	if n > MaxHeaderBytes { // an element takes a byte at least
		return errHeader
	}
	for range n {
		if err := w.skipValue(head&15, true); err != nil {
			return err
		}
	}
	return nil
}
