// Package aggregate turns batches of trips into the tables of the output, on exact sums.
//
// A [Spec] describes a table: its keys and values. Trips are added up in two steps. The first is by source file and taxi: [Partials]
// sums every bundle in memory, with a [State] for each table, and [PerSource] combines the states of the bundles by file and taxi. The
// shuffle therefore moves states, not trips, and each file has a result for each taxi that can be compared with its footer. The second step
// is by table: [Table] combines the states of all sources and makes the rows. A new table is one more entry of [Tables].
//
// Typed loops add the trips of a run of one month: whole slices if a table has no further key, an array of zones if its key is
// the zone of pickup and dropoff, and row by row otherwise.
package aggregate

import (
	"cmp"
	"errors"
	"slices"

	"tripstats/transforms/element"
	"tripstats/transforms/group"
	"tripstats/transforms/trip"
)

// Source is what the rows of one taxi in one source file add up to. Files of one taxi have one result, others one for each taxi.
type Source struct {
	Source      string
	Whole       string // name in the ledger: element.Found.Whole
	Taxi        string
	Month       int32        // of the file: element.Found.Month
	Unknown     int64        // columns the registry does not know
	Rows        int64        // read, including refused rows
	Counted     int64        // not refused
	States      []TableState // in the order of Tables
	Rules       []RuleCount  // ascending by month and rule
	RawDuration Sum          // µs, of all rows read, where rules were applied
	Duration    Sum          // µs, of the trips that count, where rules were applied and no table adds it up
	Refused     []MonthRows  // rows that row rules refused, by their pickup's month, ascending: see plausible

	NoCodes []element.ColumnRows // values without a number, by column: see trip.NoCode

	Alone bool // element.Admitted.Alone

	Text element.TextCounts // of a file of text

	Months []int32 // of the trips that count, ascending, if the file's name has no month

	Read  bool  // some of it was read in this run: there is more than what a run before has kept
	Kept  bool  // some of it was kept by a run before
	Size  int64 // bytes of the file
	Due   int64 // rows that the file has, or element.UnknownRows
	Again Again
}

// Again is what was read of a file, some of whose tables are kept, for the others alone. The kept result has the rows, their rules and their
// months already.
type Again struct {
	Rows    int64
	Counted int64
	Rules   []RuleCount          // those that bear on the columns that were read
	NoCodes []element.ColumnRows // of the columns that were read
}

// key is the key of the results of one source and taxi.
func (s Source) key() string { return s.Source + "\x00" + s.Taxi }

// MonthRows is the number of rows in a month.
type MonthRows struct {
	Month int32
	Rows  int64
}

func mergeMonthRows(a, b MonthRows) MonthRows { return MonthRows{a.Month, a.Rows + b.Rows} }

// plausible tells whether the name of a file could have this month. It bounds the number of months that are kept, whatever a
// file holds.
func plausible(month int32) bool {
	year := trip.YearOf(month)
	return month != element.NoMonth && year >= 2000 && year < 2100
}

// mostRefused returns the month of most refused rows, the first one if several have as many. Without refused rows its Rows is
// 0.
func (s Source) mostRefused() MonthRows {
	var most MonthRows
	for _, m := range s.Refused {
		if m.Rows > most.Rows {
			most = m
		}
	}
	return most
}

// TableState is the state of one table in its binary form. Many files may each have one, and its groups would take much more
// memory.
type TableState struct {
	Table    string
	State    []byte // of a declared table without trips: nothing
	Declared bool   // the state is of package group, otherwise a [State]
}

// State returns the state of a table that is not declared.
func (s Source) State(table string) (state State, err error) {
	if b := s.bytes(table); b != nil {
		err = state.UnmarshalBinary(b)
	}
	return state, err
}

// bytes returns the state of a table in its binary form.
func (s Source) bytes(table string) []byte {
	for _, t := range s.States {
		if t.Table == table {
			return t.State
		}
	}
	return nil
}

// RuleCount is how often a rule fired for trips of a month: the month of the pickup for cell rules, that of the file for row
// rules.
type RuleCount struct {
	Month int32
	Rule  int32 // a quality.ID
	Rows  int64
	Sum   Sum // of the values left out; only where the rule adds them up
}

// key orders rule counts by month and rule.
func (r RuleCount) key() int64 { return int64(r.Month)<<16 | int64(r.Rule) }

func mergeRules(a, b RuleCount) RuleCount {
	a.Rows += b.Rows
	a.Sum.merge(b.Sum)
	return a
}

// mergeSources adds up two results of one source. It changes neither of them.
func mergeSources(a, b Source) (Source, error) {
	a.RawDuration.merge(b.RawDuration)
	a.Duration.merge(b.Duration)
	states, err := mergeStates(a.States, b.States)
	return Source{
		RawDuration: a.RawDuration,
		Duration:    a.Duration,
		Source:      cmp.Or(a.Source, b.Source),
		Whole:       cmp.Or(a.Whole, b.Whole),
		Taxi:        cmp.Or(a.Taxi, b.Taxi),
		Month:       cmp.Or(a.Month, b.Month),
		Unknown:     a.Unknown + b.Unknown,
		Rows:        a.Rows + b.Rows,
		Counted:     a.Counted + b.Counted,
		Refused:     mergeSorted(a.Refused, b.Refused, func(m MonthRows) int32 { return m.Month }, mergeMonthRows),
		Rules:       mergeSorted(a.Rules, b.Rules, RuleCount.key, mergeRules),
		States:      states,
		NoCodes:     element.MergeColumnRows(a.NoCodes, b.NoCodes),
		Alone:       a.Alone || b.Alone,
		Text:        a.Text.Plus(b.Text),
		Months:      mergeSorted(a.Months, b.Months, func(m int32) int32 { return m }, func(m, _ int32) int32 { return m }),
		Read:        a.Read || b.Read,
		Kept:        a.Kept || b.Kept,
		Size:        max(a.Size, b.Size),
		Due:         cmp.Or(a.Due, b.Due),
		Again: Again{
			Rows:    a.Again.Rows + b.Again.Rows,
			Counted: a.Again.Counted + b.Again.Counted,
			Rules:   mergeSorted(a.Again.Rules, b.Again.Rules, RuleCount.key, mergeRules),
			NoCodes: element.MergeColumnRows(a.Again.NoCodes, b.Again.NoCodes),
		},
	}, err
}

// mergeStates adds up the states of the same tables. Either side may have none.
func mergeStates(a, b []TableState) ([]TableState, error) {
	switch {
	case len(a) == 0:
		return b, nil
	case len(b) == 0:
		return a, nil
	}
	merged := slices.Clone(a)
	for i := range merged {
		var err error
		switch {
		case !a[i].Declared:
			merged[i].State, err = mergePacked(a[i].State, b[i].State)
		case len(a[i].State) == 0:
			merged[i].State = b[i].State
		case len(b[i].State) > 0:
			merged[i].State, err = group.Merge(a[i].State, b[i].State)
		}
		if err != nil {
			return nil, err
		}
	}
	return merged, nil
}

func mergePacked(a, b []byte) ([]byte, error) {
	x, errX := walkState(a)
	y, errY := walkState(b)
	switch err := errors.Join(errX, errY); {
	case err != nil:
		return nil, err
	case x.groups == 0 && x.filtered == 0 && x.end() == nil: // a seed: there may be many, and the bytes are there
		return b, nil
	case y.groups == 0 && y.filtered == 0 && y.end() == nil:
		return a, nil
	}
	var s State
	if err := errors.Join(s.UnmarshalBinary(a), s.add(b)); err != nil {
		return nil, err
	}
	return s.packed()
}

// mergeSorted merges two slices that ascend strictly by key into a new one, adding up equal keys.
func mergeSorted[T any, K cmp.Ordered](a, b []T, key func(T) K, add func(T, T) T) []T {
	if len(a)+len(b) == 0 {
		return nil
	}
	out := make([]T, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch c := cmp.Compare(key(a[0]), key(b[0])); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, add(a[0], b[0])), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// seed is the result of a file without rows. It gives every file a result, and every seeded table a row for the month in the
// file's name.
func (fn *seedFn) seed(f element.Admitted) (Source, error) {
	s := Source{Source: f.Source, Whole: f.Whole(), Taxi: f.Taxi, Month: f.Month, Unknown: int64(len(f.Unknown)), Alone: f.Alone, Read: !f.Kept, Size: f.Size, Due: f.Rows}
	if fn.states == nil || fn.month != f.Month { // most files are of the month of the file before, and share the states
		states, err := seedStates(f.Month, fn.Tables)
		if err != nil {
			return s, err
		}
		fn.states, fn.month = states, f.Month
	}
	s.States = fn.states
	return s, nil
}

// seedStates are the states of a file of a month without rows.
func seedStates(month int32, tables []*Spec) (states []TableState, err error) {
	for _, t := range tables {
		if t.declared() {
			states = append(states, TableState{Table: t.Name, Declared: true})
			continue
		}
		var state State
		if t.Seeded && month != element.NoMonth {
			state.Groups = []Group{{Month: month, Sums: make([]Sum, len(t.sums()))}}
		}
		packed, err := state.AppendBinary(nil)
		if err != nil {
			return nil, err
		}
		states = append(states, TableState{Table: t.Name, State: slices.Clip(packed)})
	}
	return slices.Clip(states), nil
}

// sortedKeys returns the keys of m, ascending.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
