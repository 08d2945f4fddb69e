package main

import (
	"context"

	"tripstats/io/publish"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/fault"
)

// bounds are those of a declared table. Its groups may take as much as reading may.
func (s *settings) bounds() aggregate.Bounds {
	return aggregate.Bounds{Groups: int64(s.maxGroups), Bytes: int64(s.mostMemory(nil))}
}

// specs returns the tables that the run makes, beside the ledger: those of --tables, in its order, with the standing ones first. If it
// adds to an output, those of the output are before them.
func (j *job) specs(ctx context.Context) ([]*aggregate.Spec, error) {
	list, err := j.declaredTables(ctx)
	if m := j.parsed.extended; m != nil && err == nil {
		list, err = j.extendedTables(m, list)
	}
	if err != nil {
		return nil, err
	}
	j.queries = nil
	var specs, made []*aggregate.Spec
	for _, t := range list {
		if t.query != nil {
			j.queries = append(j.queries, t.query)
			made = append(made, aggregate.Declared(t.query, j.bounds(), j.standard()))
		} else if len(specs) == 0 { // standard stands for all of them
			specs = aggregate.Tables(j.standard())
		}
	}
	specs = append(specs, made...)
	for _, t := range specs {
		if err := publish.CheckColumns(j.format, t.Name, t.Schema()); err != nil {
			return nil, fault.New(fault.Usage, "%v", err)
		}
	}
	return specs, j.checkZoneNames(j.queries)
}
