package element

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync"
	"unsafe"
)

// CompactList encodes a list of similar structs with exported fields, such as what is known of the files of a folder. Each entry is encoded as
// its difference from an earlier entry. There may be tens of thousands of files, and what waits for the end of a run takes most of the memory
// of a run.
//
// An entry is written as: the number of entries from the earlier entry to this one, or 0 for the zero value; a bit for each field that differs; and then these
// fields. A text is written in two parts: the number of bytes at its start that the earlier text has too, and its other bytes.
func CompactList[T any](list []T) ([]byte, error) {
	c, err := structOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	b := binary.AppendUvarint(nil, uint64(len(list)))
	var zero T
	for i := range list {
		like, fewest := 0, math.MaxInt
		for back := 1; back <= mostBack && back <= i; back++ {
			if n := c.differing(unsafe.Pointer(&list[i-back]), unsafe.Pointer(&list[i])); n < fewest {
				like, fewest = back, n
			}
		}
		if b = append(b, byte(like)); like == 0 {
			b = c.write(b, unsafe.Pointer(&zero), unsafe.Pointer(&list[i]))
		} else {
			b = c.write(b, unsafe.Pointer(&list[i-like]), unsafe.Pointer(&list[i]))
		}
	}
	return append(make([]byte, 0, len(b)), b...), nil // a copy without spare capacity
}

// ExpandList reads what [CompactList] wrote. Entries share the memory of equal texts and lists, so nobody may write to these.
func ExpandList[T any](b []byte) ([]T, error) {
	c, err := structOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	r := &listReader{in: b}
	n := r.uvarint()
	if r.err != nil || n > uint64(len(r.in)/(1+c.bits())) { // an entry takes no less, so damaged bytes do not make a very long list
		return nil, errShort
	}
	var zero T
	list := make([]T, n)
	for i := range list {
		last := &zero
		if like := r.bytes(1); r.err == nil && like[0] > 0 {
			if int(like[0]) > i {
				return nil, fmt.Errorf("element: entry %d of a list: found a reference %d entries back, expected one to an earlier entry", i, like[0])
			}
			last = &list[i-int(like[0])]
		}
		list[i] = *last
		c.read(r, unsafe.Pointer(last), unsafe.Pointer(&list[i]))
		if r.err != nil {
			return nil, fmt.Errorf("element: entry %d of a list: %w", i, r.err)
		}
	}
	if len(r.in) > 0 {
		return nil, fmt.Errorf("element: found %d bytes after the end of a list", len(r.in))
	}
	return list, nil
}

// mostBack is how many entries back the earlier entry may be. It is more than 1 because the files of several taxis take turns in a folder.
const mostBack = 4

// CompactOne is [CompactList] for a single struct. A field that is zero takes one bit, which is less than in a row.
func CompactOne[T any](v T) ([]byte, error) { return CompactList([]T{v}) }

// ExpandOne reads what [CompactOne] wrote.
func ExpandOne[T any](b []byte) (v T, err error) {
	list, err := ExpandList[T](b)
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("element: found a list of %d entries, expected one", len(list))
	}
	if err != nil {
		return v, err
	}
	return list[0], nil
}

// listReader reads numbers and bytes. After an error it returns zeros.
type listReader struct {
	in  []byte
	err error
}

func (r *listReader) fail(err error) {
	if r.err == nil {
		r.err, r.in = err, nil
	}
}

func (r *listReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.in)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.in = r.in[n:]
	return v
}

// bytes returns the next n bytes.
func (r *listReader) bytes(n uint64) []byte {
	if n > uint64(len(r.in)) {
		r.fail(errShort)
		return nil
	}
	b := r.in[:n]
	r.in = r.in[n:]
	return b
}

// valueCoder codes values of one type. Its methods get pointers to values: value is the one to code, and last is that of the earlier entry. Before
// read is called, value is a copy of last; read changes what differs.
type valueCoder interface {
	same(last, value unsafe.Pointer) bool
	write(b []byte, last, value unsafe.Pointer) []byte
	read(r *listReader, last, value unsafe.Pointer)
}

// structCoder codes a struct.
type structCoder struct{ fields []fieldOfStruct }

// fieldOfStruct is a field of a struct, or of a struct within it. It is not a struct itself.
type fieldOfStruct struct {
	at    uintptr
	coder valueCoder
}

var structCoders sync.Map // *structCoder by reflect.Type

func structOf(t reflect.Type) (*structCoder, error) {
	if known, ok := structCoders.Load(t); ok {
		return known.(*structCoder), nil
	}
	c := &structCoder{}
	if err := c.addFields(t, 0); err != nil {
		return nil, err
	}
	structCoders.Store(t, c)
	return c, nil
}

func (c *structCoder) addFields(t reflect.Type, at uintptr) error {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type.Kind() == reflect.Struct {
			if err := c.addFields(f.Type, at+f.Offset); err != nil {
				return err
			}
			continue
		}
		coder, err := coderOf(f.Type)
		if err != nil {
			return fmt.Errorf("element: field %s of %v: %w", f.Name, t, err)
		}
		c.fields = append(c.fields, fieldOfStruct{at + f.Offset, coder})
	}
	return nil
}

func coderOf(t reflect.Type) (valueCoder, error) {
	switch t.Kind() {
	case reflect.String:
		return textCoder{}, nil
	case reflect.Bool:
		return numberCoder[bool]{func(v bool) uint64 {
			if v {
				return 1
			}
			return 0
		}, func(n uint64) bool { return n != 0 }}, nil
	case reflect.Uint8: // such as a ValueType
		return numberCoder[uint8]{func(v uint8) uint64 { return uint64(v) }, func(n uint64) uint8 { return uint8(n) }}, nil
	case reflect.Int32:
		return numberCoder[int32]{func(v int32) uint64 { return zigzag(int64(v)) }, func(n uint64) int32 { return int32(unzigzag(n)) }}, nil
	case reflect.Int64:
		return numberCoder[int64]{zigzag, unzigzag}, nil
	case reflect.Int:
		return numberCoder[int]{func(v int) uint64 { return zigzag(int64(v)) }, func(n uint64) int { return int(unzigzag(n)) }}, nil
	case reflect.Uint64, reflect.Float64: // of a float64 the bits, because -0 is not 0
		return numberCoder[uint64]{func(v uint64) uint64 { return v }, func(n uint64) uint64 { return n }}, nil
	case reflect.Struct:
		return structOf(t)
	case reflect.Slice, reflect.Pointer:
		if t.Kind() == reflect.Slice && t.Elem() == reflect.TypeFor[byte]() {
			return bytesCoder{}, nil
		}
		coder, err := coderOf(t.Elem())
		if err != nil {
			return nil, err
		}
		e := elements{of: t, coder: coder, size: t.Elem().Size(), zero: reflect.New(t.Elem()).UnsafePointer()}
		if t.Kind() == reflect.Pointer {
			return pointerCoder{e}, nil
		}
		return sliceCoder{e}, nil
	}
	return nil, fmt.Errorf("found the type %v, expected one that compact lists support", t)
}

func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// bits returns how many bytes hold the bits that tell which fields differ.
func (c *structCoder) bits() int { return (len(c.fields) + 7) / 8 }

// differing returns the number of fields that differ.
func (c *structCoder) differing(last, value unsafe.Pointer) (n int) {
	for _, f := range c.fields {
		if !f.coder.same(unsafe.Add(last, f.at), unsafe.Add(value, f.at)) {
			n++
		}
	}
	return n
}

func (c *structCoder) same(last, value unsafe.Pointer) bool {
	for _, f := range c.fields {
		if !f.coder.same(unsafe.Add(last, f.at), unsafe.Add(value, f.at)) {
			return false
		}
	}
	return true
}

func (c *structCoder) write(b []byte, last, value unsafe.Pointer) []byte {
	at := len(b)
	for range c.bits() {
		b = append(b, 0)
	}
	for i, f := range c.fields {
		if last, value := unsafe.Add(last, f.at), unsafe.Add(value, f.at); !f.coder.same(last, value) {
			b[at+i/8] |= 1 << (i % 8)
			b = f.coder.write(b, last, value)
		}
	}
	return b
}

func (c *structCoder) read(r *listReader, last, value unsafe.Pointer) {
	differs := r.bytes(uint64(c.bits()))
	for i, f := range c.fields {
		if r.err != nil {
			return
		}
		if differs[i/8]&(1<<(i%8)) != 0 {
			f.coder.read(r, unsafe.Add(last, f.at), unsafe.Add(value, f.at))
		}
	}
}

// numberCoder codes numbers.
type numberCoder[T comparable] struct {
	encode func(T) uint64
	decode func(uint64) T
}

func (numberCoder[T]) same(last, value unsafe.Pointer) bool { return *(*T)(last) == *(*T)(value) }
func (c numberCoder[T]) write(b []byte, _, value unsafe.Pointer) []byte {
	return binary.AppendUvarint(b, c.encode(*(*T)(value)))
}

func (c numberCoder[T]) read(r *listReader, _, value unsafe.Pointer) {
	*(*T)(value) = c.decode(r.uvarint())
}

// textCoder codes texts.
type textCoder struct{}

// mostSame is how many bytes two texts have in common at most: a few damaged bytes must not make a long text again and again.
const mostSame = 4 << 10

func (textCoder) same(last, value unsafe.Pointer) bool { return *(*string)(last) == *(*string)(value) }

func (textCoder) write(b []byte, last, value unsafe.Pointer) []byte {
	before, text, n := *(*string)(last), *(*string)(value), 0
	for most := min(len(before), len(text), mostSame); n < most && before[n] == text[n]; {
		n++
	}
	return AppendString(binary.AppendUvarint(b, uint64(n)), text[n:])
}

func (textCoder) read(r *listReader, last, value unsafe.Pointer) {
	before, n := *(*string)(last), r.uvarint()
	rest := r.bytes(r.uvarint())
	if n > uint64(min(len(before), mostSame)) {
		r.fail(errors.New("found a text that shares more bytes with the earlier text than it may, expected at most as many as that has"))
		return
	}
	text := make([]byte, 0, int(n)+len(rest))
	text = append(append(text, before[:n]...), rest...)
	*(*string)(value) = unsafe.String(unsafe.SliceData(text), len(text))
}

// bytesCoder codes a slice of bytes as its length plus 1, and the bytes. A nil slice is 0.
type bytesCoder struct{}

func (bytesCoder) same(last, value unsafe.Pointer) bool {
	a, b := *(*[]byte)(last), *(*[]byte)(value)
	return (a == nil) == (b == nil) && bytes.Equal(a, b)
}

func (bytesCoder) write(b []byte, _, value unsafe.Pointer) []byte {
	v := *(*[]byte)(value)
	if v == nil {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(v))+1), v...)
}

func (bytesCoder) read(r *listReader, _, value unsafe.Pointer) {
	to := (*[]byte)(value)
	if n := r.uvarint(); n > 0 {
		*to = append([]byte{}, r.bytes(n-1)...)
	} else {
		*to = nil
	}
}

// elements describes the values that slices and pointers refer to.
type elements struct {
	of    reflect.Type // the type of the slice or pointer
	coder valueCoder
	size  uintptr
	zero  unsafe.Pointer
}

func (e elements) at(data unsafe.Pointer, i int) unsafe.Pointer {
	return unsafe.Add(data, uintptr(i)*e.size)
}

func (e elements) same(last, value unsafe.Pointer, n int) bool {
	for i := range n {
		if !e.coder.same(e.at(last, i), e.at(value, i)) {
			return false
		}
	}
	return true
}

// sliceCoder codes a slice as its length plus 1, and its elements. A nil slice is 0. An element is coded as its difference from the element at the
// same place of the earlier slice. If there is none, it is coded as its difference from the element before it.
type sliceCoder struct{ elements }

// like returns the element from which the difference of element i is coded.
func (c sliceCoder) like(last, value *anySlice, i int) unsafe.Pointer {
	switch {
	case i < last.len:
		return c.at(last.data, i)
	case i > 0:
		return c.at(value.data, i-1)
	}
	return c.zero
}

// anySlice is how a slice of any type lies in memory.
type anySlice struct {
	data     unsafe.Pointer
	len, cap int
}

func (c sliceCoder) same(last, value unsafe.Pointer) bool {
	a, b := (*anySlice)(last), (*anySlice)(value)
	if a.len != b.len || (a.data == nil) != (b.data == nil) {
		return false
	}
	return a.data == b.data || c.elements.same(a.data, b.data, a.len)
}

func (c sliceCoder) write(b []byte, last, value unsafe.Pointer) []byte {
	s := (*anySlice)(value)
	if s.data == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(s.len)+1)
	for i := range s.len {
		b = c.coder.write(b, c.like((*anySlice)(last), s, i), c.at(s.data, i))
	}
	return b
}

func (c sliceCoder) read(r *listReader, last, value unsafe.Pointer) {
	to, before := reflect.NewAt(c.of, value).Elem(), *(*anySlice)(last)
	n := r.uvarint()
	if n == 0 {
		to.SetZero()
		return
	}
	if n--; n > uint64(len(r.in)) { // each element takes a byte at least
		r.fail(errShort)
		return
	}
	to.Set(reflect.MakeSlice(c.of, int(n), int(n)))
	for i := range int(n) {
		like := c.like(&before, (*anySlice)(value), i)
		to.Index(i).Set(reflect.NewAt(c.of.Elem(), like).Elem())
		c.coder.read(r, like, c.at((*anySlice)(value).data, i))
	}
}

// pointerCoder codes a nil pointer as 0, and any other pointer as 1 and the value that it points to.
type pointerCoder struct{ elements }

func (c pointerCoder) same(last, value unsafe.Pointer) bool {
	a, b := *(*unsafe.Pointer)(last), *(*unsafe.Pointer)(value)
	return a == b || a != nil && b != nil && c.elements.same(a, b, 1)
}

func (c pointerCoder) write(b []byte, _, value unsafe.Pointer) []byte {
	if p := *(*unsafe.Pointer)(value); p != nil {
		return c.coder.write(append(b, 1), c.zero, p)
	}
	return append(b, 0)
}

func (c pointerCoder) read(r *listReader, _, value unsafe.Pointer) {
	to := reflect.NewAt(c.of, value).Elem()
	if r.uvarint() == 0 {
		to.SetZero()
		return
	}
	to.Set(reflect.New(c.of.Elem()))
	c.coder.read(r, c.zero, *(*unsafe.Pointer)(value))
}
