package kept

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"tripstats/transforms/element"
)

// Inputs are kept inputs in the compact form in which they travel to the worker that publishes. There may be tens of thousands of similar
// inputs, and services limit the size of a job.
type Inputs struct {
	Lists [][]byte // compact lists of Input, in the order of the sources: see element.CompactList
}

// Compact returns the compact form of inputs.
func Compact(inputs []*Input) Inputs {
	inputs = slices.Clone(inputs)
	slices.SortStableFunc(inputs, func(a, b *Input) int { return cmp.Compare(a.Source, b.Source) })
	var list Inputs
	some := make([]Input, 0, min(len(inputs), element.MostInList))
	for part := range slices.Chunk(inputs, element.MostInList) {
		some = some[:0]
		for _, in := range part {
			some = append(some, *in)
		}
		list.Lists = append(list.Lists, compact(some))
	}
	return list
}

// Each calls do for each input, in the order of the sources.
func (l Inputs) Each(do func(*Input) error) error {
	r := l.Reader()
	for {
		in, err := r.Next()
		if in == nil || err != nil {
			return err
		}
		if err := do(in); err != nil {
			return err
		}
	}
}

// Reader returns a reader of the inputs.
func (l Inputs) Reader() *Reader { return &Reader{lists: l.Lists} }

// Reader reads inputs one by one, in the order of their sources.
type Reader struct {
	lists [][]byte
	list  []Input
}

// Next returns the next input, or nil after the last.
func (r *Reader) Next() (in *Input, err error) {
	for len(r.list) == 0 {
		if len(r.lists) == 0 {
			return nil, nil
		}
		if r.list, err = element.ExpandList[Input](r.lists[0]); err != nil {
			return nil, err
		}
		r.lists = r.lists[1:]
	}
	in, r.list = &r.list[0], r.list[1:]
	return in, nil
}

var compressor = sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)) })

// MarshalJSON compresses the lists and returns them as a base64 string. Without lists it returns null.
func (l Inputs) MarshalJSON() ([]byte, error) {
	if len(l.Lists) == 0 {
		return []byte("null"), nil
	}
	var all []byte
	for _, b := range l.Lists {
		all = element.AppendString(all, string(b))
	}
	enc, err := compressor()
	if err != nil {
		return nil, err
	}
	return json.Marshal(enc.EncodeAll(all, nil))
}

// UnmarshalJSON reads what MarshalJSON returns.
func (l *Inputs) UnmarshalJSON(b []byte) error {
	*l = Inputs{}
	var packed []byte
	if err := json.Unmarshal(b, &packed); err != nil || packed == nil {
		return err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer dec.Close()
	all, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return err
	}
	for len(all) > 0 {
		var list string
		if list, all, err = element.CutString(all); err != nil {
			return err
		}
		l.Lists = append(l.Lists, []byte(list))
	}
	return nil
}
