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

func encodeFound(f Found) ([]byte, error)            { return EncodeRow(f) }
func decodeFound(b []byte) (Found, error)            { return DecodeRow[Found](b) }
func encodeDescribed(f Described) ([]byte, error)    { return EncodeRow(f) }
func decodeDescribed(b []byte) (Described, error)    { return DecodeRow[Described](b) }
func encodeUnusable(f Unusable) ([]byte, error)      { return EncodeRow(f) }
func decodeUnusable(b []byte) (Unusable, error)      { return DecodeRow[Unusable](b) }
func encodeAdmitted(f AdmittedFiles) ([]byte, error) { return EncodeRow(f) }
func decodeAdmitted(b []byte) (AdmittedFiles, error) { return DecodeRow[AdmittedFiles](b) }
func encodeRecognised(f Recognised) ([]byte, error)  { return EncodeRow(f) }
func decodeRecognised(b []byte) (Recognised, error)  { return DecodeRow[Recognised](b) }
func encodeLeftOut(f LeftOut) ([]byte, error)        { return EncodeRow(f) }
func decodeLeftOut(b []byte) (LeftOut, error)        { return DecodeRow[LeftOut](b) }
func encodeTallies(t Tallies) ([]byte, error)        { return EncodeRow(t) }
func decodeTallies(b []byte) (Tallies, error)        { return DecodeRow[Tallies](b) }

func encodeRemembered(r Remembered) ([]byte, error) { return EncodeRow(r) }
func decodeRemembered(b []byte) (Remembered, error) { return DecodeRow[Remembered](b) }

// bytesOfFile is about what a file takes in the coded form of many.
const bytesOfFile = 256

// sharedFiles is how files are coded that travel together: those of one taxi have the same columns, which are told once.
type sharedFiles struct {
	Columns [][]Column
	Of      []int // by file: its entry of Columns
	Files   []Recognised
}

// share takes the columns out of files, which it changes.
func share(files []Recognised) sharedFiles {
	shared := sharedFiles{Files: files, Of: make([]int, len(files))}
	for i := range files {
		f := &files[i]
		of := slices.IndexFunc(shared.Columns, func(c []Column) bool { return slices.EqualFunc(c, f.Columns, sameColumn) })
		if of < 0 {
			of = len(shared.Columns)
			shared.Columns = append(shared.Columns, f.Columns)
		}
		shared.Of[i], f.Columns = of, nil
	}
	return shared
}

// files gives the files their columns back.
func (s sharedFiles) files() ([]Recognised, error) {
	if len(s.Of) != len(s.Files) {
		return nil, fmt.Errorf("element: decoding files: found columns of %d files, expected %d", len(s.Of), len(s.Files))
	}
	for i, of := range s.Of {
		if of < 0 || of >= len(s.Columns) {
			return nil, fmt.Errorf("element: decoding files: found columns %d, expected less than %d", of, len(s.Columns))
		}
		s.Files[i].Columns = s.Columns[of]
	}
	return s.Files, nil
}

func encodeRecognisedFiles(f RecognisedFiles) ([]byte, error) {
	if b, ok := OnlyCounted(bytesOfFile * len(f.Files)); ok {
		return b, nil
	}
	return EncodeRow(share(slices.Clone(f.Files)))
}

func decodeRecognisedFiles(b []byte) (RecognisedFiles, error) {
	shared, err := DecodeRow[sharedFiles](b)
	if err != nil {
		return RecognisedFiles{}, err
	}
	files, err := shared.files()
	return RecognisedFiles{files}, err
}

// codedWork is how a Work is coded.
type codedWork struct {
	Files sharedFiles
	Units []Range // by file
}

func encodeWork(w Work) ([]byte, error) {
	if b, ok := OnlyCounted(bytesOfFile * len(w.Pieces)); ok {
		return b, nil
	}
	coded, files := codedWork{}, make([]Recognised, len(w.Pieces))
	for i, p := range w.Pieces {
		files[i] = p.File
		coded.Units = append(coded.Units, p.Units)
	}
	coded.Files = share(files)
	return EncodeRow(coded)
}

func decodeWork(b []byte) (Work, error) {
	coded, err := DecodeRow[codedWork](b)
	if err != nil {
		return Work{}, err
	}
	files, err := coded.Files.files()
	if err == nil && len(files) != len(coded.Units) {
		err = fmt.Errorf("element: decoding work: found units of %d files, expected %d", len(coded.Units), len(files))
	}
	if err != nil {
		return Work{}, err
	}
	w := Work{Pieces: make([]Piece, len(files))}
	for i, f := range files {
		w.Pieces[i] = Piece{f, coded.Units[i]}
	}
	return w, nil
}

func sameColumn(a, b Column) bool {
	return a.Name == b.Name && a.Leaf == b.Leaf && a.Type == b.Type && a.Found == b.Found &&
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
