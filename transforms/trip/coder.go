package trip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/element"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Batches]())
	beam.RegisterFunction(encodeBatches)
	beam.RegisterFunction(decodeBatches)
	beam.RegisterCoder(reflect.TypeFor[Batches](), encodeBatches, decodeBatches)
}

// The encoded form of Batches: see element.EncodeList.

func encodeBatches(l Batches) ([]byte, error) {
	return element.EncodeList(l.List, Batch.encodedSize, encodeBatch)
}

func decodeBatches(b []byte) (Batches, error) {
	list, err := element.DecodeList(b, decodeBatch)
	return Batches{list}, err
}

// The encoded form of a Batch: source, taxi, origin (a record, or nothing), the text if there is one, then everything else except the
// columns as varints, then the columns as an Arrow record. One of the varints says which columns the record has.

// schemaOf returns the schema of a record with the columns that have a bit in present, in the order of Field.
func schemaOf(present int64) *arrow.Schema {
	var fields []arrow.Field
	for f := range NumFields {
		if present>>f&1 == 1 {
			fields = append(fields, arrow.Field{Name: Fields[f].Name, Type: arrow.PrimitiveTypes.Int64, Nullable: true})
		}
	}
	return arrow.NewSchema(fields, nil)
}

func encodeBatch(b Batch) ([]byte, error) {
	out := element.AppendString(nil, b.Source)
	out = element.AppendString(out, b.Taxi)
	var origin []byte
	if b.Origin != nil {
		var err error
		if origin, err = element.AppendRecord(nil, b.Origin); err != nil {
			return nil, err
		}
	}
	out = element.AppendText(element.AppendString(out, string(origin)), b.Text)
	flags := int64(0)
	if b.NoZones {
		flags |= 1
	}
	if b.Alone {
		flags |= 2
	}
	var arrays []arrow.Array
	present := int64(0)
	for f := range NumFields {
		if b.Columns[f].Values != nil {
			present |= 1 << f
		}
		if present>>f&1 == 1 {
			arrays = append(arrays, toArrow(b.Columns[f]))
		}
	}
	rec := array.NewRecordBatch(schemaOf(present), arrays, int64(b.Rows))
	defer rec.Release()
	out = appendVarints(out, int64(b.FileMonth), int64(b.RowGroup), b.FirstRow, b.FileRow, b.FileRows, flags, int64(b.MayLack), int64(len(b.NotTimes)), int64(b.Rows), present,
		int64(len(b.Months)), int64(len(b.NotNumbers)), int64(len(b.Findings)), int64(len(b.NoCodes)),
		int64(len(b.NotPickups)), int64(len(b.NotDropoffs)), int64(len(b.Skips)), int64(b.Skip))
	for _, run := range b.Months {
		refused := int64(0)
		if run.Refused {
			refused = 1
		}
		out = appendVarints(out, int64(run.Month), int64(run.End), refused)
	}
	for _, rows := range [][]int32{b.NotNumbers, b.NotPickups, b.NotDropoffs, b.NotTimes} {
		for _, row := range rows {
			out = appendVarints(out, int64(row))
		}
	}
	for _, f := range b.Findings {
		out = appendVarints(out, int64(f.Month), int64(f.Rule), f.Rows, f.Sum)
	}
	for _, n := range b.NoCodes {
		out = appendVarints(out, int64(n.Field), n.Rows)
	}
	for _, rows := range b.Skips {
		out = appendVarints(out, int64(rows))
	}
	return element.AppendRecord(out, rec)
}

// encodedSize is about how many bytes the encoded form has.
func (b Batch) encodedSize() int {
	size := 0
	for f := range NumFields {
		size += 8*len(b.Columns[f].Values) + len(b.Columns[f].Valid)
	}
	return size
}

func appendVarints(b []byte, values ...int64) []byte {
	for _, v := range values {
		b = binary.AppendVarint(b, v)
	}
	return b
}

// varints reads what appendVarints wrote. If the bytes end too early, short is set, and all further values are 0.
type varints struct {
	in    []byte
	short bool
}

func (v *varints) next() int64 {
	x, n := binary.Varint(v.in)
	if n <= 0 {
		v.short, v.in = true, nil
		return 0
	}
	v.in = v.in[n:]
	return x
}

// rows reads n numbers of rows.
func (v *varints) rows(n int64) (rows []int32) {
	for range n {
		if rows = append(rows, int32(v.next())); v.short {
			break
		}
	}
	return rows
}

func toArrow(c Column) arrow.Array {
	buffers := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.GetBytes(c.Values))}
	if c.Valid != nil {
		buffers[0] = memory.NewBufferBytes(c.Valid)
	}
	data := array.NewData(arrow.PrimitiveTypes.Int64, len(c.Values), buffers, nil, c.Nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

func decodeBatch(in []byte) (b Batch, err error) {
	defer func() {
		if r := recover(); r != nil { // Arrow uses some lengths of a record without checking them
			b, err = Batch{}, fmt.Errorf("trip: batch: %v", r)
		}
	}()
	if b.Source, in, err = element.CutString(in); err != nil {
		return Batch{}, fmt.Errorf("trip: batch: source: %w", err)
	}
	if b.Taxi, in, err = element.CutString(in); err != nil {
		return Batch{}, fmt.Errorf("trip: batch: taxi: %w", err)
	}
	var origin string
	if origin, in, err = element.CutString(in); err != nil {
		return Batch{}, fmt.Errorf("trip: batch: origin: %w", err)
	}
	if origin != "" {
		if b.Origin, err = element.CutRecord([]byte(origin)); err != nil {
			return Batch{}, err
		}
	}
	if b.Text, in, err = element.CutText(in); err != nil {
		return Batch{}, fmt.Errorf("trip: batch: text: %w", err)
	}
	v := varints{in: in}
	b.FileMonth, b.RowGroup, b.FirstRow, b.FileRow = int32(v.next()), int(v.next()), v.next(), v.next()
	b.FileRows = v.next()
	flags := v.next()
	b.NoZones, b.Alone = flags&1 == 1, flags&2 == 2
	b.MayLack = FieldSet(v.next())
	notTimes := v.next()
	b.Rows = int(v.next())
	present := v.next()
	months, notNumbers, findings, noCodes := v.next(), v.next(), v.next(), v.next()
	notPickups, notDropoffs, skips := v.next(), v.next(), v.next()
	b.Skip = uint64(v.next())
	for range months {
		if b.Months = append(b.Months, MonthRun{Month: int32(v.next()), End: int(v.next()), Refused: v.next() == 1}); v.short {
			break
		}
	}
	b.NotNumbers, b.NotPickups, b.NotDropoffs, b.NotTimes = v.rows(notNumbers), v.rows(notPickups), v.rows(notDropoffs), v.rows(notTimes)
	for range findings {
		if b.Findings = append(b.Findings, Finding{Month: int32(v.next()), Rule: int32(v.next()), Rows: v.next(), Sum: v.next()}); v.short {
			break
		}
	}
	for range noCodes {
		n := NoCode{Field: Field(v.next()), Rows: v.next()}
		if b.NoCodes = append(b.NoCodes, n); v.short {
			break
		}
		if n.Field >= NumFields {
			return Batch{}, fmt.Errorf("trip: batch: found codes of column %d, expected less than %d", n.Field, NumFields)
		}
	}
	b.Skips = v.rows(skips)
	if v.short {
		return Batch{}, errors.New("trip: batch: the header ends too early")
	}
	in = v.in
	rec, err := element.CutRecord(in)
	if err != nil {
		return Batch{}, err
	}
	defer rec.Release() // its memory is garbage-collected, and the columns below still refer to it
	if present>>NumFields != 0 {
		return Batch{}, fmt.Errorf("trip: batch: found columns %b, expected %d at most", present, NumFields)
	}
	if schema := schemaOf(present); !rec.Schema().Equal(schema) || int(rec.NumRows()) != b.Rows {
		return Batch{}, fmt.Errorf("trip: batch: found %d rows of %v, expected %d of %v", rec.NumRows(), rec.Schema(), b.Rows, schema)
	}
	columns := rec.Columns() // those that are present, in order
	for f := range NumFields {
		if present>>f&1 == 1 {
			a := columns[0].(*array.Int64)
			b.Columns[f] = withNulls(a, a.Int64Values(), a.Int64Values())
			columns = columns[1:]
		}
	}
	return b, b.consistent()
}

// consistent returns an error if the decoded rows and runs do not fit together. Later stages use them as indices.
func (b *Batch) consistent() error {
	if len(b.Months) > 0 && b.Columns[Pickup].Values == nil {
		return errors.New("trip: batch: months without pickups")
	}
	at := 0
	for _, run := range b.Months {
		if run.End <= at || run.End > b.Rows {
			return fmt.Errorf("trip: batch: a month's rows end at %d, expected from %d to %d", run.End, at+1, b.Rows)
		}
		at = run.End
	}
	if b.Skips != nil && len(b.Skips) != b.Rows {
		return fmt.Errorf("trip: batch: found the places of %d rows, expected %d", len(b.Skips), b.Rows)
	}
	if b.Text != nil && len(b.Text.Starts) != b.Rows {
		return fmt.Errorf("trip: batch: found lines of %d rows, expected %d", len(b.Text.Starts), b.Rows)
	}
	for _, rows := range [][]int32{b.NotNumbers, b.NotPickups, b.NotDropoffs, b.NotTimes} {
		for _, row := range rows {
			if row < 0 || int(row) >= b.Rows {
				return fmt.Errorf("trip: batch: no number or time in row %d, expected less than %d", row, b.Rows)
			}
		}
	}
	return nil
}
