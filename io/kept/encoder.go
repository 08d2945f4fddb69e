package kept

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Encoder encodes an index input by input, as [Index.Encode] does the whole. It holds what it has in a compressed form: there may be tens of
// thousands of inputs, much alike.
type Encoder struct {
	rest   spool // what follows the seal
	sum    hash.Hash
	inputs int
}

// NewEncoder returns an encoder for the index of the version in a folder.
func NewEncoder(dir string, format int, identity string) (*Encoder, error) {
	head, err := json.Marshal(Index{Format: format, Identity: identity, Inputs: []Input{}})
	if err != nil {
		return nil, err
	}
	e := &Encoder{sum: sha256.New()}
	e.sum.Write([]byte(dir + "\n")) //nolint:errcheck // never fails
	return e, e.write(head[len(sealStart) : len(head)-len(indexEnd)])
}

// indexEnd is what an index ends with, after its inputs.
const indexEnd = "]}"

// Add adds an input that [EncodeInput] has encoded. Inputs must come in the order of their sources.
func (e *Encoder) Add(input []byte) error {
	if e.inputs++; e.inputs > 1 {
		if err := e.write([]byte{','}); err != nil {
			return err
		}
	}
	return e.write(input)
}

func (e *Encoder) write(b []byte) error {
	e.sum.Write(b) //nolint:errcheck // never fails
	return e.rest.write(b)
}

// End ends the index. It returns a function that writes it, as often as it is called.
func (e *Encoder) End() (write func(io.Writer) error, err error) {
	if err := e.write([]byte(indexEnd)); err != nil {
		return nil, err
	}
	if err := e.rest.flush(); err != nil {
		return nil, err
	}
	begin := sealStart + hex.EncodeToString(e.sum.Sum(nil))
	return func(w io.Writer) error {
		if _, err := io.WriteString(w, begin); err != nil {
			return err
		}
		for i := range e.rest.blocks {
			b, err := e.rest.block(i)
			if err != nil {
				return err
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// EncodeInput encodes one input of an index.
func EncodeInput(in Input) ([]byte, error) { return json.Marshal(in) }

// Encoded are encoded inputs in the order in which they were added. It holds them in a compressed form.
type Encoded struct {
	spool   spool
	sources []string
	blockOf []int // of the spool
}

// Add adds an input.
func (l *Encoded) Add(in Input) error {
	b, err := EncodeInput(in)
	if err != nil {
		return err
	}
	l.sources, l.blockOf = append(l.sources, in.Source), append(l.blockOf, len(l.spool.blocks))
	return l.spool.write(append(b, '\n')) // no input has a line end in its JSON
}

// Len is the number of inputs.
func (l *Encoded) Len() int { return len(l.sources) }

// Each calls do with each input and its source.
func (l *Encoded) Each(do func(source string, input []byte) error) error {
	if err := l.spool.flush(); err != nil {
		return err
	}
	var block []byte
	for i, source := range l.sources {
		if i == 0 || l.blockOf[i] != l.blockOf[i-1] {
			var err error
			if block, err = l.spool.block(l.blockOf[i]); err != nil {
				return err
			}
		}
		input, rest, found := bytes.Cut(block, []byte{'\n'})
		if !found {
			return fmt.Errorf("found no end of the encoded input %s", source)
		}
		block = rest
		if err := do(source, input); err != nil {
			return err
		}
	}
	return nil
}

// spool holds text in compressed blocks. A text that is written at once is in one block.
type spool struct {
	blocks [][]byte
	open   []byte
	encode *zstd.Encoder
}

const spoolBlock = 128 << 10

var spoolDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
})

func (s *spool) write(b []byte) error {
	s.open = append(s.open, b...)
	if len(s.open) < spoolBlock {
		return nil
	}
	return s.flush()
}

// flush compresses what is not compressed yet.
func (s *spool) flush() (err error) {
	if len(s.open) == 0 {
		return nil
	}
	if s.encode == nil {
		s.encode, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(spoolBlock), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return err
		}
	}
	s.blocks = append(s.blocks, bytes.Clone(s.encode.EncodeAll(s.open, nil)))
	s.open = s.open[:0]
	return nil
}

func (s *spool) block(i int) ([]byte, error) {
	dec, err := spoolDecoder()
	if err != nil {
		return nil, err
	}
	return dec.DecodeAll(s.blocks[i], nil)
}
