package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/tlc"
	"tripstats/runners"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/dataset"
	"tripstats/transforms/fault"
	"tripstats/transforms/library"
	"tripstats/transforms/query"
)

// present describes the output when a run is planned.
type present struct {
	publish.Head
	known   bool        // false if the workers run elsewhere: this process may see another folder of that name
	index   *kept.Index // nil if no results are kept
	lagging bool        // the copies may be older than the head
	bytes   int64       // how many bytes were read for this
	monthly chan []byte // receives the file of the monthly table, for stdout if there is nothing to do; nil if the file is read only then
}

// reading starts to read the output and returns at once. The function that it returns waits for the result.
func (j *job) reading(ctx context.Context, runner runners.Runner) (wait func() (present, error)) {
	type result struct {
		present
		err error
	}
	done := make(chan result, 1)
	go func() {
		p, err := j.readPresent(ctx, runner)
		done <- result{p, err}
	}()
	return func() (present, error) {
		r := <-done
		done <- r
		return r.present, r.err
	}
}

// readPresent reads the head of the output and its kept results.
func (j *job) readPresent(ctx context.Context, runner runners.Runner) (present, error) {
	none := present{Head: publish.Head{Version: publish.NoVersion}}
	if !runner.Here() && !objstore.Remote(j.output) || j.beam.IsSet("dry_run") {
		return none, nil
	}
	p, before := present{known: true}, objstore.BytesRead()
	var err error
	switch p.Head, err = publish.ReadHead(ctx, j.access(), j.output); {
	case err == nil, errors.Is(err, publish.ErrNoManifest):
	case runner.Elsewhere() && j.existing != extend: // the workers may have other credentials
		j.stderr.line("note: output %s: it cannot be read from here, so all inputs are read: %v", objstore.Redact(j.output), objstore.Reason(err))
		return none, nil
	default:
		return p, fault.New(fault.Failed, "output %s: %s: %v; nothing was published", objstore.Redact(j.output), publish.ManifestName, objstore.Reason(err))
	}
	if p.Manifest == nil {
		return p, nil
	}
	if i := monthlyOf(p.Manifest); i >= 0 && objstore.Remote(j.output) && !j.plan { // a request takes time: start it early
		p.monthly = make(chan []byte, 1)
		go func() {
			content, _ := j.access().ReadAll(ctx, objstore.Join(j.output, p.Manifest.Outputs[i].Path)) // an error is ignored here: the table is read again when it is needed
			p.monthly <- content
		}()
	}
	lagging := make(chan error, 1)
	go func() {
		looks := []func(context.Context, objstore.Access, string) (bool, error){p.Lagging, p.LacksCopies}
		is := make([]bool, len(looks))
		err := objstore.Each(len(looks), func(i int) (err error) { // at once: each takes as long as a request
			is[i], err = looks[i](ctx, j.access(), j.output)
			return err
		})
		p.lagging = slices.Contains(is, true)
		lagging <- err
	}()
	index, err := publish.ReadIndex(ctx, j.access(), j.output, p.Dir)
	if err = errors.Join(away(err), away(<-lagging)); err != nil {
		return p, fault.New(fault.Failed, "output %s: reading what it has kept: %v; nothing was published", objstore.Redact(j.output), objstore.Reason(err))
	}
	p.index, p.bytes = index, objstore.BytesRead()-before
	return p, nil
}

// away returns err if a store did not answer. It drops all other errors: kept results that cannot be read are not used.
func away(err error) error {
	if fault.CodeOf(err, fault.OK) == fault.Unavailable || errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// inheritDatasets declares the datasets of an output that is extended, if none are given: the values of other flags depend on them.
func (j *job) inheritDatasets(ctx context.Context) error {
	if j.given["dataset"] || !strings.EqualFold(strings.TrimSpace(j.existing), extend) || checkOutput(j.output) != nil {
		return nil
	}
	before := objstore.BytesRead()
	h, err := publish.ReadHead(ctx, j.access(), j.output)
	j.ofOutput = objstore.BytesRead() - before
	if err != nil || h.Manifest == nil {
		return nil // planning the run reports it
	}
	for _, set := range h.Manifest.Sets {
		d, err := dataset.Parse(set.File, set.Text, tlc.Taxis())
		if err != nil || set.Text == "" {
			return fault.New(fault.Gate, "--existing=extend: the output %s was made with the declaration %s, which it does not have any more; add --dataset=FILE, %s", objstore.Redact(j.output), set.File, wayOut)
		}
		declared := declaredDataset{Declared: d, file: set.File, text: set.Text}
		if z := set.Zones; z != nil {
			declared.zonesText = z.Text
			if declared.zones, err = dataset.ParseZones(z.File, z.Text, *d.Dataset.Local); err != nil {
				return fault.New(fault.Gate, "--existing=extend: the output %s has the zones of %s, which this program refuses: %v; add --dataset=FILE, %s", objstore.Redact(j.output), set.File, err, wayOut)
			}
		}
		j.parsed.datasets = append(j.parsed.datasets, declared)
	}
	return nil
}

// extendedTables returns the tables of an output that is extended, and those that --tables adds.
func (j *job) extendedTables(m *publish.Manifest, named []declaredTable) ([]declaredTable, error) {
	var tables []declaredTable
	isStandard, ofStandard := false, aggregate.Names(aggregate.Tables(true))
	for _, o := range m.Outputs {
		if _, isStanding := standingNamed(o.Table); isStanding {
			isStandard = isStandard || slices.Contains(ofStandard, o.Table) // others are in outputs without them too
			continue
		}
		t, err := j.tableOf(o)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	var all []declaredTable
	for _, t := range named {
		if t.query == nil {
			isStandard = true
		}
	}
	if isStandard {
		for _, t := range standing {
			all = append(all, declaredTable{t.name, standardTables, nil})
		}
	}
	all = append(all, tables...)
	for _, t := range named {
		if t.query == nil {
			continue
		}
		same := false
		for _, have := range tables {
			if have.name != t.name {
				continue
			}
			if same = true; have.query.SQL != t.query.SQL {
				return nil, fault.New(fault.Gate, "--tables: %s: found another query of the table %s than the output %s has; nothing was published: give the table another name, %s", t.place, t.name, objstore.Redact(j.output), wayOut)
			}
		}
		if !same {
			all = append(all, t)
		}
	}
	return all, nil
}

// tableOf returns a table of an output, made from its query.
func (j *job) tableOf(o publish.Output) (declaredTable, error) {
	if t, ok := library.Named(o.Table); ok && (o.SQL == "" || o.SQL == t.Query.SQL) {
		return declaredTable{t.Name, "the library", t.Query}, nil
	}
	q, err := query.ParseQuery(o.Table, o.SQL)
	if err != nil || o.SQL == "" {
		why := "its query is not recorded"
		if o.SQL != "" {
			why = fmt.Sprintf("this program refuses its query: %v", err)
		}
		return declaredTable{}, fault.New(fault.Gate, "--existing=extend: the table %s of the output %s cannot be made again: %s; nothing was published: %s", o.Table, objstore.Redact(j.output), why, strings.TrimPrefix(wayOut, "or "))
	}
	q.Name = o.Table
	return declaredTable{o.Table, "the output", q}, nil
}

// gone tells whether an error says that there is no such file.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
