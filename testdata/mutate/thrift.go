package mutate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The wire types of Thrift's compact protocol.
const (
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeI16    = 4
	typeI32    = 5
	typeI64    = 6
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeStruct = 12
)

// value is one value of the compact protocol as a tree, which can be changed and written again.
type value struct {
	typ   byte
	id    int16    // of a struct's field
	num   int64    // of integers, booleans in lists and bytes
	bytes []byte   // of binaries and doubles
	elem  byte     // type of a list's elements
	kids  []*value // of structs and lists

	// lie, if not nil, is written in place of a binary's length or a list's count.
	lie *uint64
}

var errShort = errors.New("mutate: Thrift value cut short")

// parseStruct reads a struct and returns how many bytes it takes.
func parseStruct(b []byte) (*value, int, error) {
	p := parser{b: b}
	v, err := p.value(typeStruct)
	return v, p.at, err
}

type parser struct {
	b  []byte
	at int
}

func (p *parser) value(typ byte) (*value, error) {
	v := &value{typ: typ}
	var err error
	switch typ {
	case typeTrue, typeFalse: // the value is in the type
	case typeByte:
		var b []byte
		if b, err = p.take(1); err == nil {
			v.num = int64(int8(b[0]))
		}
	case typeI16, typeI32, typeI64:
		v.num, err = p.zigzag()
	case typeDouble:
		v.bytes, err = p.take(8)
	case typeBinary:
		var n uint64
		if n, err = p.uvarint(); err == nil {
			v.bytes, err = p.take(n)
		}
	case typeList, typeSet:
		err = p.list(v)
	case typeStruct:
		err = p.fields(v)
	default:
		err = fmt.Errorf("mutate: Thrift type %d", typ)
	}
	return v, err
}

func (p *parser) list(v *value) error {
	head, err := p.take(1)
	if err != nil {
		return err
	}
	n := uint64(head[0] >> 4)
	if v.elem = head[0] & 0x0f; n == 15 {
		if n, err = p.uvarint(); err != nil {
			return err
		}
	}
	for range n {
		elem := v.elem
		if elem == typeTrue || elem == typeFalse { // a byte each, in lists
			elem = typeByte
		}
		kid, err := p.value(elem)
		if err != nil {
			return err
		}
		v.kids = append(v.kids, kid)
	}
	return nil
}

func (p *parser) fields(v *value) error {
	id := int16(0)
	for {
		head, err := p.take(1)
		if err != nil {
			return err
		}
		if head[0] == 0 {
			return nil
		}
		if delta := int16(head[0] >> 4); delta != 0 {
			id += delta
		} else {
			n, err := p.zigzag()
			if err != nil {
				return err
			}
			id = int16(n)
		}
		kid, err := p.value(head[0] & 0x0f)
		if err != nil {
			return err
		}
		kid.id = id
		v.kids = append(v.kids, kid)
	}
}

func (p *parser) take(n uint64) ([]byte, error) {
	if n > uint64(len(p.b)-p.at) {
		return nil, errShort
	}
	p.at += int(n)
	return p.b[p.at-int(n) : p.at], nil
}

func (p *parser) uvarint() (uint64, error) {
	n, size := binary.Uvarint(p.b[p.at:])
	if size <= 0 {
		return 0, errShort
	}
	p.at += size
	return n, nil
}

func (p *parser) zigzag() (int64, error) {
	n, err := p.uvarint()
	return int64(n>>1) ^ -int64(n&1), err
}

// append writes v.
func (v *value) append(b []byte) []byte {
	switch v.typ {
	case typeByte:
		return append(b, byte(v.num))
	case typeI16, typeI32, typeI64:
		return binary.AppendUvarint(b, uint64(v.num<<1)^uint64(v.num>>63))
	case typeDouble:
		return append(b, v.bytes...)
	case typeBinary:
		n := uint64(len(v.bytes))
		if v.lie != nil {
			n = *v.lie
		}
		return append(binary.AppendUvarint(b, n), v.bytes...)
	case typeList, typeSet:
		n := uint64(len(v.kids))
		if v.lie != nil {
			n = *v.lie
		}
		if n < 15 {
			b = append(b, byte(n)<<4|v.elem)
		} else {
			b = binary.AppendUvarint(append(b, 0xf0|v.elem), n)
		}
		for _, kid := range v.kids {
			b = kid.append(b)
		}
	case typeStruct:
		id := int16(0)
		for _, kid := range v.kids {
			if delta := kid.id - id; delta > 0 && delta < 16 {
				b = append(b, byte(delta)<<4|kid.typ)
			} else {
				b = binary.AppendVarint(append(b, kid.typ), int64(kid.id))
			}
			id = kid.id
			b = kid.append(b)
		}
		b = append(b, 0)
	}
	return b
}

// field returns the value at a path of field ids, or nil. An element of a list is its index.
func (v *value) field(path ...int) *value {
	for _, id := range path {
		var next *value
		switch {
		case v.typ == typeList && id < len(v.kids):
			next = v.kids[id]
		case v.typ == typeStruct:
			for _, kid := range v.kids {
				if int(kid.id) == id {
					next = kid
				}
			}
		}
		if next == nil {
			return nil
		}
		v = next
	}
	return v
}

// all returns v and everything below it that want takes.
func (v *value) all(want func(*value) bool) []*value {
	var found []*value
	if want(v) {
		found = append(found, v)
	}
	for _, kid := range v.kids {
		found = append(found, kid.all(want)...)
	}
	return found
}

func (v *value) isInteger() bool { return v.typ >= typeByte && v.typ <= typeI64 }
func (v *value) isCounted() bool { return v.typ == typeBinary || v.typ == typeList }
