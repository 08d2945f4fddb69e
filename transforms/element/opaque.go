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
	opaque(typeOf[RecognisedFiles](), encodeRecognisedFiles, decodeRecognisedFiles)
	opaque(typeOf[Unusable](), encodeUnusable, decodeUnusable)
	opaque(typeOf[AdmittedFiles](), encodeAdmitted, decodeAdmitted)
	opaque(typeOf[LeftOut](), encodeLeftOut, decodeLeftOut)
	opaque(typeOf[Work](), encodeWork, decodeWork)
	opaque(typeOf[Tallies](), encodeTallies, decodeTallies)
	opaque(typeOf[Remembered](), encodeRemembered, decodeRemembered)
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
func encodeUnusable(f Unusable) ([]byte, error)     { return EncodeRow(f) }
func decodeUnusable(b []byte) (Unusable, error)     { return DecodeRow[Unusable](b) }
func encodeRecognised(f Recognised) ([]byte, error) { return EncodeRow(f) }
func decodeRecognised(b []byte) (Recognised, error) { return DecodeRow[Recognised](b) }
func encodeLeftOut(f LeftOut) ([]byte, error)       { return EncodeRow(f) }
func decodeLeftOut(b []byte) (LeftOut, error)       { return DecodeRow[LeftOut](b) }

func encodeRemembered(r Remembered) ([]byte, error) { return CompactOne(r) }
func decodeRemembered(b []byte) (Remembered, error) { return ExpandOne[Remembered](b) }

// bytesOfFile is about what a file takes in the coded form of many.
const bytesOfFile = 256

func encodeRecognisedFiles(f RecognisedFiles) ([]byte, error) {
	if b, ok := OnlyCounted(bytesOfFile*len(f.Files) + len(f.Compact)); ok {
		return b, nil
	}
	return encodeCompact(f.Files, f.Compact)
}

func decodeRecognisedFiles(b []byte) (f RecognisedFiles, err error) {
	f.Files, f.Compact, err = decodeCompact[Recognised](b)
	return f, err
}

func encodeAdmitted(f AdmittedFiles) ([]byte, error) { return encodeCompact(f.Files, f.Compact) }
func decodeAdmitted(b []byte) (f AdmittedFiles, err error) {
	f.Files, f.Compact, err = decodeCompact[Admitted](b)
	return f, err
}

func encodeTallies(t Tallies) ([]byte, error) { return encodeCompact(t.List, t.Compact) }
func decodeTallies(b []byte) (t Tallies, err error) {
	t.List, t.Compact, err = decodeCompact[Tally](b)
	return t, err
}

// encodeCompact codes the entries of a list and those of a compact list. It writes the length of the first compact list, that list, and then the
// second compact list, unless that is nil.
func encodeCompact[T any](list []T, compact []byte) ([]byte, error) {
	b, err := CompactList(list)
	if err != nil {
		return nil, err
	}
	return append(AppendString(nil, string(b)), compact...), nil
}

func decodeCompact[T any](b []byte) (list []T, compact []byte, err error) {
	first, b, err := CutString(b)
	if err != nil {
		return nil, nil, fmt.Errorf("element: decoding a list: %w", err)
	}
	if list, err = ExpandList[T]([]byte(first)); err != nil {
		return nil, nil, err
	}
	if len(list) == 0 {
		list = nil
	}
	if len(b) > 0 {
		compact = slices.Clone(b)
	}
	return list, compact, nil
}

// codedWork is how a Work is coded.
type codedWork struct {
	Pieces []byte // a compact list
	Files  []WholeFiles
}

func encodeWork(w Work) ([]byte, error) {
	size := bytesOfFile * len(w.Pieces)
	for _, f := range w.Files {
		size += len(f.Compact)
	}
	if b, ok := OnlyCounted(size); ok {
		return b, nil
	}
	pieces, err := CompactList(w.Pieces)
	if err != nil {
		return nil, err
	}
	return EncodeRow(codedWork{pieces, w.Files})
}

func decodeWork(b []byte) (Work, error) {
	coded, err := DecodeRow[codedWork](b)
	if err != nil {
		return Work{}, err
	}
	pieces, err := ExpandList[Piece](coded.Pieces)
	if err == nil && len(pieces) == 0 {
		pieces = nil
	}
	return Work{pieces, coded.Files}, err
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
