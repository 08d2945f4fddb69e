package main

import (
	"slices"
	"strings"

	"tripstats/io/kept"
	"tripstats/transforms/element"
)

// wantedFile is a file of the new version of an output.
type wantedFile struct {
	found   *element.Found // mostly an element of planner.listed
	uri     string         // without secrets
	token   string
	reading string   // digest: see readings
	without []string // taxis of which named files replace the trips: see staying
	stays   bool     // the run does not name it, but the output has it and is extended
}

// wantedTable is a table that the run is to make.
type wantedTable struct{ name, digest string }

// use is what a run does with a file.
type use int

const (
	useNew     use = iota // it has no kept results: it is read
	useChanged            // its kept results are not valid any more: it is read
	usePartly             // some tables are made from its kept results; for the others it is read
	useKept               // all tables are made from its kept results: it is not read
)

// choice is what a run does with one file, and why.
type choice struct {
	file    wantedFile
	use     use
	changed string        // what has changed: content, name, settings, taxis, tables; or why else it is read again
	missing []string      // the tables for which the file is read again
	input   *kept.Input   // the kept input that is used; nil if none
	skip    uint64        // bit i: table i is made from kept results
	results []kept.Result // the kept results that are used
	gone    bool          // it stays in the output and must be read again, but is missing or has changed
}

// read tells whether the run reads rows of the file.
func (c choice) read() bool { return c.use != useKept }

// choosing has what decides which kept results are valid.
type choosing struct {
	tables  []wantedTable
	takes   func(taxi string) bool // whether trips of a taxi are wanted
	all     string                 // why all files are read, or ""
	numbers string                 // of the tables: see kept.Result.Numbers
}

// choose decides for each file whether it is read. It never decides by the name alone: a kept result is valid if the file has the same token
// as before, and if everything that decides the result has the same digest. have has the kept inputs by URI. alone tells whether no other
// file has trips of a taxi in the month of a file.
func choose(have map[string]*kept.Input, files []wantedFile, by choosing, alone func(f wantedFile, taxi string) bool) []choice {
	choices := make([]choice, len(files))
	for i, f := range files {
		choices[i] = by.chooseOne(have[f.uri], f, func(taxi string) bool { return alone(f, taxi) })
	}
	return choices
}

func (by choosing) chooseOne(in *kept.Input, f wantedFile, alone func(taxi string) bool) choice {
	c := choice{file: f}
	switch {
	case in == nil && f.stays:
		return c.again("no results are kept")
	case in == nil:
		return c
	case in.Token == "" || f.token != in.Token:
		return c.again("content")
	case f.found.Source != in.Source:
		return c.again("name")
	case f.reading != in.Reading:
		return c.again("settings")
	case by.all != "":
		return c.again(by.all)
	}
	var good []kept.Result
	taxis := by.taxisOf(f, in.File)
	for _, taxi := range taxis {
		at := slices.IndexFunc(in.Results, func(r kept.Result) bool { return r.Taxi == taxi })
		if at < 0 {
			return c.again("taxis")
		}
		if n := in.Results[at].Numbers; n != "" && n != by.numbers {
			return c.again("tables")
		}
		good = append(good, in.Results[at])
	}
	if in.File.Malformed > 0 && len(good) < len(in.Results) { // one of the results counts the rows that have no taxi
		return c.again("taxis")
	}
	for i, t := range by.tables {
		has := func(r kept.Result) bool {
			return slices.ContainsFunc(r.Tables, func(k kept.Table) bool {
				return k.Name == t.name && k.Digest == t.digest && (!k.Alone || alone(r.Taxi))
			})
		}
		if slices.ContainsFunc(good, func(r kept.Result) bool { return !has(r) }) {
			c.missing = append(c.missing, t.name)
		} else {
			c.skip |= 1 << i
		}
	}
	switch {
	case len(c.missing) > 0 && len(c.missing) == len(by.tables):
		return c.again("tables")
	case len(c.missing) > 0:
		c.use, c.changed = usePartly, "tables"
	default:
		c.use = useKept
	}
	for i := range good { // keep only the states that are used
		unused := func(k kept.Table) bool {
			at := slices.IndexFunc(by.tables, func(t wantedTable) bool { return t.name == k.Name })
			return at < 0 || c.skip>>at&1 == 0
		}
		if slices.ContainsFunc(good[i].Tables, unused) {
			good[i].Tables = slices.DeleteFunc(slices.Clone(good[i].Tables), unused)
		}
	}
	c.input, c.results = in, good
	return c
}

// taxisOf returns the taxis of a kept file whose trips the run wants.
func (by choosing) taxisOf(f wantedFile, file element.Recognised) []string {
	shares := file.Shares
	if len(shares) == 0 {
		shares = []element.Share{{Taxi: file.Taxi}}
	}
	takes := by.takes
	if only := f.found.Taxis; len(only) > 0 {
		takes = func(taxi string) bool { return slices.Contains(only, taxi) }
	}
	var taxis []string
	for _, s := range shares {
		if s.Taxi != "" && takes(s.Taxi) {
			taxis = append(taxis, s.Taxi)
		}
	}
	return taxis
}

// again returns the choice to read a file although it has kept results.
func (c choice) again(changed string) choice {
	return choice{file: c.file, use: useChanged, changed: changed}
}

// shown returns the choice in words, for the plan.
func (c choice) shown() string {
	switch {
	case c.use == useNew:
		return "new"
	case c.use == useKept && c.file.stays:
		return "kept"
	case c.use == useKept:
		return "reuse"
	}
	word, why := "changed", c.changed
	if c.gone {
		word = "gone"
	}
	if len(c.missing) > 0 {
		why += ": " + strings.Join(c.missing, ", ")
	}
	return word + " (" + why + ")"
}

// monthOfTaxi is a month of trips of one taxi; "" stands for any taxi, element.NoMonth for any month.
type monthOfTaxi struct {
	taxi  string
	month int32
}
