package main

import (
	"cmp"
	"context"

	"tripstats/io/publish"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/fault"
)

// bounds are those of a declared table.
func (s *settings) bounds() aggregate.Bounds {
	return aggregate.Bounds{Groups: int64(s.maxGroups), Bytes: s.groupMemory()}
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
	if err := j.checkColumns(specs); err != nil {
		return nil, err
	}
	return specs, j.checkZoneNames(j.queries)
}

// checkColumns refuses tables whose columns the format cannot have.
func (j *job) checkColumns(specs []*aggregate.Spec) error {
	for _, t := range specs {
		if err := publish.CheckColumns(j.format, t.Name, t.Schema()); err != nil {
			return fault.New(fault.Usage, "%v", err)
		}
	}
	return nil
}

// keepFormat sets the format that the output has, unless the user gave one.
func (j *job) keepFormat(have present, specs []*aggregate.Spec) error {
	if m := have.Manifest; m != nil && !j.given["format"] {
		j.format = cmp.Or(m.Format, tableFormats[0])
		return j.checkColumns(specs)
	}
	return nil
}
