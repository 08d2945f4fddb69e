package kept

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
)

// Encode returns an index as the version in a folder has it. It is sealed: it begins with the SHA-256 of the folder's path and of all that
// follows, so that an index is not believed that is damaged, or that another version has.
func (x *Index) Encode(dir string) ([]byte, error) {
	x.Seal = strings.Repeat("0", 2*sha256.Size) // the seal takes its place: a copy of the content may be large
	content, err := json.Marshal(x)
	x.Seal = ""
	if err != nil {
		return nil, err
	}
	rest := content[len(sealStart)+2*sha256.Size:]
	copy(content[len(sealStart):], seal(dir, rest))
	return content, nil
}

// ErrSeal says that an index is damaged, or that another version has it.
var ErrSeal = errors.New("found another index than the run of this version has written")

// Decode returns the index of the version in a folder. The error wraps [ErrSeal] if the content is not the index that the version's run has
// written. Inputs with equal strings and lists share the memory of these, so nobody may write to what the fields refer to.
func Decode(dir string, content []byte) (*Index, error) {
	return DecodeFrom(dir, bytes.NewReader(content), int64(len(content)))
}

// DecodeFrom is [Decode] for content of size bytes. It never holds the whole content, because an index may be large.
func DecodeFrom(dir string, content io.Reader, size int64) (*Index, error) {
	start := make([]byte, len(sealStart)+2*sha256.Size)
	if _, err := io.ReadFull(content, start); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, ErrSeal
	} else if err != nil {
		return nil, err
	}
	x := &Index{Seal: string(start[len(sealStart):])}
	sum := newSeal(dir)
	rest := io.TeeReader(content, sum)
	err := x.decode(json.NewDecoder(io.MultiReader(bytes.NewReader(start), rest)), size)
	if _, failed := io.Copy(io.Discard, rest); failed != nil {
		return nil, failed
	}
	if !bytes.HasPrefix(start, []byte(sealStart)) || hex.EncodeToString(sum.Sum(nil)) != x.Seal { // a wrong seal is the cause of any other error
		return nil, ErrSeal
	}
	return x, err
}

// decode reads the fields of the index one by one, and also its inputs: there may be tens of thousands of similar inputs.
func (x *Index) decode(d *json.Decoder, size int64) error {
	if err := expect(d, json.Delim('{')); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		switch name {
		case "format":
			err = d.Decode(&x.Format)
		case "identity":
			err = d.Decode(&x.Identity)
		case "inputs":
			err = x.decodeInputs(d, size)
		default:
			err = d.Decode(new(json.RawMessage))
		}
		if err != nil {
			return err
		}
	}
	return expect(d, json.Delim('}'))
}

func expect(d *json.Decoder, want json.Token) error {
	found, err := d.Token()
	if err == nil && found != want {
		err = fmt.Errorf("found %v, expected %v", found, want)
	}
	return err
}

func (x *Index) decodeInputs(d *json.Decoder, size int64) error {
	list, err := d.Token()
	if err != nil || list == nil { // null: an index without inputs
		return err
	}
	start := d.InputOffset()
	var share sharing
	for d.More() {
		var in Input
		if err := d.Decode(&in); err != nil {
			return err
		}
		share.input(&in)
		if n := len(x.Inputs); n == sampleOfInputs { // growing the list step by step would take twice the memory
			each := (d.InputOffset() - start) / (sampleOfInputs + 1)
			x.Inputs = slices.Grow(x.Inputs, int((size-start)/max(1, each)-sampleOfInputs))
		}
		x.Inputs = append(x.Inputs, in)
	}
	return expect(d, json.Delim(']'))
}

// sampleOfInputs is the number of inputs from which the length of an encoded input is estimated.
const sampleOfInputs = 64

// sharing makes each input share its strings and lists with the input before, where these are equal.
type sharing struct{ last Input }

func (s *sharing) input(in *Input) {
	f, last := &in.File, &s.last.File
	if n := len(in.URI) - len(in.Source); n >= 0 && in.URI[n:] == in.Source {
		in.Source = in.URI[n:]
	}
	for _, same := range []struct{ to, of *string }{
		{&f.Source, &in.Source},
		{&f.URI, &in.URI},
		{&f.Token, &in.Token},
		{&in.Reading, &s.last.Reading},
		{&f.Reading, &in.Reading},
		{&f.Taxi, &last.Taxi},
		{&f.NameTaxi, &last.NameTaxi},
		{&f.Variant, &last.Variant},
		{&f.Format, &last.Format},
		{&f.Dataset, &last.Dataset},
		{&f.MonthFrom, &last.MonthFrom},
	} {
		if *same.to == *same.of {
			*same.to = *same.of
		}
	}
	if sameList(f.Null, last.Null) {
		f.Null = last.Null
	}
	if sameList(f.Unknown, last.Unknown) {
		f.Unknown = last.Unknown
	}
	for i := range min(len(in.Results), len(s.last.Results)) {
		r, last := &in.Results[i], s.last.Results[i]
		if r.Taxi == last.Taxi {
			r.Taxi = last.Taxi
		}
		if r.At.File == last.At.File {
			r.At.File = last.At.File
		}
		if sameList(r.Tables, last.Tables) {
			r.Tables = last.Tables
		}
	}
	in.Results = slices.Clip(slices.Clone(in.Results)) // the decoder allocates room for four results
	s.last = *in
}

// sameList tells whether two lists are the same. To JSON no list is another one than a list without entries.
func sameList[T comparable](a, b []T) bool { return (a == nil) == (b == nil) && slices.Equal(a, b) }

// sealStart is what an index begins with: Seal is the first field.
const sealStart = `{"seal":"`

func seal(dir string, rest []byte) string {
	h := newSeal(dir)
	h.Write(rest) //nolint:errcheck // never fails
	return hex.EncodeToString(h.Sum(nil))
}

// newSeal returns the hash that seals the index of the version in a folder. The rest of the index is to be written to it.
func newSeal(dir string) hash.Hash {
	h := sha256.New()
	h.Write([]byte(dir + "\n")) //nolint:errcheck // never fails
	return h
}
