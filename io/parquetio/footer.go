package parquetio

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"weak"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// Limits on what a footer may claim. They are far above what any TLC file has (20 columns, some ten row groups, 20 KiB
// of footer) and keep a hostile one from asking for memory.
const (
	maxFooterBytes = 16 << 20
	maxRowGroups   = 1 << 15 // the ordinal of a row group is an int16 in the format

	longFooter = 1 << 20

	tailBytes = 64 << 10 // read at once from the file's end: nearly every footer, in one request
)

// Describe returns what the footer of f says: rows, row groups, columns with their types and sizes.
func (Format) Describe(_ context.Context, f element.Found, r objstore.Reader) (d element.Described, err error) {
	defer recoverDamage(&err, "%s: footer", f.Source)
	err = withFooter(r, r.Size(), func(raw []byte) error {
		o, err := outlineOf(raw)
		if err != nil {
			return fmt.Errorf("footer: %w", withAdvice(err))
		}
		if err := describe(&d, o, r.Size()); err != nil {
			return fmt.Errorf("%w; the file is damaged: fetch it again", err)
		}
		d.MetadataSum = sumOf(raw)
		if objstore.Remote(f.URI) { // reading it again would take a request
			d.Metadata, err = o.footer(nil)
		}
		return err
	})
	if len(d.Metadata) > longFooter {
		d.Metadata = nil
	}
	return d, err
}

// longFooters allows one long footer in memory at a time. Its memory goes from file to file: without it, most of the heap would be footers that nobody
// reads any more.
var longFooters struct {
	sync.Mutex
	room weak.Pointer[[]byte]

	// used keeps the room alive until the second collection after its last use. Nobody gets it from the pool, because a pool looks only at the memory
	// of one core first.
	used sync.Pool
}

// roomForLong returns memory of at least n bytes. The caller holds the lock of longFooters.
func roomForLong(n int64) *[]byte {
	room := longFooters.room.Value()
	if room == nil {
		room = new([]byte)
		longFooters.room = weak.Make(room)
	}
	if int64(cap(*room)) < n {
		const step = 1 << 20 // footers of about the same length then share it
		*room = make([]byte, (n+step-1)/step*step)
	}
	return room
}

// tails are memory for the ends of files, which goes from file to file.
var tails = sync.Pool{New: func() any { return new([tailBytes]byte) }}

// withFooter calls f with the serialised metadata at the end of a parquet file of the given size. They are valid until f returns.
func withFooter(r io.ReaderAt, size int64, f func(raw []byte) error) error {
	const magic = "PAR1"
	if size == 0 {
		return errors.New("the file is empty, expected parquet; fetch it again")
	}
	room := tails.Get().(*[tailBytes]byte)
	defer tails.Put(room)
	tail := room[:min(size, tailBytes)]
	if _, err := io.ReadFull(io.NewSectionReader(r, size-int64(len(tail)), int64(len(tail))), tail); err != nil {
		return fmt.Errorf("reading the footer: %w", err)
	}
	if size < 12 || string(tail[len(tail)-4:]) != magic {
		if end := string(tail[max(0, len(tail)-4):]); end == "PARE" {
			return errors.New("the footer is encrypted; decrypt the file first")
		}
		what, todo := looksLike(r, size)
		return fmt.Errorf("not a parquet file: found %s, expected the magic bytes PAR1 at both ends; %s", what, todo)
	}
	var raw []byte
	n := int64(binary.LittleEndian.Uint32(tail[len(tail)-8:]))
	switch {
	case n > size-12:
		return fmt.Errorf("footer of %d bytes in a file of %d; the file is cut short or damaged: fetch it again", n, size)
	case n > maxFooterBytes:
		return fmt.Errorf("footer of %d bytes, more than the %d that are read", n, maxFooterBytes)
	case n+8 <= int64(len(tail)):
		return f(tail[int64(len(tail))-8-n : len(tail)-8])
	case n > longFooter:
		longFooters.Lock()
		defer longFooters.Unlock()
		long := roomForLong(n)
		defer longFooters.used.Put(long)
		raw = (*long)[:n]
	default:
		raw = make([]byte, n)
	}
	if _, err := io.ReadFull(io.NewSectionReader(r, size-8-n, n), raw); err != nil {
		return fmt.Errorf("reading the footer: %w", err)
	}
	return f(raw)
}

// describe fills in what the footer says and checks it against itself and the file's size.
func describe(f *element.Described, o *outline, size int64) error {
	if o.groups > maxRowGroups {
		return fmt.Errorf("footer: %d row groups, at most %d are read", o.groups, maxRowGroups)
	}
	columns, ncols := o.schema, len(o.leaves)
	f.Rows, f.UnitRows, f.Columns = 0, make([]int64, o.groups), slices.Clone(o.columns)
	sizes := make([]int64, ncols*o.groups)
	for c := range f.Columns {
		f.Columns[c].ChunkBytes = sizes[c*o.groups : (c+1)*o.groups : (c+1)*o.groups]
	}
	places := make([]chunkSpan, 0, ncols)
	err := o.eachGroup(func(i int, g rowGroup) error {
		if g.rows < 0 || g.rows > maxRowsOfGroup {
			return fmt.Errorf("footer: row group %d: %d rows, at most %d are read", i, g.rows, int64(maxRowsOfGroup))
		}
		if g.count != ncols {
			return fmt.Errorf("footer: row group %d: %d column chunks for %d columns", i, g.count, ncols)
		}
		f.UnitRows[i] = g.rows
		f.Rows += g.rows
		for c := range g.chunks {
			if err := describeChunk(&f.Columns[c], columns.Column(c), &g.chunks[c], i, size); err != nil {
				return fmt.Errorf("footer: row group %d: column %q: %w", i, f.Columns[c].Name, err)
			}
			if at, ok := g.chunks[c].place(); ok {
				places = append(places, chunkSpan{at, c})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if o.rows != f.Rows {
		return fmt.Errorf("footer: says %d rows, its row groups have %d", o.rows, f.Rows)
	}
	return apart(places, func(c int) string { return f.Columns[c].Name })
}

// describeChunk adds a column chunk of a row group to the description of its column.
func describeChunk(to *element.Column, col *schema.Column, chunk *columnChunk, group int, size int64) error {
	if chunk.encrypted {
		to.Type, to.Found = element.Unsupported, "encrypted values"
		if !chunk.described {
			return nil
		}
	}
	if !chunk.described || chunk.has&required != required {
		return errors.New("no metadata")
	}
	// Otherwise a flipped bit in a name would hide the column, and one in a type would give other numbers.
	if typ := parquet.Type(chunk.numbers[metaType]); typ != col.PhysicalType() || !strings.EqualFold(string(chunk.name), col.Name()) {
		return fmt.Errorf("found a column chunk of %s %q, expected the schema's %s %q", typ, chunk.name, col.PhysicalType(), col.Name())
	}
	n, start := chunk.numbers[metaBytes], chunk.span().off
	if start < 0 || n < 0 || start > size || n > size-start {
		return fmt.Errorf("found a column chunk of %d bytes at %d, expected it within the file's %d bytes", n, start, size)
	}
	if _, inside := chunk.place(); inside && chunk.numbers[metaDictionary] > chunk.numbers[metaFirstPage] {
		return errDictionaryLater
	}
	to.ChunkBytes[group] = n
	codec := compress.Compression(chunk.numbers[metaCodec])
	switch {
	case to.Codecs == nil:
		to.Codecs = nameOf(codec)
	case !slices.Contains(to.Codecs, codec.String()):
		to.Codecs = append(to.Codecs, codec.String())
	}
	return nil
}

// codecNames has the name of each common codec as a list, which all files share.
var codecNames = func() (lists [16][]string) {
	for i := range lists {
		lists[i] = []string{compress.Compression(i).String()}
	}
	return lists
}()

// nameOf returns the name of a codec as a list, to which nobody writes.
func nameOf(codec compress.Compression) []string {
	if codec >= 0 && int(codec) < len(codecNames) {
		return slices.Clip(codecNames[codec])
	}
	return []string{codec.String()}
}

// column describes a leaf column. Nested and repeated columns, and types that no taxi data has, are Unsupported.
func column(d *schema.Column, nested bool) element.Column {
	logical := d.LogicalType()
	if logical == nil {
		logical = schema.NoLogicalType{}
	}
	c := element.Column{Name: d.Name(), Found: typeName(d, logical)}
	if nested || d.MaxRepetitionLevel() > 0 {
		c.Found += " (nested)"
		return c
	}
	c.Type = valueTypeOf(d.PhysicalType(), logical)
	if t, is := logical.(schema.DecimalLogicalType); is && c.Type == element.Decimal {
		c.Precision, c.Scale = t.Precision(), t.Scale()
	}
	return c
}

// typeName is a type in one word, in that of Arrow where it has one: timestamp[us], int64, double. The physical type is
// not told where the logical one says what the values are.
func typeName(d *schema.Column, logical schema.LogicalType) string {
	switch t := logical.(type) {
	case schema.TimestampLogicalType:
		if isUTC(t) {
			return "timestamp[" + unitName(t.TimeUnit()) + ", UTC]"
		}
		return "timestamp[" + unitName(t.TimeUnit()) + "]"
	case schema.TimeLogicalType:
		return "time[" + unitName(t.TimeUnit()) + "]"
	case schema.IntLogicalType:
		if t.IsSigned() {
			return fmt.Sprintf("int%d", t.BitWidth())
		}
		return fmt.Sprintf("uint%d", t.BitWidth())
	case schema.DecimalLogicalType:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision(), t.Scale())
	}
	if !logical.IsNone() {
		return strings.ToLower(logical.String()) // string, null, date, json, uuid ...
	}
	switch p := d.PhysicalType(); p {
	case parquet.Types.ByteArray:
		return "binary"
	case parquet.Types.FixedLenByteArray:
		return fmt.Sprintf("binary[%d]", d.TypeLength())
	default:
		return strings.ToLower(p.String()) // int64, double, boolean ...
	}
}

func unitName(u schema.TimeUnitType) string {
	switch u {
	case schema.TimeUnitMillis:
		return "ms"
	case schema.TimeUnitMicros:
		return "us"
	case schema.TimeUnitNanos:
		return "ns"
	}
	return "?"
}

func valueTypeOf(physical parquet.Type, logical schema.LogicalType) element.ValueType {
	if logical == nil {
		logical = schema.NoLogicalType{}
	}
	if _, isNull := logical.(schema.NullLogicalType); isNull {
		return element.Null
	}
	if t, isDecimal := logical.(schema.DecimalLogicalType); isDecimal {
		return decimal(physical, t)
	}
	switch physical {
	case parquet.Types.Int96:
		return element.Int96
	case parquet.Types.Float:
		return plain(logical, element.Float32)
	case parquet.Types.Double:
		return plain(logical, element.Float64)
	case parquet.Types.ByteArray:
		if _, isString := logical.(schema.StringLogicalType); isString {
			return element.String
		}
		return plain(logical, element.String)
	case parquet.Types.Int32:
		return integer(logical, element.Int32, element.Uint32)
	case parquet.Types.Int64:
		if ts, isTime := logical.(schema.TimestampLogicalType); isTime {
			return timestamp(ts)
		}
		return integer(logical, element.Int64, element.Uint64)
	}
	return element.Unsupported
}

// decimal is Decimal for the physical types that the format allows for one, and as many digits as Arrow has.
func decimal(physical parquet.Type, t schema.DecimalLogicalType) element.ValueType {
	switch physical {
	case parquet.Types.Int32, parquet.Types.Int64, parquet.Types.ByteArray, parquet.Types.FixedLenByteArray:
		if t.Precision() >= 1 && t.Precision() <= element.MostDigits && t.Scale() >= 0 && t.Scale() <= t.Precision() {
			return element.Decimal
		}
	}
	return element.Unsupported
}

// plain is k for a column without a logical type, else Unsupported: a DATE read as an integer would be another number.
func plain(logical schema.LogicalType, k element.ValueType) element.ValueType {
	if logical.IsNone() {
		return k
	}
	return element.Unsupported
}

func integer(logical schema.LogicalType, signed, unsigned element.ValueType) element.ValueType {
	if t, isInt := logical.(schema.IntLogicalType); isInt {
		if t.IsSigned() {
			return signed
		}
		return unsigned
	}
	return plain(logical, signed)
}

// isUTC tells whether a timestamp is adjusted to UTC. One that has only the old converted type says nothing about that in
// practice: the old writers set it on wall-clock times too, and Arrow and DuckDB read it as such.
func isUTC(ts schema.TimestampLogicalType) bool {
	return ts.IsAdjustedToUTC() && !ts.IsFromConvertedType()
}

// timestamp maps a timestamp.
func timestamp(ts schema.TimestampLogicalType) element.ValueType {
	types := map[schema.TimeUnitType][2]element.ValueType{
		schema.TimeUnitMillis: {element.TimestampMillis, element.TimestampMillisUTC},
		schema.TimeUnitMicros: {element.TimestampMicros, element.TimestampMicrosUTC},
		schema.TimeUnitNanos:  {element.TimestampNanos, element.TimestampNanosUTC},
	}
	k, ok := types[ts.TimeUnit()]
	switch {
	case !ok:
		return element.Unsupported
	case isUTC(ts):
		return k[1]
	}
	return k[0]
}
