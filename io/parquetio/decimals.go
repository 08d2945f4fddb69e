package parquetio

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// Decimals are whole numbers of any of four physical types. In memory each has the width of its Arrow type, 16 or 32 bytes, least
// significant byte first.

// widener returns a function that makes decimals of integers, in memory of the buffer.
func widener[T uint32 | uint64](typ arrow.DataType, signed func(T) int64) func(*buffer, []T) []byte {
	width := typ.(arrow.DecimalType).BitWidth() / 8
	return func(b *buffer, values []T) []byte {
		wide := wideIn(b, len(values), width)
		for i, v := range values {
			putInteger(wide[i*width:(i+1)*width], signed(v))
		}
		return wide
	}
}

// putInteger fills dst with v.
func putInteger(dst []byte, v int64) {
	binary.LittleEndian.PutUint64(dst, uint64(v))
	for at := 8; at < len(dst); at += 8 {
		binary.LittleEndian.PutUint64(dst[at:], uint64(v>>63))
	}
}

// putBigEndian fills dst with the number in src, which has its most significant byte first. It returns false if dst has too few bytes
// for it.
func putBigEndian(dst, src []byte) bool {
	if len(src) == 0 {
		return false
	}
	sign := byte(int8(src[0]) >> 7) // 0x00 or 0xff
	for len(src) > len(dst) {
		if src[0] != sign {
			return false
		}
		src = src[1:]
	}
	if src[0]>>7 != sign>>7 {
		return false
	}
	n := len(src)
	for i := range n {
		dst[i] = src[n-1-i]
	}
	for i := n; i < len(dst); i++ {
		dst[i] = sign
	}
	return true
}

// decimals decodes a column of decimals with arrow-go's reader. A decimal that is stored as bytes has length bytes, or any number of
// bytes if length is 0.
func decimals(r file.ColumnChunkReader, typ arrow.DecimalType, length int) (decodeFunc, error) {
	width := typ.BitWidth() / 8
	switch r := r.(type) {
	case *file.Int32ColumnChunkReader:
		return integerDecimals(r, typ, width), nil
	case *file.Int64ColumnChunkReader:
		return integerDecimals(r, typ, width), nil
	case *file.ByteArrayColumnChunkReader:
		return byteDecimals[parquet.ByteArray](r, typ, width, length), nil
	case *file.FixedLenByteArrayColumnChunkReader:
		return byteDecimals[parquet.FixedLenByteArray](r, typ, width, length), nil
	}
	return nil, fmt.Errorf("no decoder for decimals of physical type %s", r.Type())
}

// integerDecimals decodes decimals that are stored as integers.
func integerDecimals[T int32 | int64, R typedReader[T]](r R, typ arrow.DataType, width int) decodeFunc {
	l := &levels[T]{r: r}
	values := make([]T, batchRows)
	return func(buf *buffer, n int) (arrow.Array, error) {
		if n == 0 {
			_, _, err := l.read(nil, 0)
			return nil, err
		}
		read, defs, err := l.read(values[:n], n)
		if err != nil {
			return nil, err
		}
		wide := wideIn(buf, n, width)
		for i, v := range values[:read] {
			putInteger(wide[i*width:(i+1)*width], int64(v))
		}
		return spreadDecimals(buf, typ, wide, width, n, read, defs), nil
	}
}

// spreadDecimals returns an array of n decimals, of which those that are not null lie in wide without gaps.
func spreadDecimals(buf *buffer, typ arrow.DataType, wide []byte, width, n, read int, defs []int16) arrow.Array {
	var bitmap []byte
	if defs != nil {
		j := read - 1
		for i := n - 1; i >= 0; i-- {
			if defs[i] != 0 {
				copy(wide[i*width:(i+1)*width], wide[j*width:(j+1)*width])
				j--
			} else {
				clear(wide[i*width : (i+1)*width])
			}
		}
		bitmap = buf.validity(defs)
	}
	return newArray(typ, n, wide, bitmap, n-read)
}

var errDecimal = errors.New("a decimal has another number of bytes than its column says")

// byteDecimals decodes decimals that are stored as bytes, the most significant first: length of them, or any number if length is 0. Like
// [byteArrays] it reads page by page.
func byteDecimals[T parquet.ByteArray | parquet.FixedLenByteArray](r inPage[T], typ arrow.DataType, width, length int) decodeFunc {
	l := &levels[T]{r: pagewise[T]{r}}
	values, all := make([]T, batchRows), make([]int16, batchRows)
	return func(buf *buffer, n int) (arrow.Array, error) {
		if n == 0 {
			_, _, err := l.read(nil, 0)
			return nil, err
		}
		wide, nonNull, nulls := wideIn(buf, n, width), 0, false
		for done := 0; done < n; {
			rows, read, defs, err := l.readSome(values, n-done)
			if err != nil {
				return nil, err
			}
			if rows == 0 {
				return nil, l.early(done, n)
			}
			for _, v := range values[:read] {
				if length > 0 && len(v) != length || !putBigEndian(wide[nonNull*width:(nonNull+1)*width], v) {
					return nil, errDecimal
				}
				nonNull++
			}
			for i := range rows {
				all[done+i] = 1
				if defs != nil {
					all[done+i] = defs[i]
				}
			}
			nulls = nulls || defs != nil
			done += rows
		}
		if !nulls {
			return newArray(typ, n, wide, nil, 0), nil
		}
		return spreadDecimals(buf, typ, wide, width, n, nonNull, all[:n]), nil
	}
}
