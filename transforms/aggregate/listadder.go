package aggregate

import (
	"slices"

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

// add adds the batches. The error is that of the first batch that has one, in the order in which the tables would tell it.
func (l *listAdder) add() error {
	if l.run == nil {
		l.compute, l.run = l.computeOne, func(i int) error { l.tasks[i].run(l); return nil }
	}
	if slices.ContainsFunc(l.sums, func(s *sourceSums) bool { return s.tables.set.declared }) {
		sidebyside.Do(len(l.batches), l.compute) //nolint:errcheck // the errors are in the batches
	}
	for _, s := range l.sums {
		for table := -1; table < len(s.tables.list); table++ {
			l.tasks = append(l.tasks, task{to: s, table: table})
		}
	}
	sidebyside.Do(len(l.tasks), l.run) //nolint:errcheck // the errors are in the tasks
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
