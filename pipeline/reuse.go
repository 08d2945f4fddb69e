package main

import (
	"slices"
	"strings"

	"tripstats/io/kept"
	"tripstats/transforms/element"
)

// wantedFile is a file that the new version of an output is to be made of.
type wantedFile struct {
	found   element.Found
	uri     string // without secrets
	token   string
	reading string   // digest: see readings
	without []string // taxis of which another file takes the place: see staying
	stays   bool     // the run does not name it, but the output has it and is extended
}

// wantedTable is a table that the run is to make.
type wantedTable struct{ name, digest string }

// use is what a run does with a file.
type use int

const (
	useNew     use = iota // nothing is kept of it: it is read
	useChanged            // what is kept of it is not good any more: it is read
	usePartly             // some tables are made of what is kept; for the others it is read again
	useKept               // it is not read
)

// choice is what a run does with one file, and why.
type choice struct {
	file    wantedFile
	use     use
	changed string        // what has changed: content, name, settings, taxis, tables; or what makes it be read again
	missing []string      // the tables to make, of a file that is read again for these
	input   *kept.Input   // what is kept of it, as far as it is used
	skip    uint64        // bit i: table i is made of what is kept
	results []kept.Result // those that are used
	gone    bool          // it stays in the output and has to be read again, and is not there or not what it was
}

// read tells whether rows of the file are read.
func (c choice) read() bool { return c.use != useKept }

// choosing is what decides which kept results are good.
type choosing struct {
	tables  []wantedTable
	takes   func(taxi string) bool // whether trips of a taxi are wanted
	all     string                 // why all files are read, or ""
	numbers string                 // of the tables: see kept.Result.Numbers
}

// choose says for each file whether it is read. It decides nothing by names alone: a kept result is good if the file has the token that it
// had and everything that decides the result has the same digest. have is what is kept, by URI. alone tells whether no other
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
	if in.File.Malformed > 0 && len(good) < len(in.Results) { // rows that tell no taxi are in the result of one of them
		return c.again("taxis")
	}
	missing := 0
	for i, t := range by.tables {
		has := func(r kept.Result) bool {
			return slices.ContainsFunc(r.Tables, func(k kept.Table) bool {
				return k.Name == t.name && k.Digest == t.digest && (!k.Alone || alone(r.Taxi))
			})
		}
		if slices.ContainsFunc(good, func(r kept.Result) bool { return !has(r) }) {
			missing++
			c.missing = append(c.missing, t.name)
		} else {
			c.skip |= 1 << i
		}
	}
	switch {
	case missing > 0 && missing == len(by.tables):
		return c.again("tables")
	case missing > 0:
		c.use, c.changed = usePartly, "tables"
	default:
		c.use = useKept
	}
	for i := range good { // exactly what is used
		good[i].Tables = slices.DeleteFunc(slices.Clone(good[i].Tables), func(k kept.Table) bool {
			at := slices.IndexFunc(by.tables, func(t wantedTable) bool { return t.name == k.Name })
			return at < 0 || c.skip>>at&1 == 0
		})
	}
	c.input, c.results = in, good
	return c
}

// taxisOf are the taxis of a kept file whose trips are wanted: those of the run, or those that the file itself says.
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

// again is the choice to read a file of which something is kept.
func (c choice) again(changed string) choice {
	return choice{file: c.file, use: useChanged, changed: changed}
}

// shown is the choice in words.
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

// crowd is how many files can have trips of each taxi and month. It answers before files are admitted what admission finds then:
// see element.Recognised.Alone.
type crowd struct {
	files map[monthOfTaxi]int
	parts map[string]int // by data set
}

// add counts a file of some taxis.
func (c *crowd) add(f element.Found, taxis ...string) {
	if c.files == nil {
		c.files, c.parts = map[monthOfTaxi]int{}, map[string]int{}
	}
	for _, t := range taxis {
		c.files[monthOfTaxi{t, f.Month}]++
	}
	c.parts[f.Dataset]++
}

// alone tells whether a file that was counted is the only one that can have trips of a taxi in its month.
func (c *crowd) alone(f element.Found, taxi string) bool {
	return (f.Dataset == "" || c.parts[f.Dataset] == 1) && c.files[monthOfTaxi{taxi, element.NoMonth}] == 0 && c.files[monthOfTaxi{taxi, f.Month}] == 1
}
