package aggregate

import (
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
	"tripstats/transforms/trip"
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

// Declared returns the table of a query. At most mostGroups of its groups are held in memory at once. Judged tells that rules hold the
// pickup of a trip in the month of its file.
func Declared(q *query.Query, mostGroups int64, judged bool) *Spec {
	return &Spec{Name: q.Name, Step: q.Name, SQL: q.SQL, MostGroups: mostGroups, PerFile: judged && q.HasMonth()}
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

// adder adds up the trips of one source for one table. A batch is added once; rows that rules refuse do not count.
type adder interface {
	add(b *trip.Batch) error

	// state returns what was added in its binary form. Whole tells that it is all of the source. After it the adder is as new.
	state(rules []RuleCount, whole bool) (TableState, error)
}

// fewTables is the least number of tables that are added side by side. The standing tables are so fast that handing them to other goroutines
// would take longer.
const fewTables = 3

// tableAdders are the adders of all tables.
type tableAdders struct {
	list     []adder
	declared group.Together
}

func newAdders(tables []*Spec) *tableAdders {
	a := &tableAdders{}
	for _, t := range tables {
		a.list = append(a.list, a.newAdder(t))
	}
	return a
}

func (a *tableAdders) add(b *trip.Batch) error {
	if err := a.declared.Compute(b); err != nil {
		return err
	}
	if len(a.list) >= fewTables {
		return group.SideBySide(len(a.list), func(i int) error { return a.list[i].add(b) })
	}
	for _, t := range a.list {
		if err := t.add(b); err != nil {
			return err
		}
	}
	return nil
}

func (a *tableAdders) newAdder(spec *Spec) adder {
	if !spec.declared() {
		return newGrouping(spec)
	}
	q := spec.query()
	return &declaredAdder{name: spec.Name, perFile: spec.PerFile, groups: a.declared.NewAdder(q, spec.MostGroups)}
}

// What the groups of a table may take as states, of all files together, as they are in memory at once when the table is made. Its rows take
// several times as much as finished groups do; other states shrink as they are merged and finished.
const (
	mostFinishedBytes = 64 << 20
	mostStateBytes    = 192 << 20
)

// checkHeld returns an error if groups of a table take too much.
func checkHeld(table string, finished, others int64) error {
	if finished <= mostFinishedBytes && others <= mostStateBytes {
		return nil
	}
	return fault.New(fault.Failed, "table %s has groups that take %d MiB so far, and all of them are held in memory when the table is made; group by coarser keys, leave trips out with WHERE or groups with HAVING, or give fewer files",
		table, (finished+others)>>20)
}

type declaredAdder struct {
	name    string
	perFile bool
	bytes   [2]int64 // of the states of all sources so far, of finished ones last
	groups  *group.Adder
}

func (d *declaredAdder) add(b *trip.Batch) error { return d.groups.Add(b) }

func (d *declaredAdder) state(_ []RuleCount, whole bool) (TableState, error) {
	stateOf, kind := d.groups.State, 0
	if whole && d.perFile {
		stateOf, kind = d.groups.Finished, 1
	}
	state, err := stateOf()
	d.groups.Reset()
	if d.bytes[kind] += int64(len(state)); err == nil {
		err = checkHeld(d.name, d.bytes[1], d.bytes[0])
	}
	return TableState{Table: d.name, Declared: true, State: state}, err
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
	counts, err := group.Header(state)
	if err == nil && !counts.Finished && r.Alone && fn.Spec.PerFile {
		state, err = group.Finish(fn.q, state)
	}
	if err != nil {
		return err
	}
	next := crc32.ChecksumIEEE([]byte(r.key())) // finished blocks go anywhere, to all shards alike
	return group.Blocks(state, func(shard uint32, finished bool, block []byte) error {
		if finished {
			shard, next = next%group.Shards, next+1
		}
		emit(int64(shard), block)
		return nil
	})
}

// Blocks are the states of some groups: see [group.Blocks].
type Blocks struct {
	Finished [][]byte
	Others   [][]byte // each more than twice as large as the next, so that merging n blocks costs n log n
}

// add adds a block, which it keeps.
func (b Blocks) add(block []byte) (Blocks, error) {
	counts, err := group.Header(block)
	if err != nil || counts.Finished {
		b.Finished = append(b.Finished, block)
		return b, err
	}
	b.Others = append(b.Others, block)
	for n := len(b.Others) - 1; n > 0 && len(b.Others[n-1]) < 2*len(b.Others[n]); n-- {
		both, err := group.Merge(b.Others[n-1], b.Others[n])
		if err != nil {
			return b, err
		}
		b.Others = append(b.Others[:n-1], both)
	}
	return b, nil
}

func encodeBlocks(b Blocks) ([]byte, error) { return element.EncodeRow(b) }
func decodeBlocks(b []byte) (Blocks, error) { return element.DecodeRow[Blocks](b) }

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
	var finished, others int64
	for {
		var shard int64
		var b Blocks
		if !next(&shard, &b) {
			break
		}
		for _, block := range b.Finished {
			finished += int64(len(block))
		}
		for _, block := range b.Others {
			others += int64(len(block))
		}
		blocks = append(blocks, b.Finished...)
		blocks = append(blocks, b.Others...)
	}
	if err := checkHeld(fn.Spec.Name, finished, others); err != nil {
		return err
	}
	rows, counted, err := group.Rows(fn.q, blocks)
	if err != nil {
		return err
	}
	emit(element.Table{Name: fn.Spec.Name, Record: rows, Counted: counted})
	return nil
}
