package aggregate

import (
	"cmp"
	"slices"
	"time"

	"tripstats/transforms/sidebyside"
	"tripstats/transforms/trip"
)

// listAdder adds the batches of a list. First it computes side by side what the tables need of each batch. Then the sources are added up side
// by side, and of a source the tables, but the batches of a source in their order: so there is one state of each source and table, however
// many cores there are. It reuses its memory.
type listAdder struct {
	batches []placed
	sums    []*sourceSums // that have batches in the list
	tasks   []task
	order   []int           // the order in which the tasks begin, as indexes of tasks
	costs   []time.Duration // by table, beginning with table -1: how long its recent tasks took
	whole   *trip.Batch     // the only batch, if it is added in parts
	parts   []trip.Batch

	compute, run func(i int) error
}

// placed is a batch of the list.
type placed struct {
	*trip.Batch
	to  *sourceSums
	err error // of computing it
}

// task is to add the batches of a source and taxi to a table.
type task struct {
	to    *sourceSums
	table int // -1 for what the source has beside the tables
	at    int // the place in the list of the batch that has an error
	err   error
	took  time.Duration
}

// place takes a batch into the list.
func (l *listAdder) place(b *trip.Batch, to *sourceSums) {
	to.batches = append(to.batches, len(l.batches))
	l.batches = append(l.batches, placed{Batch: b, to: to})
	if len(to.batches) == 1 {
		l.sums = append(l.sums, to)
	}
}

// forget forgets the list.
func (l *listAdder) forget() {
	for _, s := range l.sums {
		s.batches = s.batches[:0]
	}
	clear(l.batches)
	clear(l.sums)
	clear(l.tasks)
	l.batches, l.sums, l.tasks = l.batches[:0], l.sums[:0], l.tasks[:0]
}

// addParts adds the only batch in parts to the tables. What the source has beside the tables is added from the whole batch.
func (l *listAdder) addParts(b *trip.Batch, to *sourceSums, parts int) error {
	l.parts = slices.Grow(l.parts[:0], parts)
	for i := range parts {
		l.parts = append(l.parts, b.Part(partEnd(b.Rows, i, parts), partEnd(b.Rows, i+1, parts)))
	}
	for i := range l.parts {
		l.place(&l.parts[i], to)
	}
	l.whole = b
	defer func() {
		l.whole = nil
		clear(l.parts)
	}()
	return l.add()
}

// partEnd is the row at which part i ends, counted from 1. Parts begin at multiples of 8, as [trip.Batch.Part] demands.
func partEnd(rows, i, parts int) int {
	if i == parts {
		return rows
	}
	return rows * i / parts &^ 7
}

// add adds the batches. The error is that of the first batch that has one, in the order in which the tables would tell it.
func (l *listAdder) add() error {
	if l.run == nil {
		l.compute, l.run = l.computeOne, func(i int) error { l.tasks[l.order[i]].run(l); return nil }
	}
	if slices.ContainsFunc(l.sums, func(s *sourceSums) bool { return s.tables.set.declared }) {
		sidebyside.Do(len(l.batches), l.compute) //nolint:errcheck // the errors are in the batches
	}
	for _, s := range l.sums {
		for table := -1; table < len(s.tables.list); table++ {
			l.tasks = append(l.tasks, task{to: s, table: table})
		}
	}
	l.plan()
	sidebyside.Do(len(l.tasks), l.run) //nolint:errcheck // the errors are in the tasks
	for i := range l.tasks {
		t := &l.tasks[i]
		cost := &l.costs[t.table+1]
		*cost += (t.took - *cost) / 8
	}
	at, err := len(l.batches), error(nil)
	if i := slices.IndexFunc(l.batches, func(b placed) bool { return b.err != nil }); i >= 0 {
		at, err = i, l.batches[i].err
	}
	for _, t := range l.tasks {
		if t.err != nil && t.at < at {
			at, err = t.at, t.err
		}
	}
	return err
}

// plan sets the order of the tasks. Those that take long begin first, so that cores do not wait for a long task that began last.
func (l *listAdder) plan() {
	l.order = l.order[:0]
	for i, t := range l.tasks {
		l.order = append(l.order, i)
		for len(l.costs) < t.table+2 {
			l.costs = append(l.costs, 0)
		}
	}
	slices.SortStableFunc(l.order, func(i, j int) int {
		return cmp.Compare(l.costs[l.tasks[j].table+1], l.costs[l.tasks[i].table+1])
	})
}

// computeOne computes what tables need of a batch.
func (l *listAdder) computeOne(i int) error {
	b := &l.batches[i]
	set := b.to.tables.set
	if b.err = set.compute(i, b.Batch); b.err == nil && set.declared {
		set.computed.Choose(i, b.Batch)
	}
	return nil
}

// run adds the batches up to the first that has an error.
func (t *task) run(l *listAdder) {
	began := time.Now()
	defer func() { t.took = time.Since(began) }()
	if t.table < 0 && l.whole != nil {
		t.to.addRows(l.whole)
		return
	}
	for _, t.at = range t.to.batches {
		b := &l.batches[t.at]
		switch {
		case b.err != nil:
			return
		case t.table < 0:
			t.to.addRows(b.Batch)
		default:
			if t.err = t.to.tables.list[t.table].add(t.at, b.Batch); t.err != nil {
				return
			}
		}
	}
}
