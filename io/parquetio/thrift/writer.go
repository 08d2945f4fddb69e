package thrift

import "encoding/binary"

// Writer writes a struct, field by field, in ascending order of ids.
type Writer struct {
	Bytes []byte // fields are appended to it

	last int64
}

// Raw adds a field whose value is already encoded.
func (w *Writer) Raw(id int64, typ byte, value []byte) {
	w.begin(id, typ)
	w.Bytes = append(w.Bytes, value...)
}

// Int adds an integer field.
func (w *Writer) Int(id int64, typ byte, n int64) {
	w.begin(id, typ)
	w.Bytes = binary.AppendVarint(w.Bytes, n)
}

// List begins a list field of n elements. The caller appends the elements to Bytes.
func (w *Writer) List(id int64, elements byte, n int) {
	w.begin(id, List)
	if n < 15 {
		w.Bytes = append(w.Bytes, byte(n)<<4|elements)
		return
	}
	w.Bytes = binary.AppendUvarint(append(w.Bytes, 0xf0|elements), uint64(n))
}

// Struct adds a struct field. fields writes its fields.
func (w *Writer) Struct(id int64, fields func(*Writer)) {
	w.begin(id, Struct)
	w.Element(fields)
}

// Element writes a struct that is an element of a list.
func (w *Writer) Element(fields func(*Writer)) {
	inner := Writer{Bytes: w.Bytes}
	fields(&inner)
	w.Bytes = append(inner.Bytes, 0)
}

func (w *Writer) begin(id int64, typ byte) {
	if delta := id - w.last; delta > 0 && delta < 16 {
		w.Bytes = append(w.Bytes, byte(delta)<<4|typ)
	} else {
		w.Bytes = binary.AppendVarint(append(w.Bytes, typ), id)
	}
	w.last = id
}
