package main

import (
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/kept"
	"tripstats/io/publish"
	"tripstats/io/quarantine"
	"tripstats/io/source"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// plan is what the graph is built from: the user's choices, resolved.
type plan struct {
	files     []element.Found
	read      source.Config
	dealt     bool // large files are cut into several works, which are dealt out to the workers; otherwise this process reads them all
	trips     trip.Options
	admission trip.Admission
	standard  bool              // judge by the rules; otherwise every row counts as it is
	tables    []*aggregate.Spec // beside the ledger and the zones table
	zones     aggregate.Zones
	quality   quality.Config // of the rules
	publish   publish.Config
	kept      []*kept.Input // inputs that are not read: see kept.Input.File.Kept
	partly    []*kept.Input // inputs that are read for some tables only: see Skip of their entries in files

	answers bool // the only table is the answer to a question: it goes to this process, and only files that can have a part in it are read
}

// quarantined tells whether rows that rules refused are kept.
func (p plan) quarantined() bool { return p.quality.Keep != quality.KeepNone }

// endless tells whether a file without a month in its name may have pickups of any month, however late.
func (p plan) endless() bool { return p.standard && p.quality.AsOf == element.NoMonth }

// build lays out the whole pipeline. What flows, and how many elements of it:
//
//	found, described, recognised, told, unusable, left out: one a file
//	narrowed, admitted, tallies: one 256 files, because a runner needs as much memory for an element as a small file has
//	works               one, of all files; on a cluster one a run of row groups, 16 MB or one row group at least, or some small
//	                    files, dealt out to the workers
//	columns, trips      lists of batches of 16,384 rows: all that is done to rows is done in fused stages, to batches, and to those of a
//	                    list side by side. A list has at most as many batches as there are cores; on a cluster it has one
//	partials            one a bundle and file in it: what is shuffled is these accumulators
//	kept results        one a file of the run before that has not changed: they take the place of its partials
//	perSource           one a file
//	remembered          one 256 files or 1 MiB of packed results: what a later run can use
//	tables              one a table
//	rejects, kept       with --quarantine: one a batch with such rows, one a row group with such rows
func build(s beam.Scope, p plan) {
	if in := results(s, p); p.answers {
		publish.Answer(s, p.publish, in)
	} else {
		publish.Publish(s, p.publish, in)
	}
}

// results lays out all but the last step of the pipeline.
func results(s beam.Scope, p plan) publish.Inputs {
	found := source.Found(s, p.files)
	described, unreadable := source.Described(s, p.read, found)
	recognised, unknown := trip.Recognised(s, p.trips, described)
	recognised, unclear := examined(s, p.read, p.trips, recognised)
	narrowed, unusable := source.Narrowed(s, recognised), []beam.PCollection{unreadable, unknown, unclear}
	if len(p.kept) > 0 {
		files, left := kept.Files(s, p.kept, func(f element.Recognised) element.Recognised { return trip.Recall(f, p.trips) })
		narrowed, unusable = beam.Flatten(s, narrowed, files), append(unusable, left)
	}
	toRead, admitted, leftOut, files := trip.Admitted(s, p.admission, narrowed, beam.Flatten(s, unusable...))

	if p.answers {
		toRead, admitted = aggregate.Pruned(s, p.tables[0], p.standard, toRead, admitted)
	}

	works := source.Works(s, p.read, p.dealt, toRead)
	if p.dealt {
		works = beam.Reshuffle(s, works)
	}
	read := p.read
	if !p.dealt && read.Lanes == 0 {
		read.Lanes = source.AllCores
	}
	read.Codes = !p.trips.KeepOrigin // rows are kept by their values
	columns := source.Read(s, read, works)
	trips := trip.MapFields(s, p.trips, columns)
	trips = trip.Derive(s, p.trips, trips)
	var rejects beam.PCollection
	switch {
	case p.quarantined():
		trips, rejects = quality.JudgedWithRejects(s, p.quality, trips)
	case p.standard:
		trips = quality.Judged(s, p.quality, trips)
	}
	partials := aggregate.Partials(s, p.tables, trips)
	var quarantined []beam.PCollection
	if p.quarantined() {
		quarantined = []beam.PCollection{quarantine.Write(s, *p.publish.Quarantine, rejects)}
	}
	if len(p.kept)+len(p.partly) > 0 {
		stored := kept.Read(s, p.read.Access, p.publish.Output, slices.Concat(p.kept, p.partly))
		partials = beam.Flatten(s, partials, aggregate.Unpacked(s, p.tables, stored))
	}
	perSource := aggregate.PerSource(s, p.tables, admitted, partials)
	var remembered []beam.PCollection
	if !p.answers {
		settled, packed := aggregate.Packed(s, p.tables, perSource)
		perSource, remembered = settled, []beam.PCollection{beam.Flatten(s, files, packed)}
	}

	var tables []beam.PCollection
	for _, t := range p.tables {
		tables = append(tables, aggregate.Table(s, t, p.zones, perSource))
	}
	in := publish.Inputs{Files: admitted, LeftOut: leftOut, Tallies: aggregate.Tallies(s, p.tables, perSource), Tables: tables, Kept: quarantined, Remembered: remembered}
	if p.answers {
		return in
	}
	if p.standard {
		in.Tables = append(in.Tables, aggregate.Ledger(s, perSource))
	}
	in.Tables = append(in.Tables, aggregate.ZonesTable(s, p.zones))
	return in
}
