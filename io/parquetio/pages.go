package parquetio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"tripstats/io/parquetio/pages"
	"tripstats/io/parquetio/thrift"
)

// Limits on what a page may claim of itself, as arrow-go allocates by it. Writers make delta blocks of 128 to 1,024
// values; of those that join texts of parts, arrow-go keeps more for each value.
const (
	maxDeltaBlock  = 1 << 16
	maxDeltaValues = 1 << 24
	maxJoinedTexts = 1 << 22
	maxPageHeader  = pages.MaxHeaderBytes
)

// libraryColumn is a column of a file for arrow-go.
type libraryColumn struct {
	table  *chunkTable
	column int // its place in the projection
	src    io.ReaderAt
	size   int64 // of the file
	props  *parquet.ReaderProperties
}

// reader is arrow-go's reader of a column chunk with a check of every page before it is decoded.
func (c libraryColumn) reader(rowGroup int) (file.ColumnChunkReader, error) {
	chunk := c.table.at(rowGroup, c.column)
	if chunk.encrypted {
		return nil, notRead{errors.New("the column is encrypted; decrypt the file first")}
	}
	if codec := compress.Compression(chunk.codec); !readable(codec) {
		return nil, notRead{fmt.Errorf("found codec %s, which is not read here; rewrite the file with SNAPPY or ZSTD", codec)}
	}
	meta, err := c.table.forLibrary(rowGroup, c.column)
	if err != nil {
		return nil, err
	}
	meta.SetSourceFileSize(c.size)
	pf, err := file.NewParquetReader(seekableAt{io.NewSectionReader(c.src, 0, c.size)}, file.WithReadProps(c.props), file.WithMetadata(meta))
	if err != nil {
		return nil, err
	}
	pages, err := pf.RowGroup(0).GetColumnPageReader(0)
	if err != nil {
		return nil, err
	}
	pages.SetMaxPageHeaderSize(maxPageHeader)
	col := c.table.column(c.column)
	checked := &checkedPages{PageReader: pages, dict: chunk.span().off < chunk.firstPage, width: plainWidth(col), optional: col.MaxDefinitionLevel() > 0, padding: c.table.padding}
	if chunk.joined {
		col, checked.texts = asTexts(col), true
	}
	mem := c.props.Allocator()
	//lint:ignore SA1019 there is no other way to look at pages before they are decoded
	return file.NewColumnReader(col, checked, mem, &sync.Pool{New: func() any { return memory.NewResizableBuffer(mem) }}), nil
}

var errNoParts = errors.New("values that are not joined from parts")

// partsOnly tells whether all pages of a column chunk have values that are joined from parts. encodings is the Thrift list of the footer. RLE and
// BIT_PACKED in it are the encodings of levels.
func partsOnly(encodings []byte) bool {
	parts := false
	w := thrift.Walk{Bytes: encodings}
	err := w.List(func(byte) (bool, error) {
		e, err := w.Int()
		switch parquet.Encoding(e) {
		case parquet.Encodings.DeltaByteArray:
			parts = true
		case parquet.Encodings.RLE, parquet.Encodings.BitPacked:
		default:
			return true, errNoParts
		}
		return true, err
	})
	return err == nil && parts
}

// asTexts returns a column of fixed width as a column of texts. Values that are joined from parts have the same form in both, but
// arrow-go can join them only in a column of texts.
func asTexts(col *schema.Column) *schema.Column {
	return schema.NewColumn(schema.NewByteArrayNode(col.Name(), col.SchemaNode().RepetitionType(), -1), col.MaxDefinitionLevel(), col.MaxRepetitionLevel())
}

// paddingBy returns how many zero bytes a writer may put after the values of a page. Only fastparquet does so. In files of other writers zeros at the
// end may be the last value of a page whose footer is damaged.
func paddingBy(writer string) int {
	if strings.HasPrefix(writer, "fastparquet") {
		return 8
	}
	return 0
}

// readable tells whether arrow-go has a codec.
func readable(codec compress.Compression) bool {
	_, err := compress.GetCodec(codec)
	return err == nil
}

// notRead is the error of what a file has and is not read here. The file need not be damaged: the error says what to do.
type notRead struct{ error }

// plainWidth is how many bytes a plain value takes, 0 for texts.
func plainWidth(col *schema.Column) int {
	if width := pagesWidth(col.PhysicalType()); width > 0 {
		return width
	}
	switch col.PhysicalType() {
	case parquet.Types.Int96:
		return 12
	case parquet.Types.FixedLenByteArray:
		return col.TypeLength()
	}
	return 0
}

// checkedPages is a PageReader that ends with an error at the first page whose bytes are not those of its values, or ask for more
// memory than they may.
type checkedPages struct {
	file.PageReader
	width    int
	optional bool
	padding  int
	dict     bool // the next page is the dictionary, as the footer has it
	texts    bool // values of a fixed width are read as texts: see asTexts
	err      error
}

func (p *checkedPages) Next() bool {
	if p.err != nil || !p.PageReader.Next() {
		return false
	}
	if _, is := p.Page().(*file.DictionaryPage); p.dict && !is {
		p.err = pages.ErrNoDictionary
		return false
	}
	p.dict = false
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
	body := pages.Body{Bytes: page.Data(), Rows: int64(page.NumValues()), Optional: p.optional, Padding: p.padding, Encoding: int64(page.Encoding()), Width: p.width}
	switch page := page.(type) {
	case *file.DictionaryPage:
		return pages.CheckDictionary(body.Bytes, body.Rows, p.width)
	case *file.DataPageV1:
		body.Levels = int64(page.DefinitionLevelEncoding())
	case *file.DataPageV2:
		body.V2, body.RepeatBytes, body.LevelBytes = true, int64(page.RepetitionLevelByteLen()), int64(page.DefinitionLevelByteLen())
	default: // an index page
		return nil
	}
	most := int64(math.MaxInt32)
	switch encoding := parquet.Encoding(page.Encoding()); encoding {
	case parquet.Encodings.Plain, parquet.Encodings.PlainDict, parquet.Encodings.RLEDict, parquet.Encodings.ByteStreamSplit:
	case parquet.Encodings.DeltaBinaryPacked, parquet.Encodings.DeltaLengthByteArray:
		most = maxDeltaValues
	case parquet.Encodings.DeltaByteArray:
		if most = maxJoinedTexts; p.width > 0 && !p.texts {
			return notRead{fmt.Errorf("found encoding %s beside others in a column of fixed width, which is not read here; rewrite the column in another", encoding)}
		}
	default:
		return notRead{fmt.Errorf("found encoding %s, which is not read here; rewrite the column in another", encoding)}
	}
	if body.Rows > most {
		return notRead{fmt.Errorf("found a page of %d values in %s, at most %d are read; rewrite the file with pages of 1 MiB, as most tools write them", body.Rows, page.Encoding(), most)}
	}
	err := body.Check(pages.Limits{Block: maxDeltaBlock, Text: maxTextBytes})
	if limit := (*pages.LimitError)(nil); errors.As(err, &limit) {
		return notRead{fmt.Errorf("found %w; leave the file out, or rewrite the column in another encoding", limit)}
	}
	return err
}

// The codecs of arrow-go trust some compressed pages on how much they will be: zstd and snappy allocate what the
// compressed data says, up to 64 GiB; gzip and brotli write without end where the page says it has no bytes. These
// give no page more than its own header has said. They replace arrow-go's in the whole process.
func init() {
	for typ, decode := range map[compress.Compression]decodeFrom{
		compress.Codecs.Gzip:   nil,
		compress.Codecs.Lz4Raw: nil,
		compress.Codecs.Brotli: decodeBrotli,
		compress.Codecs.Snappy: decodeSnappy,
		compress.Codecs.Zstd:   decodeZstd,
	} {
		codec, err := compress.GetCodec(typ)
		if err != nil {
			panic(err) // arrow-go has them all
		}
		if decode == nil {
			decode = codec.(compress.ErrorCodec).DecodeWithError
		}
		bounded := boundedCodec{codec, decode}
		if typ == compress.Codecs.Zstd {
			compress.RegisterCodec(typ, zstdCodec{bounded})
			continue
		}
		compress.RegisterCodec(typ, bounded)
	}
}

// decodeFrom decodes src into dst and returns what of dst it filled.
type decodeFrom func(dst, src []byte) ([]byte, error)

// boundedCodec decodes into dst and never into more.
type boundedCodec struct {
	compress.Codec
	decode decodeFrom
}

func (c boundedCodec) DecodeWithError(dst, src []byte) ([]byte, error) {
	if dst == nil {
		dst = []byte{} // nil would mean any size
	}
	if len(dst) == 0 && len(src) == 0 { // the values of a page of nulls: some writers compress nothing to nothing
		return dst, nil
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

// decodeBrotli is for arrow-go's, which refuses pages that hold nothing.
func decodeBrotli(dst, src []byte) ([]byte, error) {
	r := brotli.NewReader(bytes.NewReader(src))
	n, err := io.ReadFull(r, dst)
	if err != nil {
		return nil, fmt.Errorf("brotli: %d bytes, %d were declared: %w", n, len(dst), err)
	}
	more, err := io.ReadFull(r, make([]byte, 1))
	switch {
	case more > 0:
		return nil, fmt.Errorf("brotli: more than the %d bytes that were declared", len(dst))
	case err != io.EOF:
		return nil, fmt.Errorf("brotli: %w", err)
	}
	return dst, nil
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

// zstdRoom is how much room zstd's decoder wants after a page: it writes 16 bytes at a time, and it does so only if after each block of 128 KiB
// there is still room for the whole page and 16 bytes. Otherwise it takes a fifth more time. Most of the room is never touched, so it hardly takes memory.
func zstdRoom(length int) int {
	const block, overrun = 128 << 10, 16
	return max(0, length-1)&^(block-1) + overrun
}

func decodeZstd(dst, src []byte) ([]byte, error) {
	d, err := zstdDecoder()
	if err != nil {
		return nil, err
	}
	return d.DecodeAll(src, dst[:0])
}
