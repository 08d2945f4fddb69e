package aggregate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/klauspost/compress/zstd"

	"tripstats/transforms/element"
	"tripstats/transforms/group"
	"tripstats/transforms/quality"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// The result of a file is kept with the version of the output that it is in, so that a later run need not read the file again. Here the
// results are packed and unpacked; package kept stores them.

func init() {
	beam.RegisterDoFn(reflect.TypeFor[packFn]())
	beam.RegisterDoFn(reflect.TypeFor[unpackFn]())
	register.Emitter1[element.Remembered]()
}

// Packed settles the result of each source, and packs those that this run has read. The first collection takes the place of perSource in
// what follows: tables take states apart, so nothing else may look at perSource.
//
// Packed transforms a PCollection<KV<string, Source>> into such a collection and a PCollection<element.Remembered>.
func Packed(s beam.Scope, tables []*Spec, perSource beam.PCollection) (settled, packed beam.PCollection) {
	s = s.Scope("aggregate.Packed")
	return beam.ParDo2(s, &packFn{Tables: tables}, perSource)
}

// Unpacked returns the results that a run before has kept. They are partial results, to be combined by [PerSource].
//
// Unpacked transforms a PCollection<element.Remembered> into a PCollection<KV<string, Source>>.
func Unpacked(s beam.Scope, tables []*Spec, kept beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Unpacked")
	return beam.ParDo(s, &unpackFn{Tables: tables}, kept)
}

// Digest identifies what decides the state of the table: two tables with one digest have the same state of the same trips.
func (s *Spec) Digest() string {
	groups := 0
	if s.declared() {
		groups = group.Version
	}
	b, err := json.Marshal(struct {
		Version           int
		Groups            int `json:",omitempty"` // the version of a declared table's state
		Name, SQL         string
		ByMonth, PerFile  bool
		By, Where, Values []string
		Seeded            bool
	}{stateVersion, groups, s.Name, s.SQL, s.ByMonth, s.PerFile, texts(s.By, keyText), texts(s.Where, conditionText), texts(s.Values, valueText), s.Seeded})
	if err != nil {
		panic(fmt.Sprintf("aggregate: table %s has no digest: %v", s.Name, err)) // no content of a table causes this
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

func digestsOf(tables []*Spec) []string { return texts(tables, (*Spec).Digest) }

func texts[T any](list []T, text func(T) string) (out []string) {
	for _, v := range list {
		out = append(out, text(v))
	}
	return out
}

func keyText(k Key) string {
	if k.both() {
		return fmt.Sprintf("%s %s or %s", k.Name, k.Of.Meaning(), k.Or.Meaning())
	}
	return fmt.Sprintf("%s %s", k.Name, k.Of.Meaning())
}

func conditionText(c Condition) string { return fmt.Sprintf("%s %d %d", c.Of.Meaning(), c.From, c.To) }

func valueText(v Value) string {
	return fmt.Sprintf("%s %d %s %s %t %t", v.Name, v.Func, v.Of.Meaning(), v.Rule, v.Or, v.Whole)
}

// Numbers names the columns in which values that are no numbers count as one finding of a row, in a run with these tables: see
// element.Packed.Numbers.
func Numbers(tables []*Spec) string {
	names := []string{"standard"}
	standard := trip.FileColumns(quality.Needs())
	for _, f := range trip.FileColumns(Needs(tables)) {
		if t := trip.Fields[f].Type; t != trip.Code && t != trip.Flag && !slices.Contains(standard, f) {
			names = append(names, trip.Fields[f].Name)
		}
	}
	return strings.Join(names, ",")
}

// again returns the result of a file that was read only for the tables of which nothing is kept.
func (s Source) again() Source {
	out := Source{Source: s.Source, Taxi: s.Taxi, States: s.States, Read: true, Again: Again{Rows: s.Rows, Counted: s.Counted, NoCodes: s.NoCodes}}
	for _, r := range s.Rules {
		if quality.ID(r.Rule) == notANumber {
			out.Again.Rules = append(out.Again.Rules, r)
		}
	}
	return out
}

var notANumber = quality.Named("not_a_number")

// settled returns the result with what was read again: values without a number, and values that are no numbers, in columns that the kept
// result does not have. If the kept result had such values, it had the same columns: see element.Packed.Numbers.
func (s Source) settled() Source {
	if len(s.Again.Rules) > 0 && s.numbers() == 0 {
		s.Rules = mergeSorted(s.Rules, s.Again.Rules, RuleCount.key, mergeRules)
	}
	for _, c := range s.Again.NoCodes {
		if !slices.ContainsFunc(s.NoCodes, func(have element.ColumnRows) bool { return have.Column == c.Column }) {
			s.NoCodes = element.MergeColumnRows(s.NoCodes, []element.ColumnRows{c})
		}
	}
	return s
}

// numbers is how many rows the rule about values that are no numbers has found.
func (s Source) numbers() int64 {
	rows := int64(0)
	for _, r := range s.Rules {
		if quality.ID(r.Rule) == notANumber {
			rows += r.Rows
		}
	}
	return rows
}

// checkKept checks a result of which a part was kept. If something does not fit, the kept part is held to be damaged: without it the result
// may be good.
func (s Source) checkKept(tables []*Spec) error {
	damaged := element.Packed{Source: s.Source, Taxi: s.Taxi}.Damaged
	if a := s.Again; (a.Rows != 0 || a.Counted != 0) && (a.Rows != s.Rows || a.Counted != s.Counted) {
		return damaged("found %d rows in the file, and %d that count, expected %d and %d as when it was read for other tables", a.Rows, a.Counted, s.Rows, s.Counted)
	}
	if s.Due != element.UnknownRows && s.Rows != s.Due {
		return damaged("found %d rows, expected the file's %d", s.Rows, s.Due)
	}
	for _, spec := range tables {
		if _, err := s.balanced(spec); err != nil {
			return damaged("%v", err)
		}
		if s.finished(spec) && !s.Alone {
			return damaged("found finished groups of table %s, expected others, because another file may have trips of its taxi and month", spec.Name)
		}
	}
	return nil
}

// finished tells whether the state of a table has finished groups.
func (s Source) finished(spec *Spec) bool {
	state := s.bytes(spec.Name)
	if !spec.declared() || len(state) == 0 {
		return false
	}
	counts, err := group.Header(state)
	return err == nil && counts.Finished
}

// packFn packs results. It holds those of its bundle that are not emitted yet.
type packFn struct {
	Tables []*Spec

	queries []*query.Query // by table; nil if it is not declared
	digests []string
	coded   []trip.Field // the columns of codes that the tables need
	numbers string
	encoder *zstd.Encoder
	waiting []waitingSource // results to pack side by side and then emit; later stages change their states
	room    int             // how many more bytes of states may wait
	list    []element.Packed
	bytes   int
}

// waitingSource is a result and its key.
type waitingSource struct {
	key    string
	result Source
}

// mostWaiting is how many results wait to be packed at most.
const mostWaiting = 64

// packedBytes is how many bytes of packed results are one element at most, unless a single result has more.
const packedBytes = 1 << 20

func (fn *packFn) Setup() {
	fn.queries, fn.digests = nil, digestsOf(fn.Tables)
	for _, t := range fn.Tables {
		var q *query.Query
		if t.declared() {
			q = t.query()
		}
		fn.queries = append(fn.queries, q)
	}
	fn.coded, fn.numbers = trip.FileColumns(Needs(fn.Tables)), Numbers(fn.Tables)
}

func (fn *packFn) StartBundle(func(string, Source), func(element.Remembered)) {
	fn.list, fn.bytes, fn.waiting, fn.room = nil, 0, nil, packedBytes
}

func (fn *packFn) FinishBundle(emit func(string, Source), keep func(element.Remembered)) error {
	err := fn.pack(emit, keep)
	fn.flush(keep)
	fn.encoder, fn.waiting = nil, nil
	return err
}

// pack packs the results that wait, and then emits them.
func (fn *packFn) pack(emit func(string, Source), keep func(element.Remembered)) error {
	if len(fn.waiting) == 0 {
		return nil
	}
	if fn.encoder == nil {
		enc, err := newEncoder()
		if err != nil {
			return err
		}
		fn.encoder = enc
	}
	packed, err := packSources(fn.encoder, fn.waiting, fn.Tables, fn.digests, fn.numbers)
	if err != nil {
		return err
	}
	for _, w := range fn.waiting {
		emit(w.key, fn.withoutOtherCodes(w.result))
	}
	clear(fn.waiting)
	fn.waiting, fn.room = fn.waiting[:0], packedBytes
	for _, p := range packed {
		if fn.bytes += len(p.Bytes); len(fn.list) > 0 && (fn.bytes > packedBytes || len(fn.list) == element.MostInList) {
			fn.flush(keep)
			fn.bytes = len(p.Bytes)
		}
		fn.list = append(fn.list, p)
	}
	return nil
}

func (fn *packFn) flush(keep func(element.Remembered)) {
	if len(fn.list) > 0 {
		keep(element.Remembered{Results: slices.Clip(fn.list)})
	}
	fn.list, fn.bytes = nil, 0
}

func (fn *packFn) ProcessElement(key string, r Source, emit func(string, Source), keep func(element.Remembered)) error {
	if r.Kept {
		if err := r.checkKept(fn.Tables); err != nil {
			return err
		}
		r = r.settled()
	}
	if !r.Read {
		emit(key, fn.withoutOtherCodes(r))
		return nil
	}
	if err := fn.finish(&r); err != nil {
		return err
	}
	fn.waiting = append(fn.waiting, waitingSource{key, r})
	for _, t := range r.States {
		fn.room -= len(t.State)
	}
	if len(fn.waiting) == mostWaiting || fn.room < 0 {
		return fn.pack(emit, keep)
	}
	return nil
}

// withoutOtherCodes returns a result without the columns of codes that no table of this run needs. A kept result may have such columns, because
// an earlier run may have had other tables.
func (fn *packFn) withoutOtherCodes(r Source) Source {
	if r.Kept && len(r.NoCodes) > 0 {
		r.NoCodes = slices.DeleteFunc(slices.Clone(r.NoCodes), func(c element.ColumnRows) bool {
			return !slices.ContainsFunc(fn.coded, func(f trip.Field) bool { return trip.Fields[f].Name == c.Column })
		})
	}
	return r
}

// finish finishes the groups of declared tables of which no other source has trips, and drops the trips that no list can have: the rest is
// less to keep.
func (fn *packFn) finish(r *Source) error {
	states := slices.Clone(r.States)
	for i, spec := range fn.Tables {
		t := &states[i]
		if !spec.declared() || len(t.State) == 0 {
			continue
		}
		var err error
		if t.State, err = spec.settle(fn.queries[i], t.State, r.Alone); err != nil {
			return spec.fails(err)
		}
	}
	r.States = states
	return nil
}

// settle returns the state of a whole source in the form in which it goes into the table.
func (s *Spec) settle(q *query.Query, state []byte, alone bool) ([]byte, error) {
	counts, err := group.Header(state)
	switch {
	case err != nil:
		return nil, err
	case !q.Grouped:
		return group.First(state, q.Limit)
	case !counts.Finished && alone && s.PerFile:
		return group.Finish(q, state)
	}
	return state, nil
}

// unpackFn unpacks kept results.
type unpackFn struct {
	Tables []*Spec

	digests []string
}

func (fn *unpackFn) Setup() { fn.digests = digestsOf(fn.Tables) }

func (fn *unpackFn) ProcessElement(kept element.Remembered, emit func(string, Source)) error {
	for _, p := range kept.Results {
		s, err := unpack(p, fn.Tables, fn.digests)
		if err != nil {
			return p.Damaged("%v", err)
		}
		emit(s.key(), s)
	}
	return nil
}
