package aggregate

import (
	"slices"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// partialFn adds up a bundle in memory. It emits the results of a source when all its rows are there. Several sources may be open at once,
// as their batches may be mixed; keeping all until the end of the bundle would take much more memory than their results.
type partialFn struct {
	Tables []*Spec

	lists int64         // so far in the bundle
	open  []*openSource // in the order in which they began
	spare []*tableAdders
	held  allHeld // of all sources of the bundle
}

// openSource is a source of which not all rows are there.
type openSource struct {
	name string
	last int64 // the last list with a batch of it, counted from 1
	sums []*sourceSums
}

// idleLists is after how many lists without a batch of it the results of a source are emitted although rows are missing. These rows may be in
// another bundle. If they do come, they are one more result of the source, which is merged with the first.
const idleLists = 64

func (fn *partialFn) StartBundle(func(string, Source)) { fn.open, fn.lists = nil, 0 }

func (fn *partialFn) ProcessElement(list trip.Batches, emit func(string, Source)) error {
	fn.lists++
	for i := range list.List {
		b := &list.List[i]
		s := fn.of(b)
		s.batches = append(s.batches, b)
	}
	if err := fn.addAll(); err != nil {
		return err
	}
	return fn.finish(func(o *openSource) bool { return o.whole() || fn.lists-o.last >= idleLists }, emit)
}

// addAll adds the batches of the list.
func (fn *partialFn) addAll() error {
	for _, o := range fn.open {
		for _, s := range o.sums {
			for _, b := range s.batches {
				if err := s.addBatch(b); err != nil {
					return err
				}
			}
			clear(s.batches)
			s.batches = s.batches[:0]
		}
	}
	return nil
}

// of returns the sums of a batch's source and taxi.
func (fn *partialFn) of(b *trip.Batch) *sourceSums {
	o := fn.source(b.Source)
	o.last = fn.lists
	for _, s := range o.sums {
		if s.taxi == b.Taxi {
			return s
		}
	}
	var tables *tableAdders
	if i := slices.IndexFunc(fn.spare, func(a *tableAdders) bool { return a.skip == b.Skip }); i >= 0 {
		tables = fn.spare[i]
		fn.spare = slices.Delete(fn.spare, i, i+1)
	} else {
		tables = addersWithout(fn.Tables, b.Skip)
	}
	s := newSourceSums(b, tables)
	if !slices.ContainsFunc(fn.Tables, func(t *Spec) bool { return t.durations() >= 0 }) {
		s.duration = new(Sum)
	}
	o.sums = append(o.sums, s)
	return s
}

// source returns an open source, which may be new.
func (fn *partialFn) source(name string) *openSource {
	for _, o := range fn.open {
		if o.name == name {
			return o
		}
	}
	o := &openSource{name: name}
	fn.open = append(fn.open, o)
	return o
}

// FinishBundle emits the rest, and frees memory for what is done to the results.
func (fn *partialFn) FinishBundle(emit func(string, Source)) error {
	err := fn.finish(func(*openSource) bool { return true }, emit)
	fn.open, fn.spare, fn.held = nil, nil, nil
	return err
}

// finish emits the results of some sources.
func (fn *partialFn) finish(some func(*openSource) bool, emit func(string, Source)) error {
	left := fn.open[:0]
	for _, o := range fn.open {
		if !some(o) {
			left = append(left, o)
			continue
		}
		whole := o.whole()
		for _, s := range o.sums {
			r, err := s.result(s.alone && whole)
			if err != nil {
				return err
			}
			if err := fn.held.add(fn.Tables, r.States); err != nil {
				return err
			}
			emit(r.key(), r)
			fn.spare = append(fn.spare, s.tables)
		}
	}
	clear(fn.open[len(left):])
	fn.open = left
	return nil
}

// whole tells whether all rows of a source are there.
func (o *openSource) whole() bool {
	rows, bytes := int64(0), int64(0)
	for _, s := range o.sums {
		rows += s.rows
		bytes += s.text.Bytes
	}
	if first := o.sums[0]; first.fileRows != element.UnknownRows {
		return rows == first.fileRows
	}
	return bytes == o.sums[0].fileBytes
}
