package aggregate

import (
	"errors"
	"runtime"

	"tripstats/transforms/group"
	"tripstats/transforms/query"
	"tripstats/transforms/sidebyside"
	"tripstats/transforms/trip"
)

// collector is what package group does to the trips of a query: a [group.Adder] or a [group.Lister].
type collector interface {
	Fields() []trip.Field
	AddFrom(at int, b *trip.Batch) error
	State() ([]byte, error)    // the groups as they can be merged
	Finished() ([]byte, error) // the groups if no other has a part in them
	Reset()
	Bytes() int64
}

// adder adds up the trips of one source for one table. A batch is added once; rows that rules refuse do not count.
type adder interface {
	// add adds the batch in a place of the list.
	add(at int, b *trip.Batch) error

	// state returns what was added in its binary form. Whole tells that it is all of the source. After it the adder is as new.
	state(rules []RuleCount, whole bool) (TableState, error)

	// bytes is the memory of a declared table's groups, about.
	bytes() int64
}

// fewTables is the least number of tables to which a single batch is added side by side. The standing tables are so fast that handing them
// to other goroutines would take longer.
const fewTables = 3

// tableSet is the tables that are added up of some sources. What they compute of a batch is computed once, in its place in the list.
type tableSet struct {
	tables   []*Spec
	skip     uint64 // element.Found.Skip: these tables are not added up
	computed group.Together
	declared bool // there are declared tables
}

// fewRows is the least number of rows of a part of a batch.
const fewRows = 1 << 12

// parts is the number of parts into which the only batch of a list is cut, so that several cores compute what declared tables need of it.
func (s *tableSet) parts(rows int) int {
	if !s.declared {
		return 1
	}
	return max(1, min(runtime.GOMAXPROCS(0), rows/fewRows))
}

// adders returns new adders of all tables.
func (s *tableSet) adders() *tableAdders {
	a, keys := &tableAdders{set: s}, s.computed.NewKeys()
	for i, t := range s.tables {
		switch {
		case s.skip>>i&1 == 1:
			a.list = append(a.list, noAdder{t})
		case t.declared():
			s.declared = true
			a.list = append(a.list, &declaredAdder{spec: t, trips: t.collector(i, t.query(), keys)})
		default:
			a.list = append(a.list, newGrouping(t))
		}
	}
	return a
}

// collector returns a new collector for a query of the table. It shares its keys with the other collectors of its source.
func (s *Spec) collector(number int, q *query.Query, keys *group.Keys) collector {
	if !q.Grouped {
		return keys.NewLister(number, q)
	}
	return keys.NewAdder(number, q, s.MostGroups)
}

// compute computes what the tables need of the batch in a place.
func (s *tableSet) compute(at int, b *trip.Batch) error {
	if !s.declared {
		return nil
	}
	err := s.computed.Compute(at, b)
	if failing := (*group.Failing)(nil); errors.As(err, &failing) {
		for _, t := range s.tables {
			if t.Name == failing.Query.Name {
				return t.fails(failing.Err)
			}
		}
	}
	return err
}

// tableAdders are the adders of all tables, for one source and taxi.
type tableAdders struct {
	list []adder
	set  *tableSet
}

func newAdders(tables []*Spec) *tableAdders {
	set := &tableSet{tables: tables}
	a := set.adders()
	set.computed.Grow(1)
	return a
}

// add adds a list's only batch.
func (a *tableAdders) add(b *trip.Batch) error {
	if err := a.set.compute(0, b); err != nil {
		return err
	}
	if len(a.list) >= fewTables {
		return sidebyside.Do(len(a.list), func(i int) error { return a.list[i].add(0, b) })
	}
	for _, t := range a.list {
		if err := t.add(0, b); err != nil {
			return err
		}
	}
	return nil
}

// noAdder stands for a table whose result is kept.
type noAdder struct{ spec *Spec }

func (n noAdder) add(int, *trip.Batch) error { return nil }
func (n noAdder) bytes() int64               { return 0 }

func (n noAdder) state([]RuleCount, bool) (TableState, error) { return emptyState(n.spec) }

// emptyState is the state of no trips.
func emptyState(spec *Spec) (TableState, error) {
	if spec.declared() {
		return TableState{Table: spec.Name, Declared: true}, nil
	}
	packed, err := State{}.packed()
	return TableState{Table: spec.Name, State: packed}, err
}

type declaredAdder struct {
	spec  *Spec
	trips collector
}

func (d *declaredAdder) add(at int, b *trip.Batch) error {
	if err := d.trips.AddFrom(at, b); err != nil {
		return d.spec.fails(err)
	}
	return d.spec.fits(d.trips.Bytes())
}

func (d *declaredAdder) bytes() int64 { return d.trips.Bytes() }

func (d *declaredAdder) state(_ []RuleCount, whole bool) (TableState, error) {
	stateOf := d.trips.State
	if whole && d.spec.PerFile {
		stateOf = d.trips.Finished
	}
	state, err := stateOf()
	d.trips.Reset()
	return TableState{Table: d.spec.Name, Declared: true, State: state}, d.spec.fails(err)
}
