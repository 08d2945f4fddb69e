package parquetio

import (
	"testing"
	"unsafe"
)

// TestAColumnChunkTakesFewBytesWhileAFileIsRead keeps the estimate of package source true: a file may have a hundred thousand column chunks.
func TestAColumnChunkTakesFewBytesWhileAFileIsRead(t *testing.T) {
	const most = 40 // source.chunkBytes
	if size := unsafe.Sizeof(neededChunk{}); size > most {
		t.Errorf("found %d bytes, expected at most %d", size, most)
	}
}

// TestOnlyColumnsThatAreJoinedFromPartsAreReadAsTexts has lists of encodings as footers have them.
func TestOnlyColumnsThatAreJoinedFromPartsAreReadAsTexts(t *testing.T) {
	const plain, rle, packed, parts = 0 << 1, 3 << 1, 4 << 1, 7 << 1
	for _, c := range []struct {
		encodings []byte
		want      bool
	}{
		{[]byte{0x15, parts}, true},
		{[]byte{0x35, rle, parts, packed}, true},
		{[]byte{0x25, parts, plain}, false},
		{[]byte{0x15, rle}, false},
		{[]byte{0x05}, false},
		{[]byte{0x25, parts}, false}, // it is cut off
		{nil, false},
	} {
		if got := partsOnly(c.encodings); got != c.want {
			t.Errorf("%x: found %v, expected %v", c.encodings, got, c.want)
		}
	}
}
