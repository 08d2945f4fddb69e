package publish

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// Kept results stay in the files of the versions that made them, and each run opens all of these files. To keep their number small, a run
// copies results from small files into its own.
const (
	mostFiles  = 8 // of earlier versions whose results a version may use
	filesStays = 4 // if there are more, only the largest four stay in use; the results in the others are copied
)

// keptFiles write the files of kept results.
type keptFiles struct {
	index  func(io.Writer) error
	states func(io.Writer) error // nil if the version has no results of its own
}

// keep returns the files of kept results for the version in the folder dir: the index, and the results of the inputs that this run has read,
// and those that it copies from earlier versions. There are none if no input can be kept.
func (r *result) keep(ctx context.Context, cfg Config, dir string) (*keptFiles, error) {
	results := map[string][]element.Packed{}
	for _, m := range r.remembered {
		for _, p := range m.Results {
			results[p.Source] = append(results[p.Source], p)
		}
	}
	states := &states{at: dir + "/" + kept.StatesName}
	var read kept.Encoded
	looked := map[string]bool{}
	err := r.eachRemembered(func(in kept.Input) error {
		looked[in.Source] = true
		if !setResults(results[in.Source], &in) {
			return nil
		}
		for k, p := range results[in.Source] {
			in.Results[k].At = states.add(p.Bytes)
		}
		return read.Add(in)
	})
	if err != nil {
		return nil, err
	}
	moved, err := states.move(ctx, cfg)
	if err != nil {
		return nil, err
	}
	list := cfg.Kept.Reader()
	before := func() (*kept.Input, error) {
		for {
			in, err := list.Next()
			if in == nil || err != nil {
				return nil, err
			}
			if in, ok := moved(in); ok && !looked[in.Source] {
				return in, nil
			}
		}
	}
	index, inputs, err := merged(dir, cfg.Identity, &read, before)
	if err != nil || cfg.Identity == "" && inputs == 0 {
		return nil, err
	}
	files := &keptFiles{index: index}
	if states.length > 0 {
		files.states = states.write
	}
	return files, nil
}

// merged encodes an index of two lists of inputs, each sorted by source: those in read, and those that before returns one by one, with nil
// after the last. inputs is the number of inputs in both lists.
func merged(dir, identity string, read *kept.Encoded, before func() (*kept.Input, error)) (write func(io.Writer) error, inputs int, err error) {
	index, err := kept.NewEncoder(dir, kept.Format, identity)
	if err != nil {
		return nil, 0, err
	}
	inputs = read.Len()
	next, err := before()
	if err != nil {
		return nil, 0, err
	}
	addBefore := func(until func(source string) bool) error {
		for next != nil && until(next.Source) {
			b, err := kept.EncodeInput(*next)
			if err != nil {
				return err
			}
			if err := index.Add(b); err != nil {
				return err
			}
			inputs++
			if next, err = before(); err != nil {
				return err
			}
		}
		return nil
	}
	err = read.Each(func(source string, input []byte) error {
		if err := addBefore(func(s string) bool { return s < source }); err != nil {
			return err
		}
		return index.Add(input)
	})
	if err == nil {
		err = addBefore(func(string) bool { return true })
	}
	if err != nil {
		return nil, 0, err
	}
	write, err = index.End()
	return write, inputs, err
}

// eachRemembered calls do with the inputs that this run has looked at, in the order of their sources. They have no results yet.
func (r *result) eachRemembered(do func(kept.Input) error) error {
	var unusable []element.Unusable
	var lists []element.Remembered
	for _, m := range r.remembered {
		unusable = append(unusable, m.Unusable...)
		if len(m.Files) > 0 || m.Compact != nil {
			lists = append(lists, m)
		}
	}
	slices.SortFunc(unusable, func(a, b element.Unusable) int { return cmp.Compare(a.Source, b.Source) })
	one := func(f element.Found, in kept.Input) error {
		in.Source, in.URI, in.Token, in.Size, in.Reading = f.Source, f.URI, f.Token, f.Size, f.Reading
		return do(in)
	}
	refuse := func(until func(source string) bool) error {
		for len(unusable) > 0 && until(unusable[0].Source) {
			f := unusable[0]
			unusable = unusable[1:]
			f.URI = objstore.Redact(f.URI)
			if err := one(f.Found, kept.Input{Unusable: &f}); err != nil {
				return err
			}
		}
		return nil
	}
	err := element.EachInOrder(lists, func(f element.Recognised) error {
		if err := refuse(func(s string) bool { return s < f.Source }); err != nil {
			return err
		}
		f.URI = objstore.Redact(f.URI)
		return one(f.Found, kept.Input{File: f})
	})
	if err != nil {
		return err
	}
	return refuse(func(string) bool { return true })
}

// setResults gives an input its results, which it sorts. It returns false if they cannot be kept: the input has no token, or a result is too
// large.
func setResults(results []element.Packed, in *kept.Input) bool {
	if in.Token == "" || in.Reading == "" {
		return false
	}
	slices.SortFunc(results, func(a, b element.Packed) int { return cmp.Compare(a.Taxi, b.Taxi) })
	for _, p := range results {
		if p.Bytes == nil {
			return false
		}
		out := kept.Result{Taxi: p.Taxi, Rows: p.Rows, Numbers: p.Numbers}
		for _, t := range p.Tables {
			out.Tables = append(out.Tables, kept.Table{Name: t.Name, Digest: t.Digest, Alone: t.Alone})
		}
		in.Results = append(in.Results, out)
	}
	return true
}

// states is a file of results that is being made.
type states struct {
	at     string // below the output
	length int64
	parts  [][]byte
}

func (s *states) add(b []byte) kept.Ref {
	sum := sha256.Sum256(b)
	at := kept.Ref{File: s.at, Offset: s.length, Length: int64(len(b)), SHA256: hex.EncodeToString(sum[:])}
	s.length += at.Length
	s.parts = append(s.parts, b)
	return at
}

func (s *states) write(w io.Writer) error {
	for _, b := range s.parts {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// move copies results of earlier versions into the new file if they are in too many files. It returns a function that gives an input of the
// base's index the new places of its results. ok is false if its results are damaged: a later run then reads the input again.
func (s *states) move(ctx context.Context, cfg Config) (moved func(*kept.Input) (in *kept.Input, ok bool), err error) {
	length := map[string]int64{}
	err = cfg.Kept.Each(func(in *kept.Input) error {
		for _, r := range in.Results {
			length[r.At.File] += r.At.Length
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(length) <= mostFiles {
		return func(in *kept.Input) (*kept.Input, bool) { return in, true }, nil
	}
	var files []string
	for f := range length {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b string) int { return cmp.Or(cmp.Compare(length[a], length[b]), cmp.Compare(a, b)) })
	small := map[string][]byte{}
	for _, f := range files[:len(files)-filesStays] {
		content, err := cfg.Access.ReadAll(ctx, objstore.Join(cfg.Output, f))
		if err != nil && objstore.IsTemporary(err) {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		small[f] = content // nil if the file is missing or damaged
	}
	return func(old *kept.Input) (*kept.Input, bool) {
		in := new(kept.Input)
		*in = *old
		in.Results = slices.Clone(in.Results)
		for i, r := range in.Results {
			content, isSmall := small[r.At.File]
			if !isSmall {
				continue
			}
			b, err := part(content, r.At)
			if err != nil {
				return in, false
			}
			in.Results[i].At = s.add(b)
		}
		return in, true
	}, nil
}

// part returns the bytes of a result in a file.
func part(content []byte, at kept.Ref) ([]byte, error) {
	if at.Offset < 0 || at.Length < 0 || at.Offset > int64(len(content))-at.Length {
		return nil, io.ErrUnexpectedEOF
	}
	b := content[at.Offset : at.Offset+at.Length]
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != at.SHA256 {
		return nil, errors.New("found another digest")
	}
	return b, nil
}
