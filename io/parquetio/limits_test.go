package parquetio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"
)

func TestFootersOfRealShapeAreWithinTheLimits(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "sample", "*.parquet"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var raw []byte
		err = withFooter(bytes.NewReader(b), int64(len(b)), func(footer []byte) error { raw = footer; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := checkFooter(raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for n := range raw {
			if err := checkFooter(raw[:n]); err == nil {
				t.Fatalf("%s: cut to %d of %d bytes, the footer passes", name, n, len(raw))
			}
		}
	}
}

func TestAFooterThatClaimsWhatItDoesNotHaveIsRefused(t *testing.T) {
	long := func(n uint64) []byte { return binary.AppendUvarint(nil, n) }
	for name, raw := range map[string][]byte{
		"empty":                  {},
		"list of 2^31 structs":   append(append([]byte{0x19, 0xfc}, long(math.MaxInt32)...), make([]byte, 100)...),
		"list of 2^64-1 numbers": append(append([]byte{0x19, 0xf5}, long(math.MaxUint64)...), make([]byte, 100)...),
		"text of 2^40 bytes":     append(append([]byte{0x18}, long(1<<40)...), make([]byte, 100)...),
		"text of 2^64-1 bytes":   append(append([]byte{0x18}, long(math.MaxUint64)...), make([]byte, 100)...),
		"unknown type":           {0x1e, 0, 0},
		"map of 2^64-1 pairs":    append(append([]byte{0x1b}, long(math.MaxUint64)...), 0x55, 0, 0),
		"varint without end":     bytes.Repeat([]byte{0xff}, 50),
		"structs without end":    bytes.Repeat([]byte{0x1c}, 1000),
		"lists without end":      append([]byte{0x19}, bytes.Repeat([]byte{0x19}, 1000)...),
		"too many values":        append(append([]byte{0x19, 0xf5}, long(maxFooterValues+1)...), make([]byte, maxFooterValues+2)...),
	} {
		if err := checkFooter(raw); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
	if err := checkFooter([]byte{0x15, 2, 0x11, 0x12, 0x17, 1, 2, 3, 4, 5, 6, 7, 8, 0x21, 0x00}); err != nil {
		t.Errorf("a number, booleans, a double: %v", err)
	}
}

// TestASchemaWhosePathsNeedTooMuchIsRefused protects memory: arrow-go keeps the path of every leaf of nested columns.
func TestASchemaWhosePathsNeedTooMuchIsRefused(t *testing.T) {
	// A footer with a schema under the field id: elements with a name each, and one of the rest of the bytes.
	footer := func(id int64, elements, bytes int) []byte {
		raw := append(binary.AppendVarint([]byte{0x09}, id), 0xfc)
		raw = binary.AppendUvarint(raw, uint64(elements))
		const each = 4 // bytes: a name of one
		rest := bytes - (elements-1)*each
		for range elements - 1 {
			raw = append(raw, 0x48, 1, 'x', 0)
		}
		raw = append(binary.AppendUvarint(append(raw, 0x48), uint64(rest)), make([]byte, rest)...)
		return append(raw, 0, 0)
	}
	const elements = 1000 // 2 values each, and the list
	for _, c := range []struct {
		bytes int
		wide  bool
	}{{maxSchemaProduct/(2*elements+1) - 100, false}, {maxSchemaProduct/(2*elements+1) + 100, true}} {
		err := checkFooter(footer(2, elements, c.bytes))
		if errors.Is(err, errTooWide) != c.wide || !c.wide && err != nil {
			t.Errorf("%d bytes: found %v", c.bytes, err)
		}
		if err := checkFooter(footer(7, elements, c.bytes)); err != nil {
			t.Errorf("%d bytes in a field that is no schema: found %v", c.bytes, err)
		}
	}
	for _, id := range []int64{2 + 1<<16, 2 - 1<<16} { // of which the Thrift library sees 2
		if err := checkFooter(footer(id, elements, maxSchemaProduct/elements)); err == nil {
			t.Errorf("field %d passes", id)
		}
	}
}

func TestCodecsDecodeWhatTheyEncodeAndNoMore(t *testing.T) {
	text := bytes.Repeat([]byte("New York City "), 1000)
	for name, typ := range map[string]compress.Compression{
		"gzip": compress.Codecs.Gzip, "brotli": compress.Codecs.Brotli, "snappy": compress.Codecs.Snappy, "zstd": compress.Codecs.Zstd,
	} {
		codec, err := compress.GetCodec(typ)
		if err != nil {
			t.Fatal(err)
		}
		packed := codec.Encode(nil, text)
		out := make([]byte, len(text))
		if got, err := compress.Decode(codec, out, packed); err != nil || !bytes.Equal(got, text) || !bytes.Equal(out, text) {
			t.Errorf("%s: %d bytes came out as %d: %v", name, len(text), len(got), err)
		}
		for _, room := range [][]byte{nil, {}, make([]byte, 1), make([]byte, len(text)-1)} {
			if got, err := compress.Decode(codec, room, packed); err == nil && len(got) > len(room) {
				t.Errorf("%s: %d bytes came out where %d were due", name, len(got), len(room))
			}
		}
	}
}
