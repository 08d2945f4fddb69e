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

// TestPagesAfterTheLastRowAreNotRead has a page more than the row group has rows for, whole or damaged.
func TestPagesAfterTheLastRowAreNotRead(t *testing.T) {
	body := binary.LittleEndian.AppendUint64(nil, 5)
	for _, cut := range []int{0, 3} {
		for of := 1; of <= 5; of++ {
			var data []byte
			for range of + 1 {
				data = appendPage(data, 0, 1, 0, body)
			}
			data = data[:len(data)-cut]
			rows, err := rowsBefore(data, pages.Chunk{Size: int64(len(data)), Rows: int64(of), Codec: pages.Codec{Gzip: true}})
			if err != nil || len(rows) != of {
				t.Errorf("%d pages and one that lacks %d bytes: found %d rows and the error %v, expected %d rows", of, cut, len(rows), err, of)
			}
		}
	}
}

// highest is a budget that knows the most bytes that were taken.
type highest struct{ taken, most int }

func (b *highest) Take(n int) bool {
	b.taken += n
	b.most = max(b.most, b.taken)
	return true
}
func (b *highest) Give(n int) { b.taken -= n }

// TestLargePagesAreNotInflatedTogether says how much memory pages take: two pages if they have at most 4 MiB together, three if 2 MiB.
func TestLargePagesAreNotInflatedTogether(t *testing.T) {
	noise := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, c := range map[string]struct {
		body  []byte
		pages int
		most  int // KiB
	}{
		"pages of 3 MiB, one by one":           {make([]byte, 3<<20), 4, 4 << 10},
		"pages of 1 MiB, two at once":          {noise, 6, 5632},
		"pages of 512 KiB, three at once":      {noise[:512<<10], 6, 4 << 10},
		"pages of 2 MiB of zeros, two at once": {make([]byte, 2<<20), 4, 5 << 10},
	} {
		var data []byte
		for range c.pages {
			data = appendPage(data, 0, len(c.body)/8, 0, c.body)
		}
		chunk := pages.Chunk{Size: int64(len(data)), Rows: int64(c.pages * len(c.body) / 8), Codec: pages.Codec{Gzip: true}}
		b := new(highest)
		r := new(pages.Reader[uint64])
		r.Use(b)
		r.Open(bytes.NewReader(data), chunk)
		if _, err := r.Read(make([]uint64, chunk.Rows), nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if most := b.most >> 10; most > c.most {
			t.Errorf("%s: found that they take %d KiB of memory, expected at most %d", name, most, c.most)
		} else {
			t.Logf("%s: %d KiB", name, most)
		}
		r.Release()
	}
}
