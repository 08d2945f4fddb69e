package main

import (
	"context"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/publish"
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// answer computes the rows of a query. Only what it needs is read, and nothing is published.
func (j *job) answer(ctx context.Context, q *query.Query) (arrow.RecordBatch, error) {
	q.Name, j.queries = "answer", []*query.Query{q}
	table := aggregate.Declared(q, j.bounds(), j.standard())
	table.Answer = true
	runner, err := runners.Find(j.runner)
	if err != nil {
		return nil, usage("--runner: %v", err)
	}
	runner = runner.With(j.beam)
	if !j.plan {
		j.teller = j.tellProgress()
		defer j.teller.end(false)
	}
	p, objects, err := j.prepare(ctx, runner, []*aggregate.Spec{table})
	if err != nil {
		return nil, err
	}
	if runner.Elsewhere() {
		return nil, usage("--runner: found %s, whose workers are not in this process, expected direct or prism: an answer goes to standard output; make a table of it with --tables", runner.Name)
	}
	if err := source.FindPacked(ctx, j.access(), p.files); err != nil {
		return nil, err
	}
	if !p.admission.MergeSameMonth {
		if err := source.FindCopies(ctx, j.access(), objects, p.files); err != nil {
			return nil, err
		}
	}
	p.narrow(table)
	p.publish = publish.Config{ID: newID(), Tables: []string{table.Name}, MaxRejected: -1, Balance: []publish.Total{{Table: table.Name}}}
	if j.plan {
		return nil, j.showPlan(ctx, &planner{plan: &p, job: j})
	}
	told, err := runner.Check(j.places(objects))
	if err != nil {
		return nil, usage("%v", err)
	}
	for _, n := range told {
		j.stderr.line("note: %s", n)
	}
	var r publish.Result
	j.teller.looksAt(len(p.files))
	_, err = j.profiled(func() (none runners.Outcome, err error) {
		if q.Grouped {
			r, err = collect(ctx, runner, p)
		} else {
			r, err = list(ctx, runner, p, q.Limit)
		}
		return none, err
	})
	if err != nil {
		return nil, err
	}
	j.teller.end(true)
	notes(j.stderr, r.Files, p.endless(), j.verbose && j.noteGaps()) // who asks a question chooses its files
	m := &publish.Manifest{Inputs: r.Inputs}
	if p.standard {
		noteRefused(j.stderr, m)
		noteUnreadable(j.stderr, m)
	}
	noteNoCodes(j.stderr, m)
	if q.Where != nil && q.Grouped { // of single trips, not all are counted
		noteNone(j.stderr, r.Tallies)
	}
	return r.Record, nil
}

// narrow makes the plan read only what a table needs.
func (p *plan) narrow(table *aggregate.Spec) {
	p.answers = true
	p.trips.Wanted = append([]trip.Field{trip.Pickup}, table.Needs()...)
	if p.standard {
		p.quality.Wanted = p.trips.Wanted
		_, looks := quality.For(p.quality.Wanted)
		p.trips.Wanted = slices.Concat(p.trips.Wanted, looks)
	}
}

// collect runs a plan whose table is the answer to a query.
func collect(ctx context.Context, runner runners.Runner, p plan) (publish.Result, error) {
	pipeline, scope := beam.NewPipelineWithRoot()
	build(scope, p)
	if _, err := runner.Run(ctx, pipeline); err != nil {
		return publish.Result{}, err
	}
	return publish.Take(p.publish.ID)
}

// noteNone tells that WHERE leaves out all trips: it may name a taxi, a borough or a year that the files do not have.
func noteNone(w console, tallies []element.Tally) {
	counted, filtered := int64(0), int64(0)
	for _, t := range tallies {
		counted += t.Counted
		for _, f := range t.Filtered {
			filtered += f.Rows
		}
	}
	switch {
	case counted == 0:
		w.line("note: no file can have trips for which WHERE is true")
	case counted == filtered:
		w.line("note: WHERE is true for none of %d trips", counted)
	}
}
