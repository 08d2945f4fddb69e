package main

import (
	"context"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/publish"
	"tripstats/runners"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/quality"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// answer computes the rows of a query. Only what it needs is read, and nothing is published.
func (j *job) answer(ctx context.Context, q *query.Query) (arrow.RecordBatch, error) {
	q.Name = "answer"
	table := aggregate.Declared(q, j.bounds(), j.standard())
	p, runner, objects, err := j.prepare(ctx, []*aggregate.Spec{table})
	if err != nil {
		return nil, err
	}
	if runner.Elsewhere() {
		return nil, usage("--runner: found %s, whose workers are not in this process, expected direct or prism: an answer goes to standard output; make a table of it with --tables", runner.Name)
	}
	p.narrow(table)
	p.publish = publish.Config{ID: newID(), Tables: []string{table.Name}, MaxRejected: -1, Balance: []publish.Total{{Table: table.Name}}}
	if j.plan {
		return nil, j.showPlan(ctx, p)
	}
	told, err := runner.Check(j.places(objects))
	if err != nil {
		return nil, usage("%v", err)
	}
	for _, n := range told {
		j.stderr.line("note: %s", n)
	}
	r, err := j.collect(ctx, runner, p)
	if err != nil {
		return nil, err
	}
	notes(j.stderr, r.Files, p.endless(), j.noteGaps())
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
func (j *job) collect(ctx context.Context, runner runners.Runner, p plan) (publish.Result, error) {
	_, err := j.profiled(func() (runners.Outcome, error) {
		pipeline, scope := beam.NewPipelineWithRoot()
		build(scope, p)
		return runner.Run(ctx, pipeline)
	})
	if err != nil {
		return publish.Result{}, err
	}
	return publish.Take(p.publish.ID)
}
