package element

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/coder"
)

// Beam codes a struct as a row, which a runner in Java takes apart; Flink's of 2.62 read lengths of gigabytes out of
// ours. So every struct that flows has a coder of its own, by which it is nothing but bytes to the runner. The bytes
// are those of the row.

func init() {
	opaque(typeOf[Found](), encodeFound, decodeFound)
	opaque(typeOf[Described](), encodeDescribed, decodeDescribed)
	opaque(typeOf[Recognised](), encodeRecognised, decodeRecognised)
	opaque(typeOf[Unusable](), encodeUnusable, decodeUnusable)
	opaque(typeOf[Admitted](), encodeAdmitted, decodeAdmitted)
	opaque(typeOf[LeftOut](), encodeLeftOut, decodeLeftOut)
	opaque(typeOf[Work](), encodeWork, decodeWork)
	opaque(typeOf[Tally](), encodeTally, decodeTally)
}

// opaque registers a type with its coder.
func opaque(t reflect.Type, encode, decode any) {
	beam.RegisterType(t)
	beam.RegisterFunction(encode)
	beam.RegisterFunction(decode)
	beam.RegisterCoder(t, encode, decode)
}

func encodeFound(f Found) ([]byte, error)           { return EncodeRow(f) }
func decodeFound(b []byte) (Found, error)           { return DecodeRow[Found](b) }
func encodeDescribed(f Described) ([]byte, error)   { return EncodeRow(f) }
func decodeDescribed(b []byte) (Described, error)   { return DecodeRow[Described](b) }
func encodeRecognised(f Recognised) ([]byte, error) { return EncodeRow(f) }
func decodeRecognised(b []byte) (Recognised, error) { return DecodeRow[Recognised](b) }
func encodeUnusable(f Unusable) ([]byte, error)     { return EncodeRow(f) }
func decodeUnusable(b []byte) (Unusable, error)     { return DecodeRow[Unusable](b) }
func encodeAdmitted(f Admitted) ([]byte, error)     { return EncodeRow(f) }
func decodeAdmitted(b []byte) (Admitted, error)     { return DecodeRow[Admitted](b) }
func encodeLeftOut(f LeftOut) ([]byte, error)       { return EncodeRow(f) }
func decodeLeftOut(b []byte) (LeftOut, error)       { return DecodeRow[LeftOut](b) }
func encodeTally(t Tally) ([]byte, error)           { return EncodeRow(t) }
func decodeTally(b []byte) (Tally, error)           { return DecodeRow[Tally](b) }

// sharedWork is how a Work is coded: the files of one taxi have the same columns, which are told once.
type sharedWork struct {
	Lane    int
	Columns [][]Column
	Of      []int // by piece: its entry of Columns
	Pieces  []Piece
}

func encodeWork(w Work) ([]byte, error) {
	shared := sharedWork{Lane: w.Lane, Pieces: slices.Clone(w.Pieces)}
	for i := range shared.Pieces {
		f := &shared.Pieces[i].File
		of := slices.IndexFunc(shared.Columns, func(c []Column) bool { return slices.EqualFunc(c, f.Columns, sameColumn) })
		if of < 0 {
			of = len(shared.Columns)
			shared.Columns = append(shared.Columns, f.Columns)
		}
		shared.Of = append(shared.Of, of)
		f.Columns = nil
	}
	return EncodeRow(shared)
}

func decodeWork(b []byte) (Work, error) {
	shared, err := DecodeRow[sharedWork](b)
	if err != nil {
		return Work{}, err
	}
	if len(shared.Of) != len(shared.Pieces) {
		return Work{}, fmt.Errorf("element: decoding work: found columns of %d pieces, expected %d", len(shared.Of), len(shared.Pieces))
	}
	for i, of := range shared.Of {
		if of < 0 || of >= len(shared.Columns) {
			return Work{}, fmt.Errorf("element: decoding work: found columns %d, expected less than %d", of, len(shared.Columns))
		}
		shared.Pieces[i].File.Columns = shared.Columns[of]
	}
	return Work{Lane: shared.Lane, Pieces: shared.Pieces}, nil
}

func sameColumn(a, b Column) bool {
	return a.Name == b.Name && a.Leaf == b.Leaf && a.Kind == b.Kind && a.Found == b.Found &&
		slices.Equal(a.ChunkBytes, b.ChunkBytes) && slices.Equal(a.Codecs, b.Codecs)
}

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
