package aggregate

import (
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/group"
	"tripstats/transforms/query"
)

// A declared table is a query that was written in SQL. Its groups are those of package group. Here they meet Beam: a bundle adds up
// their state, the states of a source are merged, and blocks of states become the rows of the table.

func init() {
	beam.RegisterDoFn(reflect.TypeFor[blocksFn]())
	beam.RegisterDoFn(reflect.TypeFor[rowsFn]())
	register.Combiner2[Blocks, []byte](&blockCombiner{})
	register.Emitter2[int64, []byte]()
	register.Iter2[int64, Blocks]()
	beam.RegisterType(reflect.TypeFor[Blocks]())
	beam.RegisterFunction(encodeBlocks)
	beam.RegisterFunction(decodeBlocks)
	beam.RegisterCoder(reflect.TypeFor[Blocks](), encodeBlocks, decodeBlocks)
}

// Bounds are how many groups of a declared table a worker may hold at once, and how many bytes they may take.
type Bounds struct{ Groups, Bytes int64 }

// Declared returns the table of a query. Judged tells that rules hold the pickup of a trip in the month of its file.
func Declared(q *query.Query, most Bounds, judged bool) *Spec {
	return &Spec{
		Name: q.Name, Step: q.Name, SQL: q.SQL, Place: q.Place, MostGroups: most.Groups, MostBytes: most.Bytes,
		RowBytes: group.RowBytes(q), ByMonth: q.HasMonth(), PerFile: judged && q.HasMonth(),
	}
}

// fails is the fault of an error of a declared table: what its query asks for has no value, or takes too much, or a state is broken.
func (s *Spec) fails(err error) error {
	if err == nil || fault.Find(err) != nil {
		return err
	}
	var broken *group.BrokenState
	if errors.As(err, &broken) {
		return fault.New(fault.Failed, "reconciliation: table %s: %s; %s", s.Name, broken.What, fault.Ours)
	}
	code := fault.Usage
	var tooMany *group.TooMany
	if errors.As(err, &tooMany) {
		code = fault.Gate
	}
	return fault.New(code, "%s: %v%s", s.named(), err, s.unpublished())
}

// held is what the states of all sources so far have of a table.
type held struct {
	finished, others int64 // bytes of states
	groups           int64 // that are not finished; at the least, if those of several sources may be the same
}

func (h *held) add(spec *Spec, state []byte) error {
	if len(state) == 0 {
		return nil
	}
	c, err := group.Header(state)
	switch {
	case err != nil:
		return err
	case c.Finished:
		h.finished += int64(len(state))
		return nil
	case spec.ByMonth:
		h.groups += c.Groups
	default:
		h.groups = max(h.groups, c.Groups)
	}
	h.others += int64(len(state))
	return nil
}

// needs is roughly how many bytes of memory making the table takes, when all states are in memory at once. The rows take several times as
// much as finished groups. Other states are merged before. Writing the rows takes half of their memory in addition.
func (h *held) needs(spec *Spec) int64 {
	return 5*h.finished + h.others*5/3 + h.groups*spec.RowBytes*3/2
}

// holds checks that the states of all sources of a table do not take too much memory, nor those of all tables together.
func (s *Spec) holds(h held, others int64) error {
	if h.needs(s)+others <= 2*s.MostBytes {
		return nil
	}
	and := ""
	if h.needs(s) <= 2*s.MostBytes {
		and = ", and those of other tables beside them"
	}
	return fault.New(fault.Gate, "%s: its groups take %d MiB so far%s, and all of them are held in memory when the table is made; give a larger --max-memory, group by coarser keys, leave trips out with WHERE or groups with HAVING, or give fewer files%s",
		s.named(), (h.finished+h.others)>>20, and, s.unpublished())
}

// named names the table and the place of its text.
func (s *Spec) named() string {
	switch {
	case s.Answer && s.Place != "":
		return s.Place
	case s.Place == "":
		return "table " + s.Name
	}
	return s.Place + ": table " + s.Name
}

// unpublished ends the message of an error, unless nobody expects that something is published.
func (s *Spec) unpublished() string {
	if s.Answer {
		return ""
	}
	return "; nothing was published"
}

// fits checks that the groups of a table do not take too much memory.
func (s *Spec) fits(bytes int64) error {
	if bytes <= s.MostBytes {
		return nil
	}
	return fault.New(fault.Gate, "%s: its groups take more than %d MiB of memory; give a larger --max-memory, group by coarser keys, or leave trips out with WHERE%s",
		s.named(), s.MostBytes>>20, s.unpublished())
}

// declared tells whether the table is a query.
func (s *Spec) declared() bool { return s.SQL != "" }

// query parses the query of a declared table. A text that [Declared] was not given is a fault of this program.
func (s *Spec) query() *query.Query {
	q, err := query.ParseQuery(s.Name, s.SQL)
	if err != nil {
		panic(fmt.Sprintf("aggregate: table %s: its query cannot be read again: %v", s.Name, err))
	}
	q.Name = s.Name
	return q
}

// allHeld is what states have of all tables, in their order.
type allHeld []held

// add adds the states of a source, and checks that all together do not take too much memory.
func (all *allHeld) add(tables []*Spec, states []TableState) error {
	if *all == nil {
		*all = make(allHeld, len(tables))
	}
	total, largest := int64(0), -1
	for i, spec := range tables {
		if !spec.declared() {
			continue
		}
		h := &(*all)[i]
		if err := h.add(spec, states[i].State); err != nil {
			return spec.fails(err)
		}
		total += h.needs(spec)
		if largest < 0 || h.needs(spec) > (*all)[largest].needs(tables[largest]) {
			largest = i
		}
	}
	if largest < 0 {
		return nil
	}
	h := (*all)[largest]
	return tables[largest].holds(h, total-h.needs(tables[largest]))
}

// declaredTable is [Table] for a declared table.
func declaredTable(s beam.Scope, spec *Spec, perSource beam.PCollection) beam.PCollection {
	blocks := beam.ParDo(s, &blocksFn{Spec: spec}, beam.DropKey(s, perSource))
	merged := beam.CombinePerKey(s.Scope("CombinePerKey("+spec.Step+")"), &blockCombiner{}, blocks)
	return beam.ParDo(s, &rowsFn{Spec: spec}, beam.Impulse(s), beam.SideInput{Input: merged})
}

// blocksFn cuts the state of a source into blocks. It finishes the groups of which no other source has trips.
type blocksFn struct {
	Spec *Spec

	q *query.Query
}

func (fn *blocksFn) Setup() { fn.q = fn.Spec.query() }

func (fn *blocksFn) ProcessElement(r Source, emit func(int64, []byte)) error {
	state := r.bytes(fn.Spec.Name)
	if len(state) == 0 {
		return nil
	}
	state, err := fn.Spec.settle(fn.q, state, r.Alone)
	if err != nil {
		return fn.Spec.fails(err)
	}
	next := crc32.ChecksumIEEE([]byte(r.key())) // finished blocks go anywhere, to all shards alike
	defer r.cut(fn.Spec.Name)
	return group.Blocks(state, func(shard uint32, finished bool, block []byte) error {
		if finished {
			shard, next = next%group.Shards, next+1
		}
		emit(int64(shard), block)
		return nil
	})
}

// cut removes the groups from the state of a declared table when they are in blocks, because both together would take twice the memory.
// Nothing else reads the groups, even where the result is shared with other stages.
func (s Source) cut(table string) {
	for i := range s.States {
		if t := &s.States[i]; t.Table == table {
			t.State = group.OnlyHeader(t.State)
		}
	}
}

// Blocks are the states of some groups: see [group.Blocks].
type Blocks struct {
	Finished [][]byte
	Others   [][]byte
}

// fewBytes is how many bytes the blocks of a shard may take together without being merged before the table is made. Blocks of different
// months have few groups in common.
const fewBytes = 4 << 20

// add adds a block, which it keeps. Blocks that are not finished are merged when they take twice as many bytes as after the last merge,
// so merging n blocks costs n log n.
func (b Blocks) add(block []byte) (Blocks, error) {
	counts, err := group.Header(block)
	if err != nil || counts.Finished {
		b.Finished = append(b.Finished, block)
		return b, err
	}
	b.Others = append(b.Others, block)
	total := 0
	for _, o := range b.Others {
		total += len(o)
	}
	if total <= max(fewBytes, 2*len(b.Others[0])) {
		return b, nil
	}
	b.Others = slices.Clone(b.Others) // what was given stays as it is
	for len(b.Others) > 1 {
		merged := b.Others[:0]
		for pair := range slices.Chunk(b.Others, 2) {
			one := pair[0]
			if len(pair) > 1 {
				if one, err = group.Merge(pair[0], pair[1]); err != nil {
					return b, err
				}
			}
			merged = append(merged, one)
		}
		b.Others = merged
	}
	return b, nil
}

func encodeBlocks(b Blocks) ([]byte, error) { return element.EncodeRow(b) }

// decodeBlocks reads blocks that come from another worker. It checks them, because they are finished without reading all of them.
func decodeBlocks(b []byte) (Blocks, error) {
	blocks, err := element.DecodeRow[Blocks](b)
	for _, block := range blocks.Others {
		err = errors.Join(err, group.Check(block))
	}
	return blocks, err
}

// blockCombiner collects the blocks of one shard and merges those that may have the same groups.
type blockCombiner struct{}

func (c *blockCombiner) CreateAccumulator() Blocks { return Blocks{} }

func (c *blockCombiner) AddInput(acc Blocks, block []byte) (Blocks, error) {
	return acc.add(block)
}

func (c *blockCombiner) MergeAccumulators(a, b Blocks) (Blocks, error) {
	for _, block := range slices.Concat(b.Finished, b.Others) {
		var err error
		if a, err = a.add(block); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (c *blockCombiner) ExtractOutput(acc Blocks) Blocks { return acc }

// rowsFn makes the rows of a declared table.
type rowsFn struct {
	Spec *Spec

	q *query.Query
}

func (fn *rowsFn) Setup() { fn.q = fn.Spec.query() }

func (fn *rowsFn) ProcessElement(_ []byte, next func(*int64, *Blocks) bool, emit func(element.Table)) error {
	var blocks [][]byte
	var shards [][][]byte // of groups that are not finished
	var all held
	for {
		var shard int64
		var b Blocks
		if !next(&shard, &b) {
			break
		}
		for _, block := range slices.Concat(b.Finished, b.Others) {
			if err := all.add(fn.Spec, block); err != nil {
				return fn.Spec.fails(err)
			}
		}
		blocks = append(blocks, b.Finished...)
		if len(b.Others) > 0 {
			shards = append(shards, b.Others)
		}
	}
	if err := fn.Spec.holds(all, 0); err != nil {
		return err
	}
	more, err := group.FinishShards(fn.q, shards)
	if err != nil {
		return fn.Spec.fails(err)
	}
	rows, counted, err := group.Rows(fn.q, append(blocks, more...))
	if err != nil {
		return fn.Spec.fails(err)
	}
	emit(element.Table{Name: fn.Spec.Name, Record: rows, Counted: counted})
	return nil
}
