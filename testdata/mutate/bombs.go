package mutate

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math"
)

// Bomb is a small file that asks its reader for far more memory than it has bytes.
type Bomb struct {
	Name string
	Data []byte
}

// The codecs and encodings of parquet.thrift that bombs use.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecZstd   = 6

	encodingDelta = 5 // DELTA_BINARY_PACKED
	encodingDict  = 8 // RLE_DICTIONARY
)

// Bombs makes bombs of a file whose pages are of version 1 and whose columns are optional and have dictionaries, as
// TLC's are. Each claim is consistent with everything else in the file as far as a reader sees it before it believes it.
func Bombs(f *File) []Bomb {
	var data, dicts []page // the first data page and the dictionary of each needed column chunk
	for i, p := range f.pages {
		if !p.needed() || p.group > 0 {
			continue
		}
		if f.header(p).field(headerDict) != nil {
			dicts = append(dicts, p)
			data = append(data, f.pages[i+1])
		}
	}
	gibibyte := gzipZeros(1 << 30)
	pages := func(list []page, codec int64, body []byte, edit func(head *value)) []byte {
		changes := map[page]change{}
		for _, p := range list {
			head := f.header(p)
			edit(head)
			head.field(headerCompressed).num = int64(len(body))
			changes[p] = change{head: head, body: body, codec: codec, first: head.field(headerDict) == nil}
		}
		return f.withPages(changes)
	}
	size := func(n int64) func(*value) {
		return func(head *value) { head.field(headerUncompressed).num = n }
	}
	plain := func(list []page, body []byte, encoding int64) []byte {
		return pages(list, codecNone, body, func(head *value) {
			size(int64(len(body)))(head)
			head.field(headerData, 2).num = encoding
		})
	}
	rows := func(p page) uint64 { return uint64(f.header(p).field(headerData, 1).num) }
	return []Bomb{
		{"zstd of 4 GiB in a page of 1 MiB", pages(data[:1], codecZstd, zstdZeros(4<<30), size(1<<20))},
		{"zstd of 4 GiB in a page of 0 bytes", pages(data[:1], codecZstd, zstdZeros(4<<30), size(0))},
		{"zstd that claims 60 GiB", pages(data[:1], codecZstd, zstdClaim(60<<30), size(1<<20))},
		{"snappy that claims 4 GiB", pages(data[:1], codecSnappy, binary.AppendUvarint(nil, math.MaxUint32), size(1<<20))},
		{"gzip of 1 GiB in a page of 1 MiB", pages(data[:1], codecGzip, gibibyte, size(1<<20))},
		{"gzip of 1 GiB in a page of 0 bytes", pages(data[:1], codecGzip, gibibyte, size(0))},
		{"gzip of 1 GiB in dictionaries of 0 bytes", pages(dicts, codecGzip, gibibyte, size(0))},
		{"pages of 64 MiB in every column", pages(data, codecGzip, gzipZeros(64<<20), size(64<<20))},
		{"dictionaries of 64 MiB in every column", pages(dicts, codecGzip, gzipZeros(64<<20), size(64<<20))},
		{"pages of 2 GiB", pages(data, codecNone, make([]byte, 64), size(math.MaxInt32))},
		{"a dictionary of 2 billion values", f.hugeDictionary(dicts[0], data[0])},
		{"delta blocks of 2 billion values", plain(data[:1], append(levels(rows(data[0])), deltaBlock(1<<31, rows(data[0]))...), encodingDelta)},
		{"a page header of 15 MiB in every column", f.hugeHeader()},
		{"9 million empty texts in the footer", f.withList(typeBinary, 9_000_000)},
		{"9 million numbers in the footer", f.withList(typeI32, 9_000_000)},
		{"300 thousand columns", f.withColumns(300_000)},
		{"a schema of long paths", f.withDeepSchema(2000, 100_000)},
		{"an unknown field nested deeply", f.withDeepField(1_000_000)},
	}
}

// levels is the definition levels of n rows that are not null, as a page of version 1 has them.
func levels(n uint64) []byte {
	run := append(binary.AppendUvarint(nil, n<<1), 1)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(run))), run...)
}

// deltaBlock is a header of DELTA_BINARY_PACKED with one miniblock in a block, and a block of equal values.
func deltaBlock(block, values uint64) []byte {
	b := binary.AppendUvarint(nil, block)
	b = binary.AppendUvarint(b, 1)
	b = binary.AppendUvarint(b, values)
	return append(b, 0, 0, 0) // first value, least delta, bit width
}

// hugeDictionary claims 2^31-1 values in a dictionary, and has every row use the last of them.
func (f *File) hugeDictionary(dict, data page) []byte {
	dictHead, head := f.header(dict), f.header(data)
	dictHead.field(headerDict, 1).num = math.MaxInt32
	dictHead.field(headerCompressed).num = dictHead.field(headerUncompressed).num
	rows := uint64(head.field(headerData, 1).num)
	body := append(levels(rows), 31)
	body = binary.AppendUvarint(body, rows<<1)
	body = binary.LittleEndian.AppendUint32(body, math.MaxInt32-1)
	head.field(headerUncompressed).num, head.field(headerCompressed).num = int64(len(body)), int64(len(body))
	head.field(headerData, 2).num = encodingDict
	return f.withPages(map[page]change{
		dict: {head: dictHead, body: make([]byte, dictHead.field(headerUncompressed).num), codec: codecNone},
		data: {head: head, body: body, codec: codecNone},
	})
}

// hugeHeader puts statistics of 15 MiB into one page header, and has every needed column start there.
func (f *File) hugeHeader() []byte {
	head := f.header(f.pages[0])
	text := &value{typ: typeBinary, id: 1, bytes: make([]byte, 15<<20)}
	kind, fields := head.field(headerData), headerData
	if kind == nil {
		kind, fields = head.field(headerDict), headerDict
	}
	if fields == headerDict { // dictionaries have no statistics: an unknown field does as well
		kind.kids = append(kind.kids, &value{typ: typeBinary, id: 9, bytes: text.bytes})
	} else {
		kind.kids = append(kind.kids, &value{typ: typeStruct, id: 5, kids: []*value{text}})
	}
	meta := f.mustFooter()
	out := append([]byte(nil), f.data[:f.footerAt]...)
	at := int64(len(out))
	out = head.append(out)
	for _, chunk := range meta.field(metaRowGroups, 0, groupColumns).kids {
		m := chunk.field(chunkMeta)
		m.field(metaDataPage).num, m.field(metaCompressed).num = at, int64(len(out))-at
		if dict := m.field(metaDictPage); dict != nil {
			dict.num = 0
		}
	}
	return appendFooter(out, meta)
}

// withList puts a long list of the smallest values into the footer: encodings of a column chunk, or parts of its path.
func (f *File) withList(elem byte, n int) []byte {
	meta := f.mustFooter()
	id := metaPath
	if elem == typeI32 {
		id = metaEncodings
	}
	list := meta.field(metaRowGroups, 0, groupColumns, 0, chunkMeta, id)
	list.kids = append(list.kids, make([]*value, n)...)
	small := &value{typ: elem}
	for i := range list.kids {
		if list.kids[i] == nil {
			list.kids[i] = small
		}
	}
	return f.withFooter(meta)
}

// leaf is a column of a schema.
func leaf(name string) *value {
	return &value{typ: typeStruct, kids: []*value{
		{typ: typeI32, id: 1, num: 1}, {typ: typeI32, id: 3, num: 1}, {typ: typeBinary, id: 4, bytes: []byte(name)},
	}}
}

// group is a struct of a schema.
func group(name string, children int) *value {
	return &value{typ: typeStruct, kids: []*value{
		{typ: typeI32, id: 3, num: 1}, {typ: typeBinary, id: 4, bytes: []byte(name)}, {typ: typeI32, id: 5, num: int64(children)},
	}}
}

func (f *File) withColumns(n int) []byte {
	meta := f.mustFooter()
	schema := meta.field(2)
	schema.kids[0].field(5).num += int64(n)
	for i := range n {
		schema.kids = append(schema.kids, leaf(fmt.Sprint(i)))
	}
	return f.withFooter(meta)
}

func (f *File) withDeepSchema(depth, columns int) []byte {
	meta := f.mustFooter()
	schema := meta.field(2)
	schema.kids[0].field(5).num++
	name := string(bytes.Repeat([]byte("n"), 50))
	for range depth - 1 {
		schema.kids = append(schema.kids, group(name, 1))
	}
	schema.kids = append(schema.kids, group(name, columns))
	for range columns {
		schema.kids = append(schema.kids, leaf("c"))
	}
	return f.withFooter(meta)
}

func (f *File) withDeepField(depth int) []byte {
	// A struct in a struct in a struct, as field 100: too deep to be built as a tree.
	out := append([]byte(nil), f.data[:f.footerAt]...)
	start := len(out)
	out = append(out, f.data[f.footerAt:len(f.data)-9]...) // without the last stop
	out = binary.AppendVarint(append(out, typeStruct), 100)
	for range depth {
		out = append(out, 1<<4|typeStruct)
	}
	out = append(out, make([]byte, depth+2)...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(out)-start))
	return append(out, "PAR1"...)
}

// zstdZeros is a zstd frame of n zero bytes that does not say how many they are: blocks of 128 KiB in four bytes each.
func zstdZeros(n int) []byte {
	const block = 128 << 10
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50} // magic, no content size, a window of 1 MiB
	for done := 0; done < n; done += block {
		head := uint32(block<<3 | 1<<1) // a block of one byte, repeated
		if done+block >= n {
			head |= 1 // the last
		}
		b = append(b, byte(head), byte(head>>8), byte(head>>16), 0)
	}
	return b
}

// zstdClaim is a zstd frame that says it has n bytes and has none.
func zstdClaim(n uint64) []byte {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0} // magic, single segment, content size of 8 bytes
	b = binary.LittleEndian.AppendUint64(b, n)
	return append(b, 1, 0, 0) // one raw block of no bytes, the last
}

// gzipZeros is n zero bytes as gzip, in members of 16 MiB.
func gzipZeros(n int) []byte {
	const member = 16 << 20
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(make([]byte, member))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // a Buffer takes everything
	}
	return bytes.Repeat(b.Bytes(), n/member)
}
