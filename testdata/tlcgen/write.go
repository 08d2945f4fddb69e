package tlcgen

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// createdBy stands in the footers. It is fixed, so that a new version of
// arrow-go alone does not change the bytes of a file.
const createdBy = "tripstats-tlcgen version 1.0.0"

// Write writes one parquet file to w and returns what it holds. Memory grows
// with the compressed size of a row group, about 13 to 17 bytes a row; nothing
// of a row group reaches w before all of it is made. It stops with ctx's error
// once ctx is done. After an error, what w got is not a parquet file.
func Write(ctx context.Context, w io.Writer, o Options) (FileTruth, error) {
	v, err := o.check()
	if err != nil {
		return FileTruth{}, err
	}
	out := &countingWriter{w: w}
	counts, refunds, clockChanges, err := write(ctx, out, o, v)
	if err != nil {
		return FileTruth{}, fmt.Errorf("tlcgen: %s %v: %w", o.Taxi, o.Month, err)
	}
	t := FileTruth{
		Taxi: o.Taxi, Month: o.Month.String(), Rows: o.Rows, RowGroups: o.RowGroups, Codec: o.Codec,
		Coordinates: v.has(fPickupLon), Bytes: out.n, Months: counts.result(),
	}
	for _, m := range t.Months {
		t.Dirt.add(m.Dirt)
	}
	t.Dirt.RefundPairs, t.Dirt.ClockChange = refunds, clockChanges
	return t, nil
}

func write(ctx context.Context, w io.Writer, o Options, v variant) (counts *counter, refunds, clockChanges int64, err error) {
	columns := o.written(v.columns)
	root, err := groupNode(columns)
	if err != nil {
		return nil, 0, 0, err
	}
	arrowSchema, err := arrowSchemaValue(columns)
	if err != nil {
		return nil, 0, 0, err
	}
	kv := metadata.NewKeyValueMetadata()
	if err := kv.Append("ARROW:schema", arrowSchema); err != nil {
		return nil, 0, 0, err
	}
	fw, err := file.NewParquetWriterWithError(w, root,
		file.WithWriterProps(writerProperties(o, v)), file.WithWriteMetadata(kv))
	if err != nil {
		return nil, 0, 0, err
	}

	rows, counts := newStream(o, v), newCounter(o.Month, v)
	groups := int64(o.RowGroups)
	for g := range groups {
		end := o.Rows/groups*(g+1) + o.Rows%groups*(g+1)/groups
		if err := writeRowGroup(ctx, fw, v, columns, rows, end-rows.made, counts); err != nil {
			return nil, 0, 0, fmt.Errorf("row group %d: %w", g, err)
		}
	}
	return counts, rows.refunds, rows.clockChanges, fw.Close()
}

// writerProperties follows parquet-cpp's defaults, as published files do: data
// pages of version 1 and about 1 MiB, a dictionary of up to 1 MiB and then
// plain values. arrow-go cuts dictionary-encoded pages by the size of the
// plain values, so pages of columns with few values are more and smaller than
// in published files.
func writerProperties(o Options, v variant) *parquet.WriterProperties {
	c := codecs[o.Codec]
	opts := []parquet.WriterProperty{
		parquet.WithCreatedBy(createdBy),
		parquet.WithVersion(v.writer.version),
		parquet.WithDataPageVersion(parquet.DataPageV1),
		parquet.WithStats(v.writer.stats),
		parquet.WithCompression(c.codec),
		parquet.WithCompressionLevel(c.level),
	}
	for _, col := range v.columns {
		// Otherwise the encoding would depend on the codec.
		opts = append(opts, parquet.WithDictionaryCostFallbackFor(col.Name, false))
	}
	return parquet.NewWriterProperties(opts...)
}

func groupNode(columns []Column) (*schema.GroupNode, error) {
	var fields schema.FieldList
	for _, c := range columns {
		fields = append(fields, c.node())
	}
	return schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
}

// arrowSchemaValue returns the ARROW:schema metadata: the base64 of an IPC
// message. Arrow readers take from it what parquet cannot say, such as
// large_string.
func arrowSchemaValue(columns []Column) (string, error) {
	var fields []arrow.Field
	for _, c := range columns {
		fields = append(fields, c.arrowField())
	}
	var buf bytes.Buffer
	w := ipc.NewWriter(&buf, ipc.WithSchema(arrow.NewSchema(fields, nil)))
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}

func writeRowGroup(ctx context.Context, fw *file.Writer, v variant, columns []Column, rows *stream, n int64, counts *counter) error {
	rg, err := fw.AppendBufferedRowGroupChecked()
	if err != nil {
		return err
	}
	var (
		b     = &block{used: v.fields()}
		chunk = chunkWriter{style: v.style}
	)
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows.fill(b, n)
		n -= int64(b.n)
		counts.add(b)
		for i, c := range columns {
			cw, err := rg.Column(i)
			if err != nil {
				return err
			}
			if err := chunk.write(cw, c, b); err != nil {
				return fmt.Errorf("column %s: %w", c.Name, err)
			}
		}
	}
	return rg.Close()
}

// chunkWriter turns one column of a block into what arrow-go writes. All but
// the style is scratch space.
type chunkWriter struct {
	style   style
	levels  [blockRows]int16
	ints    [blockRows]int64
	shorts  [blockRows]int32
	doubles [blockRows]float64
	strings [blockRows]parquet.ByteArray
	text    []byte
}

var (
	present = func() (levels [blockRows]int16) {
		for i := range levels {
			levels[i] = 1
		}
		return levels
	}()
	absent [blockRows]int16
)

func (c *chunkWriter) write(w file.ColumnChunkWriter, col Column, b *block) error {
	values, levels := c.nonNull(col, b)
	var err error
	switch w := w.(type) {
	case *file.Int64ColumnChunkWriter:
		_, err = w.WriteBatch(values, levels, nil)
	case *file.Int32ColumnChunkWriter:
		for i, v := range values {
			c.shorts[i] = int32(v)
		}
		_, err = w.WriteBatch(c.shorts[:len(values)], levels, nil)
	case *file.Float64ColumnChunkWriter:
		c.toDoubles(values, col.field)
		_, err = w.WriteBatch(c.doubles[:len(values)], levels, nil)
	case *file.ByteArrayColumnChunkWriter:
		c.toStrings(values, col.field)
		_, err = w.WriteBatch(c.strings[:len(values)], levels, nil)
	default:
		err = fmt.Errorf("no values can be made for a %T", w)
	}
	return err
}

// nonNull returns the values that are not null, and the definition level of
// every row.
func (c *chunkWriter) nonNull(col Column, b *block) ([]int64, []int16) {
	f := col.field
	switch {
	case col.Type == Null || b.all.has(f):
		return nil, absent[:b.n]
	case !b.any.has(f):
		return b.v[f][:b.n], present[:b.n]
	}
	n := 0
	for i, nulls := range b.nulls[:b.n] {
		c.levels[i] = 0
		if !nulls.has(f) {
			c.levels[i] = 1
			c.ints[n] = b.v[f][i]
			n++
		}
	}
	return c.ints[:n], c.levels[:b.n]
}

// toDoubles converts to floating point: this is the only such step. Fields in
// cents or hundredths of a mile are divided by 100, which is correctly rounded
// and so the float64 nearest to the decimal number.
func (c *chunkWriter) toDoubles(values []int64, f field) {
	switch f {
	case fPassengers, fRate, fFlag, fPayment, fTripType, fPickupZone, fDropoffZone, fShared:
		for i, v := range values {
			c.doubles[i] = float64(v)
		}
		return
	case fPickupLon, fPickupLat, fDropoffLon, fDropoffLat:
		for i, v := range values {
			c.doubles[i] = c.style.inexactly(float64(v)/1e6, v)
			if c.style.singles {
				c.doubles[i] = float64(float32(c.doubles[i]))
			}
		}
		return
	}
	for i, v := range values {
		switch v {
		case valueNaN:
			c.doubles[i] = math.NaN()
		case valueInf:
			c.doubles[i] = math.Inf(1)
		default:
			c.doubles[i] = float64(v) / 100
		}
	}
	if c.style.inexact {
		for i, v := range values {
			if v%25 != 0 && -100_00 < v && v < 100_00 { // beyond are the limits that rules set
				c.doubles[i] = c.style.inexactly(c.doubles[i], v)
			}
		}
	}
}

// inexactly returns the number next to x, towards zero, for one in eight values
// v if the style is inexact.
func (s *style) inexactly(x float64, v int64) float64 {
	if s.inexact && uint64(max(v, -v))*0x9e3779b97f4a7c15>>61 == 0 {
		return math.Nextafter(x, 0)
	}
	return x
}

// toStrings gives values their text.
func (c *chunkWriter) toStrings(values []int64, f field) {
	switch f {
	case fPickup, fDropoff, fRequest, fOnScene:
		c.text = c.text[:0]
		for _, v := range values {
			c.text = time.UnixMicro(v).UTC().AppendFormat(c.text, time.DateTime)
		}
		for i := range values {
			c.strings[i] = c.text[i*len(time.DateTime) : (i+1)*len(time.DateTime)]
		}
	default:
		texts := c.style.texts[f]
		for i, v := range values {
			c.strings[i] = texts[v]
		}
	}
}

// countingWriter counts the bytes that went through.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
