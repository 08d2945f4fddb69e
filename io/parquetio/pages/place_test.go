package pages_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"tripstats/io/parquetio/pages"
	"tripstats/io/parquetio/thrift"
)

// appendPage appends a GZIP page of a column without nulls. kind is as a page header has it.
func appendPage(chunk []byte, kind, values, encoding int, body []byte) []byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(body) //nolint:errcheck // a buffer takes everything
	z.Close()     //nolint:errcheck
	field := int64(5)
	if kind == 2 {
		field = 7
	}
	w := &thrift.Writer{}
	w.Int(1, thrift.Int32, int64(kind))
	w.Int(2, thrift.Int32, int64(len(body)))
	w.Int(3, thrift.Int32, int64(packed.Len()))
	w.Struct(field, func(w *thrift.Writer) {
		w.Int(1, thrift.Int32, int64(values))
		w.Int(2, thrift.Int32, int64(encoding))
		if kind != 2 {
			w.Int(3, thrift.Int32, 3)
			w.Int(4, thrift.Int32, 3)
		}
	})
	return append(append(append(chunk, w.Bytes...), 0), packed.Bytes()...)
}

// TestTheRowsBeforeAPageThatCannotBeReadComeWhicheverPagesAreInflatedTogether puts a fault of each kind into each page. The place of an
// error, and the rows before it, must not depend on which pages are inflated at once.
func TestTheRowsBeforeAPageThatCannotBeReadComeWhicheverPagesAreInflatedTogether(t *testing.T) {
	const perPage = 160
	random := rand.New(rand.NewPCG(1, 2))
	plainBody := make([]byte, perPage*8)
	for i := range plainBody {
		plainBody[i] = byte(random.Uint32())
	}
	codedBody := append(binary.AppendUvarint([]byte{8}, perPage<<1), 1)
	dict := binary.LittleEndian.AppendUint64(make([]byte, 8), 7)
	for _, dictionary := range []bool{false, true} {
		body, encoding := plainBody, 0
		if dictionary {
			body, encoding = codedBody, 8
		}
		for fault, bad := range map[string]func(chunk []byte) []byte{
			"a damaged stream": func(chunk []byte) []byte {
				chunk = appendPage(chunk, 0, perPage, encoding, body)
				chunk[len(chunk)-8] ^= 1 // of its checksum
				return chunk
			},
			"another encoding":         func(chunk []byte) []byte { return appendPage(chunk, 0, perPage, 5, body) },
			"indices of too many bits": func(chunk []byte) []byte { return appendPage(chunk, 0, perPage, 8, []byte{40, 1, 1}) },
			"a page that breaks off": func(chunk []byte) []byte {
				chunk = appendPage(chunk, 0, perPage, encoding, body)
				return chunk[:len(chunk)-3]
			},
		} {
			for of := 1; of <= 8; of++ {
				for at := range of {
					var data []byte
					if dictionary {
						data = appendPage(data, 2, 2, 0, dict)
					}
					for i := range of {
						switch {
						case i == at:
							data = bad(data)
						case i < at || fault != "a page that breaks off":
							data = appendPage(data, 0, perPage, encoding, body)
						}
					}
					c := pages.Chunk{Size: int64(len(data)), Rows: int64(of * perPage), Dict: dictionary, Codec: pages.Codec{Gzip: true}}
					rows, err := rowsBefore(data, c)
					if where := fmt.Sprintf("%s in page %d of %d, dictionary=%v", fault, at, of, dictionary); err == nil || len(rows) != at*perPage {
						t.Errorf("%s: found %d rows before it and the error %v, expected %d rows", where, len(rows), err, at*perPage)
					}
				}
			}
		}
	}
}

// TestMemoryOfEarlierPagesDoesNotKeepAPageFromBeingRead has three pages that are inflated together, and then one that needs nearly all memory.
func TestMemoryOfEarlierPagesDoesNotKeepAPageFromBeingRead(t *testing.T) {
	const few, many = 20_000, 400_000
	body := make([]byte, many*8)
	for i := range body {
		body[i] = byte(i * i >> 7 * 0x9d)
	}
	var data []byte
	for range 3 {
		data = appendPage(data, 0, few, 0, body[:few*8])
	}
	last := len(data)
	data = appendPage(data, 0, many, 0, body)
	c := pages.Chunk{Size: int64(len(data)), Rows: 3*few + many, Codec: pages.Codec{Gzip: true}}
	window := max(len(data)-last, 256<<10) * 5 / 4
	if rows, err := rowsWithin(many*8+64+window+few*8, data, c); err != nil || len(rows) != int(c.Rows) {
		t.Errorf("found %d rows and the error %v, expected %d", len(rows), err, c.Rows)
	}
}
