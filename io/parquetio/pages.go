package parquetio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"tripstats/io/parquetio/pages"
)

// Limits on what a page may claim of itself, as arrow-go allocates by it. Writers make delta blocks of 128 to 1,024
// values.
const (
	maxDeltaBlock  = 1 << 16
	maxDeltaValues = 1 << 24
	maxPageHeader  = pages.MaxHeaderBytes
)

// columnReader is arrow-go's reader of a column chunk with a check of every page before it is decoded.
func columnReader(pf *file.Reader, rowGroup, leaf int, mem memory.Allocator) (file.ColumnChunkReader, error) {
	pages, err := pf.RowGroup(rowGroup).GetColumnPageReader(leaf)
	if err != nil {
		return nil, err
	}
	pages.SetMaxPageHeaderSize(maxPageHeader)
	col := pf.MetaData().Schema.Column(leaf)
	checked := &checkedPages{PageReader: pages, width: minWidth(col.PhysicalType()), optional: col.MaxDefinitionLevel() > 0}
	//lint:ignore SA1019 there is no other way to look at pages before they are decoded
	return file.NewColumnReader(col, checked, mem, &sync.Pool{New: func() any { return memory.NewResizableBuffer(mem) }}), nil
}

// minWidth is how many bytes a plain value takes at least.
func minWidth(t parquet.Type) int64 {
	switch t {
	case parquet.Types.Int32, parquet.Types.Float, parquet.Types.ByteArray: // a byte array starts with its length
		return 4
	case parquet.Types.Int64, parquet.Types.Double:
		return 8
	case parquet.Types.Int96:
		return 12
	}
	return 0
}

// checkedPages is a PageReader that ends with an error at the first page that asks for more than its bytes can hold.
type checkedPages struct {
	file.PageReader
	width    int64
	optional bool
	err      error
}

func (p *checkedPages) Next() bool {
	if p.err != nil || !p.PageReader.Next() {
		return false
	}
	p.err = p.check(p.Page())
	return p.err == nil
}

func (p *checkedPages) Err() error {
	if p.err != nil {
		return p.err
	}
	return p.PageReader.Err()
}

func (p *checkedPages) GetDictionaryPage() (*file.DictionaryPage, error) {
	d, err := p.PageReader.GetDictionaryPage()
	if err == nil && d != nil {
		err = p.check(d)
	}
	return d, err
}

func (p *checkedPages) check(page file.Page) error {
	if d, ok := page.(*file.DictionaryPage); ok {
		if n := int64(d.NumValues()); n*p.width > int64(len(d.Data())) {
			return fmt.Errorf("found a dictionary of %d bytes that claims %d values", len(d.Data()), n)
		}
		return nil
	}
	switch parquet.Encoding(page.Encoding()) {
	case parquet.Encodings.DeltaByteArray:
		return errors.New("found encoding DELTA_BYTE_ARRAY, which is not read here; rewrite the column in another")
	case parquet.Encodings.DeltaBinaryPacked, parquet.Encodings.DeltaLengthByteArray:
		return p.checkDelta(page)
	}
	return nil
}

// checkDelta looks at the size of the first block, which all of a page have.
func (p *checkedPages) checkDelta(page file.Page) error {
	values := page.Data()
	switch page := page.(type) {
	case *file.DataPageV1:
		if p.optional && parquet.Encoding(page.DefinitionLevelEncoding()) == parquet.Encodings.RLE && len(values) >= 4 {
			values = values[min(4+int64(binary.LittleEndian.Uint32(values)), int64(len(values))):]
		}
	case *file.DataPageV2:
		levels := int64(page.RepetitionLevelByteLen()) + int64(page.DefinitionLevelByteLen())
		values = values[min(levels, int64(len(values))):]
	}
	if block, _ := binary.Uvarint(values); block > maxDeltaBlock || page.NumValues() > maxDeltaValues {
		return fmt.Errorf("found delta blocks of %d values in a page of %d", block, page.NumValues())
	}
	return nil
}

// The codecs of arrow-go trust some compressed pages on how much they will be: zstd and snappy allocate what the
// compressed data says, up to 64 GiB; gzip and brotli write without end where the page says it has no bytes. These
// give no page more than its own header has said. They replace arrow-go's in the whole process.
func init() {
	for typ, decode := range map[compress.Compression]func(dst, src []byte) ([]byte, error){
		compress.Codecs.Gzip:   nil,
		compress.Codecs.Brotli: nil,
		compress.Codecs.Snappy: decodeSnappy,
		compress.Codecs.Zstd:   decodeZstd,
	} {
		codec, err := compress.GetCodec(typ)
		if err != nil {
			panic(err) // arrow-go has these four
		}
		if decode == nil {
			decode = codec.(compress.ErrorCodec).DecodeWithError
		}
		compress.RegisterCodec(typ, boundedCodec{codec, decode})
	}
}

// boundedCodec decodes into dst and never into more.
type boundedCodec struct {
	compress.Codec
	decode func(dst, src []byte) ([]byte, error)
}

func (c boundedCodec) DecodeWithError(dst, src []byte) ([]byte, error) {
	if dst == nil {
		dst = []byte{} // nil would mean any size
	}
	return c.decode(dst, src)
}

func (c boundedCodec) Decode(dst, src []byte) []byte {
	out, err := c.DecodeWithError(dst, src)
	if err != nil {
		panic(err) // as the interface has it
	}
	return out
}

func decodeSnappy(dst, src []byte) ([]byte, error) {
	n, err := snappy.DecodedLen(src)
	if err == nil && n > len(dst) {
		err = fmt.Errorf("snappy: %d bytes, expected %d", n, len(dst))
	}
	if err != nil {
		return nil, err
	}
	return snappy.Decode(dst, src)
}

var zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderConcurrency(0))
})

func decodeZstd(dst, src []byte) ([]byte, error) {
	d, err := zstdDecoder()
	if err != nil {
		return nil, err
	}
	return d.DecodeAll(src, dst[:0])
}
