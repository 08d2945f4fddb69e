package thrift

import (
	"bytes"
	"testing"
)

// TestWhatThisProgramDoesNotKnowIsSkipped has forms that other writers use, or may use some day.
func TestWhatThisProgramDoesNotKnowIsSkipped(t *testing.T) {
	for name, raw := range map[string][]byte{
		"an empty list without a type": {0x19, 0x00, 0},
		"an empty list of any type":    {0x19, 0x0f, 0},
		"an empty set without a type":  {0x1a, 0x00, 0},
		"an empty map":                 {0x1b, 0, 0},
		"a map":                        {0x1b, 2, 0x58, 2, 1, 'a', 4, 0, 0},
		"a map of structs":             {0x1b, 1, 0x5c, 2, 0x15, 2, 0, 0},
	} {
		w := Walk{Bytes: append(bytes.Clone(raw), 99)}
		if err := w.Fields(nil); err != nil || w.At != len(raw) {
			t.Errorf("%s: found %v, at %d of %d", name, err, w.At, len(raw))
		}
	}
}

func TestAWriterWritesWhatAWalkReads(t *testing.T) {
	w := Writer{Bytes: []byte{7}}
	w.Int(1, Int32, -3)
	w.Raw(20, Binary, []byte{2, 'a', 'b'})
	w.List(21, Struct, 16)
	for range 16 {
		w.Element(func(w *Writer) { w.Int(3, Int64, 1<<40) })
	}
	w.Struct(22, func(w *Writer) { w.List(1, Int32, 0) })
	w.Raw(23, True, nil)
	walk := Walk{Bytes: append(w.Bytes, 0), At: 1}
	var number, sum int64
	var text []byte
	var ids []int64
	err := walk.Fields(func(id int64, typ byte) (consumed bool, err error) {
		ids = append(ids, id)
		switch id {
		case 1:
			number, err = walk.Int()
			return true, err
		case 20:
			text, err = walk.Text()
			return true, err
		case 21:
			return true, walk.List(func(byte) (bool, error) {
				return true, walk.Fields(func(int64, byte) (bool, error) {
					n, err := walk.Int()
					sum += n
					return true, err
				})
			})
		}
		return false, nil
	})
	if err != nil || walk.At != len(w.Bytes)+1 || number != -3 || string(text) != "ab" || sum != 16<<40 || len(ids) != 5 {
		t.Errorf("found %v, at %d of %d, %d, %q, %d, fields %v", err, walk.At, len(w.Bytes)+1, number, text, sum, ids)
	}
}
