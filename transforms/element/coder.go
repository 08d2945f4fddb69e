package element

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func init() {
	beam.RegisterType(typeOf[Table]())
	beam.RegisterType(typeOf[Rejects]())
	beam.RegisterFunction(encodeTable)
	beam.RegisterFunction(decodeTable)
	beam.RegisterCoder(typeOf[Table](), encodeTable, decodeTable)
	beam.RegisterFunction(encodeRejects)
	beam.RegisterFunction(decodeRejects)
	beam.RegisterCoder(typeOf[Rejects](), encodeRejects, decodeRejects)
}

// The coded form of a Columns: source, taxi, variant, column of the taxi, taxis (each a uvarint length and bytes), month, row group,
// first row, file row, rows of the file, tables to skip, flags (uvarints), the text if there is one, then the record as an Arrow IPC stream. A Table is
// its name, its count and then its record.

func encodeColumns(c Columns) ([]byte, error) {
	head := AppendString(nil, c.Source)
	head = AppendString(head, c.Taxi)
	head = AppendString(head, c.Variant)
	head = appendShares(AppendString(head, c.TaxiColumn), c.Shares)
	head = binary.AppendUvarint(head, uint64(uint32(c.Month)))
	head = binary.AppendUvarint(head, uint64(c.RowGroup))
	head = binary.AppendUvarint(head, uint64(c.FirstRow))
	head = binary.AppendUvarint(head, uint64(c.FileRow))
	head = binary.AppendUvarint(head, uint64(c.FileRows)) // UnknownRows too
	head = binary.AppendUvarint(head, c.Skip)
	flags := uint64(0)
	if c.Alone {
		flags |= 1
	}
	if c.Coordinates {
		flags |= 2
	}
	flags |= uint64(slices.Index(dateOrders, c.Dates)) << 2
	head = AppendText(binary.AppendUvarint(head, flags), c.Text)
	rec, err := PlainRecord(c.Record) // a dictionary with every batch would be more than its values
	if err != nil {
		return nil, err
	}
	defer rec.Release()
	return AppendRecord(head, rec)
}

func decodeColumns(b []byte) (c Columns, err error) {
	if c.Source, b, err = CutString(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: source: %w", err)
	}
	if c.Taxi, b, err = CutString(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: taxi: %w", err)
	}
	if c.Variant, b, err = CutString(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: variant: %w", err)
	}
	if c.TaxiColumn, b, err = CutString(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: column of the taxi: %w", err)
	}
	if c.Shares, b, err = cutShares(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: taxis: %w", err)
	}
	var month, rowGroup, firstRow, fileRow, fileRows, flags uint64
	if month, b, err = CutUvarint(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: month: %w", err)
	}
	if rowGroup, b, err = CutUvarint(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: row group: %w", err)
	}
	if firstRow, b, err = CutUvarint(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: first row: %w", err)
	}
	if fileRow, b, err = CutUvarint(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: file row: %w", err)
	}
	if fileRows, b, err = CutUvarint(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: rows of the file: %w", err)
	}
	if c.Skip, b, err = CutUvarint(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: tables to skip: %w", err)
	}
	if flags, b, err = CutUvarint(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: flags: %w", err)
	}
	c.Month, c.RowGroup, c.FirstRow, c.FileRow = int32(uint32(month)), int(rowGroup), int64(firstRow), int64(fileRow)
	c.FileRows, c.Alone, c.Coordinates = int64(fileRows), flags&1 == 1, flags&2 == 2
	if flags>>2 >= uint64(len(dateOrders)) {
		return Columns{}, fmt.Errorf("element: columns: found flags %b, expected an order of dates", flags)
	}
	c.Dates = dateOrders[flags>>2]
	if c.Text, b, err = CutText(b); err != nil {
		return Columns{}, fmt.Errorf("element: columns: text: %w", err)
	}
	if c.Record, err = CutRecord(b); err == nil && c.Text != nil && int64(len(c.Text.Starts)) != c.Record.NumRows() {
		err = fmt.Errorf("element: columns: found lines of %d rows, expected %d", len(c.Text.Starts), c.Record.NumRows())
	}
	return c, err
}

func encodeRejects(r Rejects) ([]byte, error) {
	if b, ok := OnlyCounted(sizeOf(r.Record)); ok {
		return b, nil
	}
	head := AppendString(nil, r.Source)
	head = binary.AppendUvarint(head, uint64(r.RowGroup))
	head = binary.AppendUvarint(head, uint64(r.Refused))
	return AppendRecord(head, r.Record)
}

func decodeRejects(b []byte) (r Rejects, err error) {
	if r.Source, b, err = CutString(b); err != nil {
		return Rejects{}, fmt.Errorf("element: rejects: source: %w", err)
	}
	var rowGroup, refused uint64
	if rowGroup, b, err = CutUvarint(b); err != nil {
		return Rejects{}, fmt.Errorf("element: rejects: row group: %w", err)
	}
	if refused, b, err = CutUvarint(b); err != nil {
		return Rejects{}, fmt.Errorf("element: rejects: refused: %w", err)
	}
	r.RowGroup, r.Refused = int(rowGroup), int64(refused)
	r.Record, err = CutRecord(b)
	return r, err
}

func encodeTable(t Table) ([]byte, error) {
	return AppendRecord(binary.AppendUvarint(AppendString(nil, t.Name), uint64(t.Counted)), t.Record)
}

func decodeTable(b []byte) (t Table, err error) {
	if t.Name, b, err = CutString(b); err != nil {
		return Table{}, fmt.Errorf("element: table: name: %w", err)
	}
	var counted uint64
	if counted, b, err = CutUvarint(b); err != nil {
		return Table{}, fmt.Errorf("element: table: counted: %w", err)
	}
	t.Counted = int64(counted)
	t.Record, err = CutRecord(b)
	return t, err
}

var errShort = errors.New("the encoded element ends too early")

// AppendString appends s with its length.
func AppendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// CutString reads what [AppendString] wrote and returns the rest.
func CutString(b []byte) (string, []byte, error) {
	n, b, err := CutUvarint(b)
	if err != nil {
		return "", nil, err
	}
	if n > uint64(len(b)) {
		return "", nil, errShort
	}
	return string(b[:n]), b[n:], nil
}

// CutUvarint reads a uvarint and returns the rest.
func CutUvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errShort
	}
	return v, b[n:], nil
}

// AppendRecord appends rec as an Arrow IPC stream of one batch, after a checksum of it. The IPC reader trusts the lengths
// it finds and allocates by them, so what did not come through whole must not reach it.
func AppendRecord(b []byte, rec arrow.RecordBatch) ([]byte, error) {
	start := len(b)
	buf := bytes.NewBuffer(append(slices.Grow(b, sizeOf(rec)), 0, 0, 0, 0))
	w := ipc.NewWriter(buf, ipc.WithSchema(rec.Schema()))
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		return nil, fmt.Errorf("element: encoding a record: %w", err)
	}
	out := buf.Bytes()
	binary.LittleEndian.PutUint32(out[start:], crc32.Checksum(out[start+4:], castagnoli))
	return out, nil
}

// sizeOf is about what rec takes as a stream. A buffer that had to grow would cost far more.
func sizeOf(rec arrow.RecordBatch) int {
	const perColumn, perStream = 512, 4 << 10 // of metadata
	size := perStream
	for _, c := range rec.Columns() {
		size += perColumn
		for _, b := range c.Data().Buffers() {
			if b != nil {
				size += b.Len() + 64
			}
		}
	}
	return size
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CutRecord reads what [AppendRecord] wrote: an IPC stream with exactly one record.
func CutRecord(b []byte) (rec arrow.RecordBatch, err error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("element: decoding a record: %w", errShort)
	}
	sum := binary.LittleEndian.Uint32(b)
	if b = b[4:]; crc32.Checksum(b, castagnoli) != sum {
		return nil, errors.New("element: decoding a record: its checksum is another's: it was damaged on the way")
	}
	defer func() {
		if r := recover(); r != nil { // the IPC reader may panic on bytes that are not its own
			rec, err = nil, fmt.Errorf("element: decoding a record: %v", r)
		}
	}()
	// No message of the stream may claim more than there is: the reader allocates by it.
	r, err := ipc.NewReader(bytes.NewReader(b), ipc.WithMetadataSizeLimit(int64(len(b))), ipc.WithBodySizeLimit(int64(len(b))))
	if err != nil {
		return nil, fmt.Errorf("element: decoding a record: %w", err)
	}
	defer r.Release()
	if !r.Next() {
		return nil, fmt.Errorf("element: decoding a record: %w", errors.Join(r.Err(), errShort))
	}
	rec = r.RecordBatch()
	rec.Retain()
	return rec, nil
}
