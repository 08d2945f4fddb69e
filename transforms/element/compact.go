package element

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Lists of files that wait for the end of a run are kept compressed. Most files differ little, so this saves much memory.

var compactors = sync.Pool{New: func() any {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // the options are good
	}
	return enc
}}

var expander = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true))
})

// CompactRow is [EncodeRow], compressed.
func CompactRow[T any](v T) ([]byte, error) {
	b, err := EncodeRow(v)
	if err != nil {
		return nil, err
	}
	enc := compactors.Get().(*zstd.Encoder)
	defer compactors.Put(enc)
	return append([]byte(nil), enc.EncodeAll(b, nil)...), nil // in no more memory than it takes
}

// ExpandRow reads what [CompactRow] wrote.
func ExpandRow[T any](b []byte) (v T, err error) {
	dec, err := expander()
	if err != nil {
		return v, err
	}
	if b, err = dec.DecodeAll(b, nil); err != nil {
		return v, err
	}
	return DecodeRow[T](b)
}

// CompactFiles returns some files as one element of remembered files that takes little memory.
func CompactFiles(files []Recognised) (Remembered, error) {
	b, err := CompactRow(RecognisedFiles{files})
	return Remembered{Compact: b}, err
}

// AllFiles returns the files of r, those too that [CompactFiles] took.
func (r Remembered) AllFiles() ([]Recognised, error) {
	if r.Compact == nil {
		return r.Files, nil
	}
	list, err := ExpandRow[RecognisedFiles](r.Compact)
	return append(list.Files, r.Files...), err
}
