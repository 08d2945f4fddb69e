package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/transforms/fault"
)

// jsonFlag is a flag of each command with a result that other programs can read.
var jsonFlag = flagDef{name: "json", of: func(s *settings) any { return &s.json }, text: "the result as JSON; pipeline/records.md has the fields"}

var checkFlags = append([]flagDef{
	{name: "inputs", of: func(s *settings) any { return &s.askInputs }, text: "also check that the inputs have not changed since they were read"},
	{name: "repair", of: func(s *settings) any { return &s.repair }, text: "update copies and Delta logs to the latest version"},
	atFlag, jsonFlag,
}, outputFlags...)

func checkHelp() string {
	return `Usage: tripstats check DIR [flags]

Reads all that the output DIR keeps and compares it with the manifests: the tables of each version, the copies of the latest
one, kept results, and the logs of Delta tables. Exit code 0 if all is sound, 3 if something is not; each such thing is named.

Flags:
` + helpOnFlags(checkFlags, 26, true) + "\n" + exitCodes
}

// checkRecord is the result of check, as --json writes it.
type checkRecord struct {
	Output  string          `json:"output" about:"the folder of the tables"`
	Version int64           `json:"version" about:"the latest version; 0 if a program without versions made it, -1 if the manifest cannot be read"`
	Sound   bool            `json:"sound" about:"whether nothing is wrong"`
	Checked []checkedRecord `json:"checked" about:"how many things were looked at, by kind"`
	Wrong   []wrongRecord   `json:"wrong" about:"what is not as it should be"`
}

type checkedRecord struct {
	What  string `json:"what" about:"manifests, identities, tables, records of runs, kept results, copies, Delta logs, or inputs"`
	Count int    `json:"count" about:"how many of them were looked at"`
}

type wrongRecord struct {
	What    string `json:"what" about:"the kind, as in checked"`
	Place   string `json:"place" about:"path below the output; of an input its address"`
	Message string `json:"message" about:"what was found, and what was expected"`
}

// check is the command of that name.
func (j *job) checkSound(ctx context.Context, words []string, wrong problems) error {
	understood := len(wrong) == 0
	j.checkEach("check: ", checkFlags, &wrong)
	dir := j.outputOf("check", words, understood, 1, &wrong)
	if j.repair && dir != "" {
		if err := checkOutput(dir); err != nil {
			wrong.add("check: --repair: %v", err)
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	head, err := publish.ReadHead(ctx, j.access(), dir)
	if err == nil {
		err = hasVersion(dir, head, j.parsed.at)
	} else if errors.Is(err, publish.ErrNoManifest) { // publish.Check reports it
		err = nil
	} else {
		err = damaged(dir, err)
	}
	if err != nil {
		return err
	}
	if j.repair {
		if err := j.forward(ctx, dir, func(place string) string { return "updated " + place }); err != nil {
			return err
		}
	}
	only := func(version int64) bool { return j.parsed.at == latest || version == j.parsed.at }
	r, err := publish.Check(ctx, j.access(), dir, only)
	if err != nil {
		return fault.New(fault.Failed, "check: output %s: %v", objstore.Redact(dir), objstore.Reason(err))
	}
	record := checkRecord{Output: objstore.Redact(dir), Version: r.Version, Checked: []checkedRecord{}, Wrong: []wrongRecord{}}
	for _, c := range r.Checked {
		record.Checked = append(record.Checked, checkedRecord(c))
	}
	for _, w := range r.Wrong {
		record.Wrong = append(record.Wrong, wrongRecord(w))
	}
	if j.askInputs {
		if err := j.checkInputs(ctx, dir, &record); err != nil {
			return err
		}
	}
	record.Sound = len(record.Wrong) == 0
	if err := j.showResult("check", record); err != nil {
		return err
	}
	var problems []*fault.Fault
	for _, w := range record.Wrong {
		problems = append(problems, fault.New(fault.Input, "%s: %s%s", record.Output, w.Message, remedies[w.What]))
	}
	return fault.All(problems...)
}

// remedies says what to do, by the kind of thing that is wrong.
var remedies = map[string]string{
	publish.CheckedManifests: "",
	publish.CheckedTables:    "; run again with --reuse=false, or restore a version that is whole",
	publish.CheckedCopies:    "; tripstats check --repair updates it",
	publish.CheckedLogs:      "; if its version is too old, tripstats check --repair updates it; otherwise run again with --existing=replace --reuse=false",
}

// String returns the result as a table for people.
func (r checkRecord) String() string {
	lines := [][]string{{"checked", "number", "wrong"}}
	for _, c := range r.Checked {
		wrong := 0
		for _, w := range r.Wrong {
			if w.What == c.What {
				wrong++
			}
		}
		lines = append(lines, []string{c.What, strconv.Itoa(c.Count), strconv.Itoa(wrong)})
	}
	return align(lines, 1)
}

// checkInputs compares the inputs of the latest version, or of that of --at, with what they were when a run read them.
func (j *job) checkInputs(ctx context.Context, dir string, r *checkRecord) error {
	version := j.parsed.at
	if version == latest {
		version = r.Version
	}
	_, place, err := publish.ReadVersion(ctx, j.access(), dir, version)
	if err != nil {
		return damaged(dir, err)
	}
	index, err := publish.ReadIndex(ctx, j.access(), dir, place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		j.stderr.line("note: the output does not say which content its inputs had, because a program without versions made it or its kept.json is missing; they are not checked")
		return nil
	case err != nil:
		return nil // publish.Check has reported it
	}
	checked, unknown := checkedRecord{What: "inputs"}, 0
	for _, in := range index.Inputs {
		if in.Token == "" {
			unknown++
			continue
		}
		checked.Count++
		o, err := j.access().Stat(ctx, in.URI)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.Wrong = append(r.Wrong, wrongRecord{"inputs", in.URI, fmt.Sprintf("%s: found no such file, expected the one that was read", in.URI)})
		case err != nil:
			return fault.New(fault.Failed, "check: %s: %v", in.URI, objstore.Reason(err))
		case o.Token != in.Token && o.Size != in.Size:
			r.Wrong = append(r.Wrong, wrongRecord{"inputs", in.URI, fmt.Sprintf("%s: found %d bytes, expected the %d that were read", in.URI, o.Size, in.Size)})
		case o.Token != in.Token:
			r.Wrong = append(r.Wrong, wrongRecord{"inputs", in.URI, fmt.Sprintf("%s: found a file that has changed since it was read", in.URI)})
		}
	}
	r.Checked = append(r.Checked, checked)
	if unknown > 0 {
		j.stderr.line("note: %d inputs could not be checked: they had changed just before they were read, or their server does not tell versions apart", unknown)
	}
	return nil
}

// forward updates copies and Delta logs to the latest version. told says in a note what was done to a place.
func (j *job) forward(ctx context.Context, dir string, told func(place string) string) error {
	changed, err := publish.Forward(ctx, j.access(), dir, func(text string) { j.stderr.line("note: output %s", text) })
	for _, place := range changed {
		j.stderr.line("note: %s", told(place))
	}
	return err
}
