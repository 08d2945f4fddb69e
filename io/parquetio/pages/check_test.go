package pages_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"tripstats/io/parquetio/pages"
)

// Encodings, as parquet numbers them.
const (
	plain                = 0
	rle                  = 3
	bitPacked            = 4
	deltaBinaryPacked    = 5
	deltaLengthByteArray = 6
	deltaByteArray       = 7
	plainDictionary      = 2
	rleDictionary        = 8
	byteStreamSplit      = 9
)

var limits = pages.Limits{Block: 1 << 16, Text: 256}

// exactBodies are pages that have exactly the bytes of their values.
var exactBodies = map[string]pages.Body{
	"plain":                     {Bytes: make([]byte, 24), Rows: 3, Encoding: plain, Width: 8},
	"plain, one of three null":  {Bytes: append([]byte{2, 0, 0, 0, 3, 0b101}, make([]byte, 8)...), Rows: 3, Optional: true, Levels: rle, Encoding: plain, Width: 4},
	"old levels, highest first": {Bytes: append([]byte{0b1010_0000}, make([]byte, 8)...), Rows: 3, Optional: true, Levels: bitPacked, Encoding: plain, Width: 4},
	"plain, v2":                 {Bytes: append([]byte{6, 1}, make([]byte, 24)...), Rows: 3, Optional: true, V2: true, LevelBytes: 2, Encoding: plain, Width: 8},
	"needless levels, v2":       {Bytes: append([]byte{6, 0}, make([]byte, 24)...), Rows: 3, V2: true, RepeatBytes: 2, Encoding: plain, Width: 8},
	"bytes apart":               {Bytes: make([]byte, 16), Rows: 2, Encoding: byteStreamSplit, Width: 8},
	"texts":                     {Bytes: []byte{2, 0, 0, 0, '1', '2', 0, 0, 0, 0}, Rows: 2, Encoding: plain},
	"a run of one index":        {Bytes: []byte{3, 20, 5}, Rows: 10, Encoding: rleDictionary, Width: 8},
	"packed indices":            {Bytes: []byte{2, 5, 1, 2, 3, 4}, Rows: 10, Encoding: rleDictionary, Width: 8},
	"indices of no bits":        {Bytes: []byte{0, 20}, Rows: 10, Encoding: rleDictionary, Width: 8},
	"a block of DuckDB's":       {Bytes: append([]byte{1, 65}, make([]byte, 32)...), Rows: 40, Encoding: rleDictionary, Width: 8},
	"one delta":                 {Bytes: []byte{128, 1, 4, 1, 14}, Rows: 1, Encoding: deltaBinaryPacked, Width: 8},
	"deltas, all alike":         {Bytes: []byte{128, 1, 4, 9, 14, 2, 0, 0, 0, 0}, Rows: 9, Encoding: deltaBinaryPacked, Width: 8},
	"deltas in one of 4 groups": {Bytes: append([]byte{128, 1, 4, 9, 14, 2, 1, 9, 9, 9}, make([]byte, 4)...), Rows: 9, Encoding: deltaBinaryPacked, Width: 4},
	"no deltas":                 {Bytes: []byte{1, 0, 128, 1, 4, 0, 0}, Rows: 3, Optional: true, Encoding: deltaBinaryPacked, Width: 8, V2: true, LevelBytes: 2},
	"lengths and texts":         {Bytes: []byte{128, 1, 4, 2, 4, 1, 0, 0, 0, 0, 'a', 'b', 'c'}, Rows: 2, Encoding: deltaLengthByteArray},
	"texts of parts":            {Bytes: []byte{128, 1, 4, 2, 0, 4, 0, 0, 0, 0, 128, 1, 4, 2, 4, 1, 0, 0, 0, 0, 'a', 'b', 'c'}, Rows: 2, Encoding: deltaByteArray},
}

func TestAPageHasTheBytesOfItsValuesAndNoOthers(t *testing.T) {
	exactBodies := exactBodies
	levels := exactBodies["no deltas"]
	levels.Bytes = append([]byte{6, 0}, levels.Bytes[2:]...)
	exactBodies["no deltas"] = levels
	for name, b := range exactBodies {
		if err := b.Check(limits); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		more, fewer, rows := b, b, b
		more.Bytes, fewer.Bytes = append(slices.Clone(b.Bytes), 0), b.Bytes[:len(b.Bytes)-1]
		rows.Rows += 300
		for what, bad := range map[string]pages.Body{"a byte more": more, "a byte fewer": fewer, "300 rows more": rows} {
			if err := bad.Check(limits); err == nil {
				t.Errorf("%s, with %s: passed", name, what)
			}
		}
	}
}

func TestPaddingIsThatOfTheWriter(t *testing.T) {
	for name, c := range map[string]struct {
		body pages.Body
		ok   bool
	}{
		"eight zeros of fastparquet":        {pages.Body{Bytes: make([]byte, 16), Rows: 1, Encoding: plain, Width: 8, Padding: 8}, true},
		"of another":                        {pages.Body{Bytes: make([]byte, 16), Rows: 1, Encoding: plain, Width: 8}, false},
		"more than eight":                   {pages.Body{Bytes: make([]byte, 17), Rows: 1, Encoding: plain, Width: 8, Padding: 8}, false},
		"not zeros":                         {pages.Body{Bytes: append(make([]byte, 15), 1), Rows: 1, Encoding: plain, Width: 8, Padding: 8}, false},
		"after indices":                     {pages.Body{Bytes: append([]byte{3, 20, 5}, make([]byte, 8)...), Rows: 10, Encoding: rleDictionary, Width: 8, Padding: 8}, true},
		"a run of no indices":               {pages.Body{Bytes: append([]byte{2, 0, 8, 1}, make([]byte, 8)...), Rows: 1, Optional: true, V2: true, LevelBytes: 2, Encoding: rleDictionary, Width: 8, Padding: 8}, true},
		"a run of no indices, of another":   {pages.Body{Bytes: []byte{2, 0, 8, 1}, Rows: 1, Optional: true, V2: true, LevelBytes: 2, Encoding: rleDictionary, Width: 8}, false},
		"the last eight are not filled up":  {pages.Body{Bytes: []byte{8, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9}, Rows: 9, Encoding: rleDictionary, Width: 8, Padding: 8}, true},
		"of another, they must be":          {pages.Body{Bytes: []byte{8, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9}, Rows: 9, Encoding: rleDictionary, Width: 8}, false},
		"indices for eight more":            {pages.Body{Bytes: []byte{8, 5, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8}, Rows: 8, Encoding: rleDictionary, Width: 8}, false},
		"a block of 256 with one value":     {pages.Body{Bytes: append([]byte{1, 65}, bytes.Repeat([]byte{255}, 32)...), Rows: 1, Encoding: rleDictionary, Width: 8}, true},
		"a block of 512 with one value":     {pages.Body{Bytes: append([]byte{1, 129, 1}, make([]byte, 64)...), Rows: 1, Encoding: rleDictionary, Width: 8}, false},
		"an empty run in front":             {pages.Body{Bytes: []byte{3, 0, 0, 20, 5}, Rows: 10, Encoding: rleDictionary, Width: 8}, false},
		"levels in a column without nulls":  {pages.Body{Bytes: append([]byte{6, 1}, make([]byte, 24)...), Rows: 3, V2: true, LevelBytes: 2, Encoding: plain, Width: 8}, false},
		"a dictionary index of 33 bits":     {pages.Body{Bytes: []byte{33, 20, 5, 0, 0, 0, 0}, Rows: 10, Encoding: rleDictionary, Width: 8}, false},
		"a prefix of more than there is":    {pages.Body{Bytes: []byte{128, 1, 4, 1, 2, 128, 1, 4, 1, 2, 'a'}, Rows: 1, Encoding: deltaByteArray}, false},
		"blocks of eight in no groups":      {pages.Body{Bytes: []byte{8, 0, 1, 14}, Rows: 1, Encoding: deltaBinaryPacked, Width: 8}, false},
		"fewer deltas than rows":            {pages.Body{Bytes: []byte{128, 1, 4, 1, 14}, Rows: 2, Encoding: deltaBinaryPacked, Width: 8}, false},
		"a definition level of two":         {pages.Body{Bytes: []byte{2, 0, 0, 0, 2, 2, 0, 0, 0, 0}, Rows: 1, Optional: true, Levels: rle, Encoding: plain, Width: 4}, false},
		"levels that are longer than bytes": {pages.Body{Bytes: []byte{200, 0, 0, 0, 2, 1}, Rows: 1, Optional: true, Levels: rle, Encoding: plain, Width: 4}, false},
	} {
		if err := c.body.Check(limits); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNotReadIsNotCalledDamage(t *testing.T) {
	text := []byte{128, 1, 4, 1, 2, 'a'}
	long := append([]byte{128, 1, 4, 2, 0, 2, 0, 0, 0, 0, 128, 1, 4, 2, 0xd8, 4, 0, 0, 0, 0, 0}, make([]byte, 600)...)
	var limit *pages.LimitError
	for name, b := range map[string]pages.Body{
		"a long text":     {Bytes: long, Rows: 2, Encoding: deltaByteArray},
		"a block too big": {Bytes: append([]byte{0x80, 0x80, 0x80, 0x80, 4, 4, 1, 0}, text...), Rows: 1, Encoding: deltaBinaryPacked, Width: 8},
	} {
		if err := b.Check(limits); !errors.As(err, &limit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string]pages.Body{
		"an encoding of the future": {Bytes: text, Rows: 1, Encoding: 17, Width: 8},
		"levels of the future":      {Bytes: text, Rows: 1, Optional: true, Levels: 17, Encoding: plain, Width: 8},
	} {
		if err := b.Check(limits); !errors.Is(err, pages.ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzBodyIsExact checks pages of any bytes. A page that passes must not pass with one byte more or fewer.
func FuzzBodyIsExact(f *testing.F) {
	for _, b := range exactBodies {
		f.Add(b.Bytes, uint16(b.Rows), b.Optional, b.V2, byte(b.Levels), byte(b.LevelBytes), byte(b.Encoding), byte(b.Width))
	}
	f.Fuzz(func(t *testing.T, data []byte, rows uint16, optional, v2 bool, levels, levelBytes, encoding, width byte) {
		widths := []int{0, 4, 8, 12}
		b := pages.Body{
			Bytes: data, Rows: int64(rows), Optional: optional, V2: v2, Levels: int64(levels), LevelBytes: int64(levelBytes), Encoding: int64(encoding),
			Width: widths[int(width)/4%len(widths)],
		}
		padded := b
		padded.Padding = 8
		exact, loose := b.Check(limits), padded.Check(limits)
		if exact != nil {
			return
		}
		if loose != nil {
			t.Fatalf("passed, but not where it may have padding: %v", loose)
		}
		noWidth := optional && (encoding == rleDictionary || encoding == plainDictionary) // without values, indices may have no byte for their width
		more := b
		if more.Bytes = append(slices.Clone(data), 0); noWidth {
			more.Bytes = append(more.Bytes, 0)
		}
		if more.Check(limits) == nil && rows > 0 {
			t.Fatalf("passed with %d bytes more", len(more.Bytes)-len(data))
		}
		if len(data) == 0 {
			return
		}
		fewer := b
		fewer.Bytes = data[:len(data)-1]
		if err := fewer.Check(limits); err == nil && rows > 0 && !noWidth {
			t.Fatal("passed with a byte fewer")
		}
	})
}
