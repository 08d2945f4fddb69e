package element

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/coder"
)

// Beam codes a struct as a row, which a runner in Java takes apart; Flink's of 2.62 read lengths of gigabytes out of
// ours. So every struct that flows has a coder of its own, by which it is nothing but bytes to the runner. The bytes
// are those of the row.

func init() {
	beam.RegisterType(typeOf[File]())
	beam.RegisterType(typeOf[Tally]())
	beam.RegisterFunction(encodeFile)
	beam.RegisterFunction(decodeFile)
	beam.RegisterCoder(typeOf[File](), encodeFile, decodeFile)
	beam.RegisterFunction(encodeTally)
	beam.RegisterFunction(decodeTally)
	beam.RegisterCoder(typeOf[Tally](), encodeTally, decodeTally)
}

func encodeFile(f File) ([]byte, error)   { return EncodeRow(f) }
func decodeFile(b []byte) (File, error)   { return DecodeRow[File](b) }
func encodeTally(t Tally) ([]byte, error) { return EncodeRow(t) }
func decodeTally(b []byte) (Tally, error) { return DecodeRow[Tally](b) }

var rowEncoders, rowDecoders sync.Map // by reflect.Type

// EncodeRow codes a struct of exported fields. Equal structs give equal bytes.
func EncodeRow[T any](v T) ([]byte, error) {
	t := reflect.TypeFor[T]()
	enc, ok := rowEncoders.Load(t)
	if !ok {
		made, err := coder.RowEncoderForStruct(t)
		if err != nil {
			return nil, fmt.Errorf("element: coding %v: %w", t, err)
		}
		enc, _ = rowEncoders.LoadOrStore(t, made)
	}
	var b bytes.Buffer
	if err := enc.(func(any, io.Writer) error)(v, &b); err != nil {
		return nil, fmt.Errorf("element: coding %v: %w", t, err)
	}
	return b.Bytes(), nil
}

// DecodeRow reads what [EncodeRow] wrote.
func DecodeRow[T any](b []byte) (v T, err error) {
	t := reflect.TypeFor[T]()
	dec, ok := rowDecoders.Load(t)
	if !ok {
		made, err := coder.RowDecoderForStruct(t)
		if err != nil {
			return v, fmt.Errorf("element: decoding %v: %w", t, err)
		}
		dec, _ = rowDecoders.LoadOrStore(t, made)
	}
	got, err := dec.(func(io.Reader) (any, error))(bytes.NewReader(b))
	if err != nil {
		return v, fmt.Errorf("element: decoding %v: %w", t, err)
	}
	return got.(T), nil
}
