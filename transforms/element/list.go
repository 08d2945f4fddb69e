package element

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterType(typeOf[ColumnsList]())
	beam.RegisterFunction(encodeColumnsList)
	beam.RegisterFunction(decodeColumnsList)
	beam.RegisterCoder(typeOf[ColumnsList](), encodeColumnsList, decodeColumnsList)
}

// ColumnsList is what the reader emits: some batches, each of which a stage can do on a core of its own. Batches of one row group stand in
// their order, in a list and from list to list. Those of different row groups and files may be mixed. Like its batches, a list is
// read-only, and its memory may be used again once the emit call that handed it out has returned.
type ColumnsList struct{ List []Columns }

func encodeColumnsList(l ColumnsList) ([]byte, error) {
	return EncodeList(l.List, Columns.encodedSize, encodeColumns)
}

func decodeColumnsList(b []byte) (ColumnsList, error) {
	list, err := DecodeList(b, decodeColumns)
	return ColumnsList{list}, err
}

// encodedSize is about how many bytes the encoded form has.
func (c Columns) encodedSize() int { return sizeOf(c.Record) }

// EncodeList codes large elements: their number as a uvarint, then each with its length. size returns about how many bytes an encoded
// element has.
func EncodeList[T any](list []T, size func(T) int, encode func(T) ([]byte, error)) ([]byte, error) {
	total := 0
	for _, v := range list {
		total += size(v)
	}
	if b, ok := OnlyCounted(total); ok {
		return b, nil
	}
	out := binary.AppendUvarint(nil, uint64(len(list)))
	for _, v := range list {
		b, err := encode(v)
		if err != nil {
			return nil, err
		}
		out = append(binary.AppendUvarint(out, uint64(len(b))), b...)
	}
	return out, nil
}

// DecodeList reads what [EncodeList] wrote.
func DecodeList[T any](b []byte, decode func([]byte) (T, error)) (list []T, err error) {
	n, b, err := CutUvarint(b)
	if err != nil {
		return nil, fmt.Errorf("element: list: %w", err)
	}
	for range n {
		var size uint64
		if size, b, err = CutUvarint(b); err == nil && size > uint64(len(b)) {
			err = errShort
		}
		if err != nil {
			return nil, fmt.Errorf("element: list: %w", err)
		}
		v, err := decode(b[:size:size])
		if err != nil {
			return nil, err
		}
		list, b = append(list, v), b[size:]
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("element: list: found %d bytes after its end", len(b))
	}
	return list, nil
}
