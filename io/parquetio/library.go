package parquetio

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// decodeFunc decodes the next n rows into an array over buf's memory. With n = 0 it checks that no rows are left.
type decodeFunc func(buf *buffer, n int) (arrow.Array, error)

func decodeNull(_ *buffer, n int) (arrow.Array, error) { return array.NewNull(n), nil }

// libraryReader is arrow-go's reader of a column chunk. The zero value has nothing to close.
type libraryReader struct {
	reader file.ColumnChunkReader
	decode decodeFunc
}

// openLibrary opens the column chunk of a row group.
func openLibrary(c libraryColumn, rowGroup int, typ arrow.DataType) (libraryReader, error) {
	r, err := c.reader(rowGroup)
	if err != nil {
		return libraryReader{}, err
	}
	l := libraryReader{reader: r}
	if l.decode, err = decoderOf(r, typ, max(0, c.table.column(c.column).TypeLength())); err != nil {
		return libraryReader{}, errors.Join(err, r.Close())
	}
	return l, nil
}

func (l libraryReader) close() error {
	if l.reader == nil {
		return nil
	}
	return l.reader.Close()
}

func decoderOf(r file.ColumnChunkReader, typ arrow.DataType, length int) (decodeFunc, error) {
	if d, is := typ.(arrow.DecimalType); is {
		return decimals(r, d, length)
	}
	switch r := r.(type) {
	case *file.Int32ColumnChunkReader:
		return fixed(r, typ, arrow.Int32Traits.CastToBytes), nil
	case *file.Int64ColumnChunkReader:
		return fixed(r, typ, arrow.Int64Traits.CastToBytes), nil
	case *file.Float32ColumnChunkReader:
		return fixed(r, typ, arrow.Float32Traits.CastToBytes), nil
	case *file.Float64ColumnChunkReader:
		return fixed(r, typ, arrow.Float64Traits.CastToBytes), nil
	case *file.Int96ColumnChunkReader:
		return fixed(r, typ, parquet.Int96Traits.CastToBytes), nil
	case *file.ByteArrayColumnChunkReader:
		return byteArrays(r), nil
	}
	return nil, fmt.Errorf("no decoder for physical type %s", r.Type())
}

// typedReader is what arrow-go's column chunk readers have in common, each for its own T.
type typedReader[T any] interface {
	HasNext() bool
	Err() error
	ReadBatch(batchSize int64, values []T, defLvls, repLvls []int16) (total int64, valuesRead int, err error)
}

// levels reads n rows of a column that is optional or required at the top level (definition level 1 or none): values
// without gaps, and their definition levels.
type levels[T any] struct {
	r    typedReader[T]
	defs []int16
}

// read fills values with the n next rows' values, without gaps. It returns how many there are and the definition
// levels, nil where no row is null.
func (l *levels[T]) read(values []T, n int) (int, []int16, error) {
	if n == 0 {
		if l.r.HasNext() {
			return 0, nil, errors.New("the column chunk has more values than the row group has rows")
		}
		return 0, nil, l.r.Err()
	}
	rows, read, defs, err := l.readSome(values, n)
	if err == nil && rows != n {
		err = l.early(rows, n)
	}
	return read, defs, err
}

// early says why a column chunk gave fewer rows than were due.
func (l *levels[T]) early(rows, due int) error {
	if err := l.r.Err(); err != nil {
		return err
	}
	return fmt.Errorf("the column chunk ends after %d of the next %d rows", rows, due)
}

// readSome is read for as many rows as the reader gives at once.
func (l *levels[T]) readSome(values []T, n int) (rows, read int, _ []int16, err error) {
	if len(l.defs) < n {
		l.defs = make([]int16, n)
		for i := range l.defs {
			l.defs[i] = 1 // what a required column leaves untouched
		}
	}
	defs := l.defs[:n]
	total, read, err := l.r.ReadBatch(int64(n), values[:n], defs, nil)
	rows = int(total)
	if err != nil || read == rows {
		return rows, read, nil, err
	}
	set := 0
	for _, d := range defs[:rows] {
		set += int(d)
	}
	if set != read {
		return 0, 0, nil, fmt.Errorf("%d values for %d rows that are not null", read, set)
	}
	return rows, read, defs[:rows], nil
}

// fixed decodes values of fixed width.
func fixed[T any, R typedReader[T]](r R, typ arrow.DataType, toBytes func([]T) []byte) decodeFunc {
	l := &levels[T]{r: r}
	return func(buf *buffer, n int) (arrow.Array, error) {
		if n == 0 {
			_, _, err := l.read(nil, 0)
			return nil, err
		}
		values, _ := buf.values.([]T)
		if len(values) < n {
			values = make([]T, batchRows)
			buf.values = values
		}
		values = values[:n]
		read, defs, err := l.read(values, n)
		if err != nil {
			return nil, err
		}
		var bitmap []byte
		if defs != nil {
			spread(values, read, defs)
			bitmap = buf.validity(defs)
		}
		return newArray(typ, n, toBytes(values), bitmap, n-read), nil
	}
}

// spread moves the read values, which lie without gaps at the start, to their rows, and sets null rows to zero.
func spread[T any](values []T, read int, defs []int16) {
	var zero T
	j := read - 1
	for i := len(defs) - 1; i >= 0; i-- {
		if defs[i] != 0 {
			values[i] = values[j]
			j--
		} else {
			values[i] = zero
		}
	}
}

// validity packs definition levels of 0 and 1 into buf's bitmap.
func (b *buffer) validity(defs []int16) []byte {
	bitmap := b.bits()[:bitutil.BytesForBits(int64(len(defs)))]
	clear(bitmap)
	for i, d := range defs {
		bitmap[i>>3] |= byte(d&1) << (i & 7)
	}
	return bitmap
}

// byteArrays decodes BYTE_ARRAY values. Only files that other tools have rewritten have ids as strings, so this path is kept simple.
// It reads page by page, because only then arrow-go returns values without copying each: a dictionary may have one very large text
// to which every row refers.
func byteArrays(r *file.ByteArrayColumnChunkReader) decodeFunc {
	l := &levels[parquet.ByteArray]{r: pagewise[parquet.ByteArray]{r}}
	values := make([]parquet.ByteArray, batchRows)
	return func(_ *buffer, n int) (arrow.Array, error) {
		if n == 0 {
			_, _, err := l.read(nil, 0)
			return nil, err
		}
		b := array.NewStringBuilder(memory.DefaultAllocator)
		defer b.Release()
		b.Reserve(n)
		for done := 0; done < n; {
			rows, read, defs, err := l.readSome(values, n-done)
			if err != nil {
				return nil, err
			}
			if rows == 0 {
				return nil, l.early(done, n)
			}
			if err := appendTexts(b, values[:read], rows, defs); err != nil {
				return nil, err
			}
			done += rows
		}
		return b.NewArray(), nil
	}
}

// pagewise reads no further than to the end of a page.
type pagewise[T any] struct{ inPage[T] }

type inPage[T any] interface {
	typedReader[T]
	ReadBatchInPage(batchSize int64, values []T, defLvls, repLvls []int16) (total int64, valuesRead int, err error)
}

func (p pagewise[T]) ReadBatch(n int64, values []T, defs, reps []int16) (int64, int, error) {
	return p.ReadBatchInPage(n, values, defs, reps)
}

// appendTexts appends rows, whose values lie in values without gaps.
func appendTexts(b *array.StringBuilder, values []parquet.ByteArray, rows int, defs []int16) error {
	next := 0
	for i := range rows {
		if defs != nil && defs[i] == 0 {
			b.AppendNull()
			continue
		}
		if n := len(values[next]); n > maxTextBytes {
			return tooLong(n)
		}
		b.BinaryBuilder.Append(values[next])
		next++
	}
	return nil
}

// tooLong is the error of a text of so many bytes: columns of longer ones hold something else than numbers and times.
func tooLong(n int) error {
	return notRead{fmt.Errorf("found a text of %d bytes, expected a number or a time; leave the file out", n)}
}
