package aggregate

import (
	"cmp"
	"runtime"
	"slices"

	"tripstats/transforms/element"
	"tripstats/transforms/group"
	"tripstats/transforms/sidebyside"
	"tripstats/transforms/trip"
)

// partialFn adds up a bundle in memory. It emits the results of a source when all its rows are there. Several sources may be open at once,
// as their batches may be mixed; keeping all until the end of the bundle would take much more memory than their results.
type partialFn struct {
	Tables []*Spec

	lists int64         // so far in the bundle
	open  []*openSource // in the order in which they began
	sets  []*tableSet
	spare []*tableAdders // whose memory is used again
	held  allHeld        // of all sources of the bundle
	list  listAdder
	told  told
}

// told is how many bytes the reader was told of: groups of open sources, and held of sources that have ended.
type told struct{ groups, held int64 }

// openSource is a source of which not all rows are there.
type openSource struct {
	name string
	last int64         // the last list with a batch of it, counted from 1
	sums []*sourceSums // by taxi
}

// idleLists is after how many lists without a batch of it the results of a source are emitted although rows are missing. These rows may be in
// another bundle. If they do come, they are one more result of the source, which is merged with the first.
const idleLists = 64

func (fn *partialFn) StartBundle(func(string, Source)) {
	fn.open, fn.lists = nil, 0
	fn.tell(told{})
}

func (fn *partialFn) ProcessElement(list trip.Batches, emit func(string, Source)) error {
	fn.lists++
	if err := fn.add(list.List); err != nil {
		return err
	}
	ended := func(o *openSource) bool { return o.whole() || fn.lists-o.last >= idleLists }
	if slices.ContainsFunc(fn.open, ended) {
		if err := fn.finish(ended, emit); err != nil {
			return err
		}
	}
	return fn.makeRoom(emit)
}

// add adds the batches of a list. The error is that of the first batch that has one.
func (fn *partialFn) add(list []trip.Batch) error {
	for some := range slices.Chunk(list, fn.atOnce()) {
		if err := fn.addSome(some); err != nil {
			return err
		}
	}
	return nil
}

// atOnce is how many batches are added at once. What declared tables compute of each is held until it is added. Many tables are work for
// several cores themselves, so that fewer batches are enough.
func (fn *partialFn) atOnce() int {
	declared := 0
	for _, t := range fn.Tables {
		if t.declared() {
			declared++
		}
	}
	return max(4, 2*runtime.GOMAXPROCS(0)/max(1, declared))
}

func (fn *partialFn) addSome(list []trip.Batch) error {
	defer fn.list.forget()
	if len(list) == 1 {
		b := &list[0]
		to := fn.of(b)
		parts := to.tables.set.parts(b.Rows)
		to.tables.set.computed.Grow(parts)
		if parts == 1 {
			return to.addBatch(b)
		}
		return fn.list.addParts(b, to, parts)
	}
	for i := range list {
		to := fn.of(&list[i])
		to.tables.set.computed.Grow(len(list))
		fn.list.place(&list[i], to)
	}
	return fn.list.add()
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
	s := newSourceSums(b, fn.adders(b.Skip))
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

// adders returns adders of the tables that are not skipped.
func (fn *partialFn) adders(skip uint64) *tableAdders {
	if i := slices.IndexFunc(fn.spare, func(a *tableAdders) bool { return a.set.skip == skip }); i >= 0 {
		a := fn.spare[i]
		fn.spare = slices.Delete(fn.spare, i, i+1)
		return a
	}
	i := slices.IndexFunc(fn.sets, func(s *tableSet) bool { return s.skip == skip })
	if i < 0 {
		i = len(fn.sets)
		fn.sets = append(fn.sets, &tableSet{tables: fn.Tables, skip: skip})
	}
	return fn.sets[i].adders()
}

// FinishBundle emits the rest, and frees memory for what is done to the results.
func (fn *partialFn) FinishBundle(emit func(string, Source)) error {
	err := fn.finish(func(*openSource) bool { return true }, emit)
	fn.open, fn.sets, fn.spare, fn.held, fn.list = nil, nil, nil, nil, listAdder{}
	fn.tell(told{})
	return err
}

// Teardown says that a bundle that failed holds nothing.
func (fn *partialFn) Teardown() { fn.tell(told{}) }

// finish emits the results of some sources.
func (fn *partialFn) finish(some func(*openSource) bool, emit func(string, Source)) error {
	var ended []*sourceSums
	var whole []bool
	left := fn.open[:0]
	for _, o := range fn.open {
		if !some(o) {
			left = append(left, o)
			continue
		}
		all := o.whole()
		if all {
			foreseen(o.groups())
		}
		for _, s := range o.sums {
			ended, whole = append(ended, s), append(whole, s.alone && all)
		}
	}
	clear(fn.open[len(left):])
	fn.open = left
	results := make([]Source, len(ended))
	if err := sidebyside.Do(len(ended), func(i int) (err error) {
		results[i], err = ended[i].result(whole[i])
		return err
	}); err != nil {
		return err
	}
	for i, r := range results {
		if err := fn.compact(r.States); err != nil {
			return err
		}
		if err := fn.held.add(fn.Tables, r.States); err != nil {
			return err
		}
		emit(r.key(), r)
		fn.spare = append(fn.spare, ended[i].tables)
	}
	return nil
}

// compactFrom is the number of bytes of unfinished groups from which on further groups are made compact. The more declared tables there are,
// the smaller it is, because each of them takes memory in addition.
func compactFrom(tables []*Spec) int64 {
	declared, most := int64(0), int64(0)
	for _, t := range tables {
		if t.declared() {
			declared, most = declared+1, max(most, t.MostBytes)
		}
	}
	return most / (declared + 3) * 4 / (declared + 3)
}

// compact makes the groups of a source compact if the groups of the sources before it take much memory, because all groups are held until the
// tables are made.
func (fn *partialFn) compact(states []TableState) error {
	before := int64(0)
	for _, h := range fn.held {
		before += h.others
	}
	if before < compactFrom(fn.Tables) {
		return nil
	}
	for i, spec := range fn.Tables {
		if t := &states[i]; t.Declared && len(t.State) > 0 {
			var err error
			if t.State, err = group.Compact(t.State); err != nil {
				return spec.fails(err)
			}
		}
	}
	return nil
}

// makeRoom bounds the memory of the groups if several sources are open: the groups of all tables and sources together may take as much as one
// table may take for one source. If they take more, results of sources are emitted before all of their rows are added.
func (fn *partialFn) makeRoom(emit func(string, Source)) error {
	if !slices.ContainsFunc(fn.Tables, (*Spec).declared) {
		return nil
	}
	fn.foresee()
	for {
		open, most := fn.groups()
		fn.tell(told{open, fn.heldBytes()})
		if len(fn.open) < 2 || open <= most {
			return nil
		}
		idlest := slices.MinFunc(fn.open, func(a, b *openSource) int { return cmp.Compare(a.last, b.last) })
		if err := fn.finish(func(o *openSource) bool { return o == idlest }, emit); err != nil {
			return err
		}
		fn.spare = nil
	}
}

// spareBytes is roughly what the adders of two sources take if they group by pickup and dropoff zone. Spare adders save the time of allocating
// new memory.
const spareBytes = 128 << 20

// groups returns how many bytes the groups of open sources take, and how many they may take if several sources are open. It drops the spare
// adders if all adders together take more than the bound below.
func (fn *partialFn) groups() (open, most int64) {
	spare := int64(0)
	for _, o := range fn.open {
		open += o.groups()
	}
	for i, spec := range fn.Tables {
		if !spec.declared() {
			continue
		}
		for _, a := range fn.spare {
			spare += a.list[i].bytes()
		}
		most = max(most, spec.MostBytes)
	}
	if len(fn.open)+len(fn.spare) > 1 && open+spare > max(most/2, min(most, spareBytes)) {
		fn.spare = nil
	}
	return open, most
}

// heldBytes is how many bytes the emitted results take. They are held until the tables are made.
func (fn *partialFn) heldBytes() (bytes int64) {
	for _, h := range fn.held {
		bytes += h.finished + h.others
	}
	return bytes
}

// tell gives the reader two numbers of bytes: what the groups of open sources take, and what the groups of ended sources take.
func (fn *partialFn) tell(now told) {
	element.Groups.Add(now.groups - fn.told.groups)
	element.GroupsHeld.Add(now.held - fn.told.held)
	fn.told = now
}

// groups is how many bytes the groups of a source take.
func (o *openSource) groups() (bytes int64) {
	for _, s := range o.sums {
		for _, t := range s.tables.list {
			bytes += t.bytes()
		}
	}
	return bytes
}

// leastDone is the smallest part of a source from which the memory of all its groups is estimated.
const leastDone = 1.0 / 16

// foresee tells the reader how much memory the groups of a file will take. It estimates this from the open source of which the largest part is added.
func (fn *partialFn) foresee() {
	if len(fn.open) == 0 {
		return
	}
	most := slices.MaxFunc(fn.open, func(a, b *openSource) int { return cmp.Compare(a.done(), b.done()) })
	if done := most.done(); done >= leastDone {
		foreseen(int64(float64(most.groups()) / done))
	}
}

// foreseen stores how many bytes the groups of a file take. A file without groups says nothing of others: tables may be of another kind of taxi.
// It still takes a byte, because 0 would mean that nothing is known.
func foreseen(bytes int64) {
	if bytes > 0 || element.GroupsOfFile.Load() == 0 {
		element.GroupsOfFile.Store(max(1, bytes))
	}
}

// whole tells whether all rows of a source are added.
func (o *openSource) whole() bool {
	have, all := o.progress()
	return have == all
}

// done is the part of a source that is added, from 0 to 1.
func (o *openSource) done() float64 {
	have, all := o.progress()
	return float64(have) / float64(max(1, all))
}

// progress returns how much of a source is added, and how much the source has in all. Both are rows, or bytes of text if the number of rows is unknown.
func (o *openSource) progress() (have, all int64) {
	rows, bytes := int64(0), int64(0)
	for _, s := range o.sums {
		rows += s.rows
		bytes += s.text.Bytes
	}
	first := o.sums[0]
	if first.fileRows == element.UnknownRows {
		return bytes, first.fileBytes
	}
	return rows, first.fileRows
}
