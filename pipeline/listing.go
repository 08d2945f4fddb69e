package main

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/publish"
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// mostListed is how many trips the files of one run may list together. All of them are in memory until the run ends.
const mostListed = 1 << 17

// list runs the plan of a query of single trips, of which only the first are needed. All files are judged by their footers, so that whatever
// is wrong with them is found. Then the files are read in the order of their names, only as many as there have to be: one, and while too few trips
// are found, twice as many as before.
func list(ctx context.Context, runner runners.Runner, p plan, limit int64) (publish.Result, error) {
	files, err := p.contributing(ctx)
	switch {
	case err != nil:
		return publish.Result{}, err
	case len(files) == 0: // nothing is read
		return collect(ctx, runner, p)
	}
	var all publish.Result
	for _, f := range files {
		all.Files = append(all.Files, f.Admit()...)
	}
	p.admission.RequireComplete = false // of all files
	var records []arrow.RecordBatch
	found := int64(0)
	for n := 1; ; n = min(2*n, max(1, mostListed/int(max(1, limit)))) {
		n = min(n, len(files))
		p.files = nil
		for _, f := range files[:n] {
			p.files = append(p.files, f.Found)
		}
		files = files[n:]
		p.publish.ID = newID()
		r, err := collect(ctx, runner, p)
		if err != nil {
			return publish.Result{}, err
		}
		records = append(records, r.Record)
		if found += r.Record.NumRows(); found >= limit || len(files) == 0 {
			break
		}
	}
	all.Record, err = concatenated(records, min(found, limit))
	return all, err
}

// concatenated returns the first rows of records.
func concatenated(records []arrow.RecordBatch, rows int64) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, records[0].NumCols())
	for i := range columns {
		var parts []arrow.Array
		for _, r := range records {
			parts = append(parts, r.Column(i))
		}
		var err error
		if columns[i], err = array.Concatenate(parts, memory.DefaultAllocator); err != nil {
			return nil, err
		}
	}
	whole := array.NewRecordBatch(records[0].Schema(), columns, -1)
	return whole.NewSlice(0, rows), nil
}

// contributing are the files that can have trips of the answer, by the names of their sources.
func (p *plan) contributing(ctx context.Context) ([]element.Recognised, error) {
	kept, _, err := p.admit(ctx, func(element.Recognised) {})
	if err != nil {
		return nil, err
	}
	pruning := aggregate.Pruning{Spec: p.tables[0], Judged: p.standard}
	var files []element.Recognised
	for _, f := range kept {
		if f = f.Only(func(taxi string) bool { return pruning.Needs(taxi, f.Month) }); len(f.ByTaxi()) > 0 {
			files = append(files, f)
		}
	}
	return files, nil
}

// admit judges all files in this process, by their footers and by the dates in their texts, as the pipeline does: see [trip.Admit]. It
// calls seen with each recognised file while its columns are known.
func (p *plan) admit(ctx context.Context, seen func(element.Recognised)) (kept []element.Recognised, left []element.LeftOut, err error) {
	recognised, unusable, err := p.recognise(ctx, seen)
	if err != nil {
		return nil, nil, err
	}
	for _, in := range p.kept {
		if in.Unusable != nil {
			unusable = append(unusable, *in.Unusable)
		} else {
			recognised = append(recognised, trip.Recall(in.File, p.trips))
		}
	}
	return trip.Admit(recognised, unusable, p.admission)
}

// recognise recognises the files that are read, in this process. It calls seen with each while its columns are known.
func (p *plan) recognise(ctx context.Context, seen func(element.Recognised)) (recognised []element.Recognised, unusable []element.Unusable, err error) {
	var pending examinations
	keep := func(f element.Recognised) {
		seen(f)
		f.Metadata, f.Columns = nil, nil // there may be many files
		recognised = append(recognised, f)
	}
	refuse := func(u element.Unusable) { unusable = append(unusable, u) }
	for _, found := range p.files {
		d, err := source.Describe(ctx, p.read.Access, found)
		if err != nil {
			u, err := found.Refuse(err)
			if err != nil {
				return nil, nil, err
			}
			refuse(u)
			continue
		}
		f, err := trip.Recognise(d, p.trips)
		if err != nil {
			u, err := trip.Refuse(f, p.trips, err)
			if err != nil {
				return nil, nil, err
			}
			refuse(u)
			continue
		}
		pending.add(ctx, p.read, p.trips, f)
		if err := pending.finish(examinedAtOnce-1, p.trips, keep, refuse); err != nil {
			return nil, nil, err
		}
	}
	if err := pending.finish(0, p.trips, keep, refuse); err != nil {
		return nil, nil, err
	}
	return recognised, unusable, nil
}
