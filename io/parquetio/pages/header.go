package pages

import (
	"errors"
	"fmt"
	"hash/crc32"

	"tripstats/io/parquetio/thrift"
)

// Limits on a page. TLC's pages have 1 MiB, and their headers 30 bytes.
const (
	MaxPageBytes   = 8 << 20
	MaxHeaderBytes = 1 << 20
)

// The kinds of pages, and the encodings, as parquet numbers them.
const (
	dataPage       = 0
	dictionaryPage = 2
	dataPageV2     = 3

	plain                = 0
	plainDictionary      = 2
	rle                  = 3
	bitPacked            = 4
	deltaBinaryPacked    = 5
	deltaLengthByteArray = 6
	deltaByteArray       = 7
	rleDictionary        = 8
	byteStreamSplit      = 9
)

// header has the fields of a page's header.
type header struct {
	kind         int64
	size         int64 // bytes of the decompressed body
	packed       int64 // bytes of the body in the file
	crc          uint32
	hasCRC       bool
	values       int64 // nulls included
	encoding     int64
	levels       int64 // encoding of the definition levels: v1
	levelBytes   int64 // of definition levels: v2
	repeatBytes  int64 // of repetition levels: v2
	uncompressed bool  // v2: the values are not compressed, whatever the codec
}

// holdsRows tells whether a page has rows to read. Index pages have none. Data pages without rows are skipped too, and so need not
// be inflated.
func (h header) holdsRows() bool {
	return (h.kind == dataPage || h.kind == dataPageV2) && h.values > 0
}

var errHeader = errors.New("the page header makes no sense")

// parseHeader reads the header at the start of b, in Thrift's compact protocol, and returns its length too. The error is
// [thrift.ErrShort] if b ends within the header.
func parseHeader(b []byte) (h header, n int, err error) {
	w := thrift.Walk{Bytes: b}
	var crc, rows, ignored int64
	var of, seen fieldSet
	top := []*int64{1: &h.kind, 2: &h.size, 3: &h.packed, 4: &crc}
	err = w.Fields(func(id int64, typ byte) (bool, error) {
		numbers, needed := []*int64(nil), fieldSet(0)
		switch id {
		case 1, 2, 3, 4:
			return true, required(&w, &seen, id, typ, top)
		case 5: // of a data page
			numbers, needed = []*int64{1: &h.values, 2: &h.encoding, 3: &h.levels, 4: &ignored}, 0b11110
		case 7: // of a dictionary page
			numbers, needed = []*int64{1: &h.values, 2: &h.encoding}, 0b110
		case 8: // of a data page v2
			numbers, needed = []*int64{1: &h.values, 2: &ignored, 3: &rows, 4: &h.encoding, 5: &h.levelBytes, 6: &h.repeatBytes}, 0b1111110
		default:
			return false, nil
		}
		if typ != thrift.Struct {
			return true, errHeader
		}
		of |= 1 << id
		var inner fieldSet
		err := w.Fields(func(field int64, typ byte) (bool, error) {
			switch {
			case field > 0 && field < int64(len(numbers)):
				return true, required(&w, &inner, field, typ, numbers)
			case id == 8 && field == 7:
				if typ > thrift.False {
					return true, errHeader
				}
				h.uncompressed = typ == thrift.False
			}
			return false, nil
		})
		if err == nil && inner&needed != needed {
			err = errHeader
		}
		return true, err
	})
	switch {
	case err != nil:
		return header{}, 0, err
	case seen&0b1110 != 0b1110 || h.size < 0 || h.packed < 0 || h.values < 0 || h.levelBytes < 0 || h.repeatBytes < 0:
		return header{}, 0, errHeader
	case h.kind == dataPageV2 && rows != h.values: // a flat column has one value for each row
		return header{}, 0, errHeader
	case h.kind == dataPage && of != 1<<5 || h.kind == dictionaryPage && of != 1<<7 || h.kind == dataPageV2 && of != 1<<8:
		return header{}, 0, errHeader
	case h.size > MaxPageBytes || h.packed > MaxPageBytes:
		return header{}, 0, fmt.Errorf("%w: a page of %d bytes, %d compressed", ErrForm, h.size, h.packed)
	}
	h.crc, h.hasCRC = uint32(crc), seen&(1<<4) != 0
	return h, w.At, nil
}

// ErrChecksum says that a page has a checksum that does not match its bytes: it is certainly damaged.
var ErrChecksum = errors.New("a page's checksum is not that of its bytes")

// verify compares the compressed body of the page with its checksum, if the header has one.
func (h header) verify(body []byte) error {
	if h.hasCRC && crc32.ChecksumIEEE(body) != h.crc {
		return ErrChecksum
	}
	return nil
}

// fieldSet has a bit for each field that was read.
type fieldSet uint16

// required reads field id, which must be an int32, into the variable for it.
func required(w *thrift.Walk, seen *fieldSet, id int64, typ byte, places []*int64) error {
	if typ != thrift.Int32 {
		return errHeader
	}
	*seen |= 1 << id
	v, err := w.Int()
	if err == nil && int64(int32(v)) != v {
		err = errHeader
	}
	*places[id] = v
	return err
}
