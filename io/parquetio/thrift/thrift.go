// Package thrift walks over values in Thrift's compact protocol: parquet's footers and page headers. It makes no objects of
// them and allocates nothing, unlike libraries, which allocate as many elements as a list claims to have. It refuses only what
// it cannot walk over, and skips fields, types and lists that this program does not know. A [Writer] writes such values.
package thrift

import (
	"encoding/binary"
	"errors"
)

// Errors of a walk. ErrShort says that the bytes end within the value.
var (
	ErrShort     = errors.New("its Thrift structure breaks off")
	ErrMalformed = errors.New("its Thrift structure contradicts itself")
	ErrMany      = errors.New("its Thrift structure has too many values")
)

// The types of the protocol that callers use.
const (
	True   = 1
	False  = 2
	Int32  = 5
	Int64  = 6
	Binary = 8
	List   = 9
	Struct = 12

	dictionary = 11 // Thrift calls it a map
	uuid       = 13 // the last
)

// deepest is how deep structs and lists may nest. The parquet format needs 7.
const deepest = 32

// Walk is a position in a value.
type Walk struct {
	Bytes  []byte
	At     int
	Values int // how many fields of structs and elements of lists were walked over
	Most   int // the largest allowed Values; 0 for no limit

	depth int
}

// Fields calls f for each field of the current struct. f either consumes the value and returns true, or returns false, and the value
// is skipped.
func (w *Walk) Fields(f func(id int64, typ byte) (consumed bool, err error)) error {
	if w.depth++; w.depth > deepest {
		return ErrMalformed
	}
	defer func() { w.depth-- }()
	for id := int64(0); ; {
		if w.At >= len(w.Bytes) {
			return ErrShort
		}
		head := w.Bytes[w.At]
		if w.At++; head == 0 {
			return nil
		}
		if delta := int64(head >> 4); delta > 0 {
			id += delta
		} else {
			var err error
			if id, err = w.Int(); err != nil {
				return err
			}
		}
		if int64(int16(id)) != id { // the Thrift library keeps only the low 16 bits, and would see another field
			return ErrMalformed
		}
		if err := w.count(); err != nil {
			return err
		}
		if f != nil {
			if consumed, err := f(id, head&15); err != nil {
				return err
			} else if consumed {
				continue
			}
		}
		if err := w.skip(head&15, false); err != nil {
			return err
		}
	}
}

// Int reads an integer of any size.
func (w *Walk) Int() (int64, error) {
	n, err := w.uvarint()
	return int64(n>>1) ^ -int64(n&1), err // zigzag
}

// Skip walks over the value of a field.
func (w *Walk) Skip(typ byte) error { return w.skip(typ, false) }

func (w *Walk) skip(typ byte, inList bool) error {
	switch typ {
	case True, False: // in a struct the type is the value
		if inList {
			return w.bytes(1)
		}
		return nil
	case 3: // byte
		return w.bytes(1)
	case 4, Int32, Int64: // integers of 16, 32 and 64 bits
		_, err := w.uvarint()
		return err
	case 7: // double
		return w.bytes(8)
	case Binary:
		_, err := w.Text()
		return err
	case List, 10: // a set is a list
		return w.List(nil)
	case dictionary:
		return w.pairs()
	case Struct:
		return w.Fields(nil)
	case uuid:
		return w.bytes(16)
	}
	return ErrMalformed
}

// Text reads a text or other bytes. The result shares memory with w.Bytes.
func (w *Walk) Text() ([]byte, error) {
	n, err := w.uvarint()
	if err != nil {
		return nil, err
	}
	start := w.At
	if err := w.bytes(n); err != nil {
		return nil, err
	}
	return w.Bytes[start:w.At], nil
}

// List calls f for each element of the current list. f either consumes the element and returns true, or returns false, and the
// element is skipped. An empty list may have any element type, because some writers leave it out.
func (w *Walk) List(f func(typ byte) (consumed bool, err error)) error {
	if w.depth++; w.depth > deepest {
		return ErrMalformed
	}
	defer func() { w.depth-- }()
	head, err := w.byte()
	if err != nil {
		return err
	}
	n, typ := uint64(head>>4), head&15
	if n == 15 {
		if n, err = w.uvarint(); err != nil {
			return err
		}
	}
	if n > uint64(len(w.Bytes)-w.At) { // an element takes at least one byte
		return ErrShort
	}
	for range n {
		if err := w.count(); err != nil {
			return err
		}
		consumed := false
		if f != nil {
			if consumed, err = f(typ); err != nil {
				return err
			}
		}
		if !consumed {
			if err := w.skip(typ, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// pairs walks over a map: the number of pairs, then, if there are any, the types of key and value, and the pairs.
func (w *Walk) pairs() error {
	if w.depth++; w.depth > deepest {
		return ErrMalformed
	}
	defer func() { w.depth-- }()
	n, err := w.uvarint()
	if err != nil || n == 0 {
		return err
	}
	types, err := w.byte()
	if err != nil {
		return err
	}
	if n > uint64(len(w.Bytes)-w.At)/2 { // a key and a value take at least one byte each
		return ErrShort
	}
	for range n {
		for _, typ := range [2]byte{types >> 4, types & 15} {
			if err := w.count(); err != nil {
				return err
			}
			if err := w.skip(typ, true); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Walk) count() error {
	if w.Values++; w.Most > 0 && w.Values > w.Most {
		return ErrMany
	}
	return nil
}

func (w *Walk) byte() (byte, error) {
	if w.At >= len(w.Bytes) {
		return 0, ErrShort
	}
	w.At++
	return w.Bytes[w.At-1], nil
}

func (w *Walk) bytes(n uint64) error {
	if n > uint64(len(w.Bytes)-w.At) {
		return ErrShort
	}
	w.At += int(n)
	return nil
}

func (w *Walk) uvarint() (uint64, error) {
	if w.At < len(w.Bytes) && w.Bytes[w.At] < 0x80 { // most numbers have one byte
		w.At++
		return uint64(w.Bytes[w.At-1]), nil
	}
	n, size := binary.Uvarint(w.Bytes[w.At:])
	switch {
	case size == 0:
		return 0, ErrShort
	case size < 0:
		return 0, ErrMalformed
	}
	w.At += size
	return n, nil
}
