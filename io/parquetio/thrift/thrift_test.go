package thrift

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
)

// field 1: int32 -3; 2: true; 17 (its id as a number): double; 18: list of three booleans; 19: "ab"; 20: set of structs, one
// of them with field 4: byte; 21: UUID.
var whole = append([]byte{
	0x15, 5, 0x11, 0x07, 34, 1, 2, 3, 4, 5, 6, 7, 8, 0x19, 0x31, 1, 2, 1, 0x18, 2, 'a', 'b',
	0x1a, 0x2c, 0, 0x43, 9, 0, 0x1d,
}, make([]byte, 17)...)

func TestFieldsAreFoundByTheirIDs(t *testing.T) {
	w := Walk{Bytes: append(bytes.Clone(whole), 99)}
	var ids, types []int
	number := int64(0)
	err := w.Fields(func(id int64, typ byte) (consumed bool, err error) {
		ids, types = append(ids, int(id)), append(types, int(typ))
		if id == 1 {
			number, err = w.Int()
			return true, err
		}
		return false, nil
	})
	const values = 7 + 3 + 2 + 1 // fields, elements of the lists, a field of an element
	if err != nil || number != -3 || w.At != len(whole) || w.Values != values {
		t.Errorf("found %v, number %d, at %d of %d, %d values, expected %d", err, number, w.At, len(whole), w.Values, values)
	}
	if want := []int{1, 2, 17, 18, 19, 20, 21}; !slices.Equal(ids, want) {
		t.Errorf("found fields %v, expected %v", ids, want)
	}
	if want := []int{Int32, True, 7, 9, 8, 10, 13}; !slices.Equal(types, want) {
		t.Errorf("found types %v, expected %v", types, want)
	}
}

func TestAPartOfAValueIsShort(t *testing.T) {
	for n := range whole {
		if err := (&Walk{Bytes: whole[:n]}).Fields(nil); !errors.Is(err, ErrShort) {
			t.Errorf("%d of %d bytes: found %v, expected %v", n, len(whole), err, ErrShort)
		}
	}
}

func TestWhatIsNoValueIsRefused(t *testing.T) {
	long := func(n uint64) []byte { return binary.AppendUvarint(nil, n) }
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"an unknown type":             {[]byte{0x1e, 0, 0}, ErrMalformed},
		"an element of unknown type":  {[]byte{0x19, 0x1f, 0, 0}, ErrMalformed},
		"an element of type 0":        {[]byte{0x19, 0x10, 0, 0}, ErrMalformed},
		"more pairs than bytes":       {append(append([]byte{0x1b}, long(math.MaxUint64)...), 0x55), ErrShort},
		"a pair of unknown type":      {[]byte{0x1b, 1, 0xe5, 0, 0, 0}, ErrMalformed},
		"maps without end":            {append([]byte{0x1b}, bytes.Repeat([]byte{1, 0xbb}, 1000)...), ErrMalformed},
		"a number beyond 64 bits":     {append([]byte{0x15}, bytes.Repeat([]byte{0xff}, 20)...), ErrMalformed},
		"field 65538":                 {append([]byte{0x05}, append(binary.AppendVarint(nil, 65538), 0, 0)...), ErrMalformed},
		"field -65534":                {append([]byte{0x05}, append(binary.AppendVarint(nil, -65534), 0, 0)...), ErrMalformed},
		"field 32767 and one more":    {append([]byte{0x05}, append(binary.AppendVarint(nil, 32767), 0, 0x15, 0, 0)...), ErrMalformed},
		"structs without end":         {bytes.Repeat([]byte{0x1c}, 1000), ErrMalformed},
		"lists without end":           {append([]byte{0x19}, bytes.Repeat([]byte{0x19}, 1000)...), ErrMalformed},
		"more elements than bytes":    {append([]byte{0x19, 0xf5}, long(math.MaxUint64)...), ErrShort},
		"a text longer than there is": {append([]byte{0x18}, long(math.MaxUint64)...), ErrShort},
		"fifty numbers":               {append(append([]byte{0x19, 0xf5}, long(50)...), make([]byte, 60)...), ErrMany},
	} {
		if err := (&Walk{Bytes: c.raw, Most: 50}).Fields(nil); !errors.Is(err, c.want) {
			t.Errorf("%s: found %v, expected %v", name, err, c.want)
		}
	}
}

// FuzzFields walks over any bytes. The walk must stay within the bytes, and walk over no more values than there are bytes.
func FuzzFields(f *testing.F) {
	f.Add(whole)
	f.Fuzz(func(t *testing.T, b []byte) {
		w := Walk{Bytes: b}
		if err := w.Fields(nil); w.At < 0 || w.At > len(b) || w.Values > len(b) {
			t.Errorf("at %d of %d bytes, %d values, %v", w.At, len(b), w.Values, err)
		}
	})
}
