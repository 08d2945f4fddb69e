package main

import (
	"tripstats/io/publish"
	"tripstats/runners"
	"tripstats/transforms/watch"
)

// readFile is the record of a file that was read.
func readFile(d watch.Done) fileRecord {
	seconds := hundredths(d.Took.Seconds())
	return fileRecord{Source: d.Source, Taxi: d.Taxi, Use: "read", Rows: d.Rows, Refused: d.Refused, Seconds: &seconds}
}

// tellFiles writes a line for each input that has none yet: inputs that were reused, and inputs that a cluster has read. Inputs that this
// process reads get their line when they have been read.
func (j *job) tellFiles(runner runners.Runner, m *publish.Manifest, pl *planner) {
	read := pl.reads()
	for _, in := range m.Inputs {
		r := fileRecord{Source: in.Source, Taxi: in.Taxi, Use: "read", Rows: in.Rows, Refused: in.Rows - in.Counted}
		if !read[in.Source] {
			r.Use = "reused"
		} else if runner.Here() {
			continue
		}
		j.stderr.file(r)
	}
}

// file tells what became of a file.
func (c console) file(r fileRecord) {
	if c.forPrograms() {
		c.record(r)
		return
	}
	counts := struct {
		Rows    int64       `json:"rows"`
		Refused int64       `json:"refused"`
		Seconds *hundredths `json:"seconds,omitempty"`
	}{r.Rows, r.Refused, r.Seconds}
	c.line("%s %s taxi=%s %s", r.Use, plainName(r.Source), plainName(r.Taxi), pairs(counts))
}
