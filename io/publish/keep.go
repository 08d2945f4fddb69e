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

// keep returns the index of the version in the folder dir, and the content of its file of results: the results of the inputs that this run
// has read, and those that it copies from earlier versions. There is no index if no input can be kept.
func (r *result) keep(ctx context.Context, cfg Config, dir string) (*kept.Index, []byte, error) {
	results, bytes := map[string][]element.Packed{}, 0
	for _, m := range r.remembered {
		for _, p := range m.Results {
			results[p.Source] = append(results[p.Source], p)
			bytes += len(p.Bytes)
		}
	}
	states := &states{at: dir + "/" + kept.StatesName, content: make([]byte, 0, bytes)} // to grow would take twice as much
	index := &kept.Index{Format: kept.Format, Identity: cfg.Identity, Inputs: make([]kept.Input, 0, len(results)+len(cfg.Kept))}
	looked := map[string]bool{}
	add := func(f element.Found, in kept.Input) {
		looked[f.Source] = true
		in.Source, in.URI, in.Token, in.Size, in.Reading = f.Source, f.URI, f.Token, f.Size, f.Reading
		if setResults(results[f.Source], &in) {
			index.Inputs = append(index.Inputs, in)
		}
	}
	for _, m := range r.remembered {
		files, err := m.AllFiles()
		if err != nil {
			return nil, nil, err
		}
		for _, f := range files {
			f.URI = objstore.Redact(f.URI)
			add(f.Found, kept.Input{File: f})
		}
		for _, f := range m.Unusable {
			f.URI = objstore.Redact(f.URI)
			add(f.Found, kept.Input{Unusable: &f})
		}
	}
	slices.SortFunc(index.Inputs, func(a, b kept.Input) int { return cmp.Compare(a.Source, b.Source) })
	for i := range index.Inputs {
		in := &index.Inputs[i]
		for k, p := range results[in.Source] {
			in.Results[k].At = states.add(p.Bytes)
		}
	}
	moved, err := states.move(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	for _, in := range cfg.Kept {
		if in, ok := moved(in); ok && !looked[in.Source] {
			index.Inputs = append(index.Inputs, in)
		}
	}
	if cfg.Identity == "" && len(index.Inputs) == 0 {
		return nil, nil, nil
	}
	slices.SortFunc(index.Inputs, func(a, b kept.Input) int { return cmp.Compare(a.Source, b.Source) })
	return index, states.content, nil
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
	at      string // below the output
	content []byte
}

func (s *states) add(b []byte) kept.Ref {
	sum := sha256.Sum256(b)
	at := kept.Ref{File: s.at, Offset: int64(len(s.content)), Length: int64(len(b)), SHA256: hex.EncodeToString(sum[:])}
	s.content = append(s.content, b...)
	return at
}

// move copies results of earlier versions into the new file if they are in too many files. It returns a function that gives an input of the
// base's index the new places of its results. ok is false if its results are damaged: a later run then reads the input again.
func (s *states) move(ctx context.Context, cfg Config) (moved func(kept.Input) (in kept.Input, ok bool), err error) {
	length := map[string]int64{}
	for _, in := range cfg.Kept {
		for _, r := range in.Results {
			length[r.At.File] += r.At.Length
		}
	}
	if len(length) <= mostFiles {
		return func(in kept.Input) (kept.Input, bool) { return in, true }, nil
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
	return func(in kept.Input) (kept.Input, bool) {
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
