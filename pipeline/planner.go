package main

import (
	"context"
	"fmt"
	"slices"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/tlc"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

// planner decides what a run does with each file: see choose. It opens new files only if their names do not tell enough.
type planner struct {
	*plan
	job     *job
	have    present
	broken  brokenResults
	objects []objstore.Object // that the run names
	listed  []element.Found   // the files of these

	kept      map[string]*kept.Input // the inputs with kept results, by URI
	described map[string][]string    // the taxis of files that were opened, by URI
	readings  readings
	choices   []choice
	keep      []*kept.Input // the entries of the index that the new version's index has too
	after     *after        // what the run reports about the choices, kept when forget drops them
	locked    error         // with --plan: why the run could not publish, or could not read inputs that it needs again
	disturbed bool          // another program has changed rows of the output's Delta tables
	lost      publish.Lost  // what the output would lose, as far as this is known before files are read
}

// brokenResults has the kept results that a worker found to be damaged. The run plans again without them.
type brokenResults struct{ files, sources map[string]bool }

// add adds a damaged file of results, or one damaged result of a source. It returns false if it was there already.
func (b *brokenResults) add(file, source string) bool {
	if b.files == nil {
		b.files, b.sources = map[string]bool{}, map[string]bool{}
	}
	set, name := b.sources, source
	if source == "" {
		set, name = b.files, file
	}
	known := set[name]
	set[name] = true
	return !known
}

// ofInput tells whether a kept result of an input is damaged.
func (b brokenResults) ofInput(in *kept.Input) bool {
	return b.sources[in.Source] || slices.ContainsFunc(in.Results, func(r kept.Result) bool { return b.files[r.At.File] })
}

// decide fills the plan: which files the run reads, and which kept results it uses.
func (pl *planner) decide(ctx context.Context) error {
	j := pl.job
	pl.kept, pl.described = map[string]*kept.Input{}, map[string][]string{}
	if x := pl.have.index; x != nil && x.Format == kept.Format {
		for i := range x.Inputs {
			if in := &x.Inputs[i]; !pl.broken.ofInput(in) {
				pl.kept[in.URI] = in
			}
		}
	}
	var stay []stayingInput
	if j.extends(pl.have) {
		var err error
		if stay, err = pl.stay(ctx); err != nil {
			return err
		}
		pl.admission.Taxis = nil // each file has a list of its own
	}
	all := slices.Clone(pl.listed)
	for _, s := range stay {
		all = append(all, s.File.Found)
	}
	pl.quality.AsOf = asOf(all, j.parsed.asOf)
	if r := pl.publish.Rules; r != nil && pl.quality.AsOf != element.NoMonth {
		r.AsOf = tlc.FormatMonth(pl.quality.AsOf)
	}
	pl.readings = j.readingsOf(pl.trips, pl.quality)
	var files []wantedFile
	type place struct {
		month int32
		taxi  string
	}
	known := map[place]string{} // many files share a month and taxi
	for i := range pl.listed {
		f := &pl.listed[i]
		at := place{f.Month, f.NameTaxi}
		if f.Reading = known[at]; f.Reading == "" || len(f.Constants) > 0 {
			if f.Reading = pl.readings.of(*f); len(f.Constants) == 0 {
				known[at] = f.Reading
			}
		}
		files = append(files, wantedFile{found: f, uri: objstore.Redact(f.URI), token: f.Token, reading: f.Reading})
	}
	for _, s := range stay {
		f := s.File.Found
		f.URI, f.Token, f.Identity, f.Reading = s.URI, s.Token, "", pl.readings.ofRecorded(s.Reading, f)
		f.Taxis = nil
		for _, r := range s.Results {
			if !slices.Contains(s.without, r.Taxi) {
				f.Taxis = append(f.Taxis, r.Taxi)
			}
		}
		files = append(files, wantedFile{found: &f, uri: s.URI, token: s.Token, reading: f.Reading, without: s.without, stays: true})
	}
	return pl.chooseAll(ctx, files)
}

// extends tells whether the run adds to an output.
func (j *job) extends(have present) bool {
	return j.existing == extend && have.Manifest != nil
}

// stay returns the inputs of the output that stay. It gives the listed files the sources that they have in the output.
func (pl *planner) stay(ctx context.Context) ([]stayingInput, error) {
	inputs := inputsOf(pl.have.Manifest)
	if x := pl.have.index; x != nil && x.Format == kept.Format {
		inputs = withUnkept(x.Inputs, inputs)
	}
	months, byURI := map[int32]bool{}, map[string]kept.Input{}
	for _, in := range inputs {
		months[in.File.Month], byURI[in.URI] = true, in
	}
	var unclear []element.Found
	for _, f := range pl.listed {
		if pl.kept[objstore.Redact(f.URI)] == nil && (months[f.Month] || f.NameTaxi == "") && f.Month != element.NoMonth {
			unclear = append(unclear, f)
		}
	}
	if err := pl.describe(ctx, unclear); err != nil {
		return nil, err
	}
	var named []namedInput
	for _, f := range pl.listed {
		taxis, _ := pl.taxisOf(f)
		named = append(named, namedInput{objstore.Redact(f.URI), f.Whole(), taxis, f.Month})
	}
	stay := staying(besidesTables(inputs, pl.objects), named, pl.admission.MergeSameMonth)
	taken := map[string]bool{}
	for _, s := range stay {
		taken[s.Source] = true
	}
	for i, f := range pl.listed {
		pl.listed[i] = renamed(f, objstore.Redact(f.URI), byURI, taken)
		pl.listed[i].Taxis = pl.job.taxis()
	}
	return stay, nil
}

// describe opens files to learn the taxis of their trips. Files that cannot be used have none; the run reports them later.
func (pl *planner) describe(ctx context.Context, files []element.Found) error {
	files = slices.DeleteFunc(slices.Clone(files), func(f element.Found) bool { _, known := pl.described[f.URI]; return known || f.Refused != "" })
	for _, f := range files {
		pl.described[f.URI] = nil
	}
	part := *pl.plan
	part.files = files
	recognised, _, err := part.recognise(ctx, func(element.Recognised) {})
	for _, f := range recognised {
		for _, s := range f.ByTaxi() {
			if pl.takes(s.Taxi) {
				pl.described[f.URI] = append(pl.described[f.URI], s.Taxi)
			}
		}
	}
	return err
}

// takes tells whether the run reads trips of a taxi from the files that it names.
func (pl *planner) takes(taxi string) bool {
	taxis := pl.job.taxis()
	return len(taxis) == 0 || slices.Contains(taxis, taxi)
}

// taxisOf returns the taxis of a listed file that the run wants. sure is false if they are only guessed from the file's name.
func (pl *planner) taxisOf(f element.Found) (taxis []string, sure bool) {
	if taxis, known := pl.described[f.URI]; known {
		return taxis, true
	}
	if in := pl.kept[objstore.Redact(f.URI)]; in != nil && in.Token != "" && in.Token == f.Token {
		return choosing{takes: pl.takes}.taxisOf(wantedFile{found: &element.Found{}}, in.File), true
	}
	if f.NameTaxi != "" && pl.takes(f.NameTaxi) {
		return []string{f.NameTaxi}, false
	}
	return nil, false
}

// chooseAll makes the choice for each file of the new version.
func (pl *planner) chooseAll(ctx context.Context, files []wantedFile) error {
	by := choosing{takes: pl.takes, numbers: aggregate.Numbers(pl.tables)}
	for _, t := range pl.tables {
		by.tables = append(by.tables, wantedTable{t.Name, t.Digest()})
	}
	switch {
	case !pl.job.reuse:
		by.all = "--reuse=false"
	case pl.quarantined():
		by.all = "--quarantine"
	}
	if pl.keepsFinished() {
		if err := pl.describe(ctx, pl.crowding()); err != nil {
			return err
		}
	}
	var together trip.Crowd
	for _, f := range files {
		taxis := f.found.Taxis
		if !f.stays {
			taxis, _ = pl.taxisOf(*f.found)
		}
		together.Add(*f.found, taxis...)
	}
	pl.choices = choose(pl.kept, files, by, func(f wantedFile, taxi string) bool { return together.Alone(*f.found, taxi) })
	if err := pl.locate(ctx); err != nil {
		return err
	}
	pl.publish.Identity = pl.job.identityOf(append(by.tables, wantedTable{aggregate.ZonesName, pl.zones.Digest(pl.tables)}), pl.choices)
	return pl.fill(ctx)
}

// keepsFinished tells whether there are kept results that are only valid if no other file has trips of their month.
func (pl *planner) keepsFinished() bool {
	for _, in := range pl.kept {
		for _, r := range in.Results {
			if slices.ContainsFunc(r.Tables, func(t kept.Table) bool { return t.Alone }) {
				return true
			}
		}
	}
	return false
}

// crowding returns the listed files whose names do not rule out that another file has trips of the same month. Without
// --same-month=merge two files of one month are an error, so only files without a month in their names are left.
func (pl *planner) crowding() []element.Found {
	months := map[int32]int{}
	for _, f := range pl.listed {
		months[f.Month]++
	}
	for _, in := range pl.kept {
		months[in.File.Month]++
	}
	var files []element.Found
	for _, f := range pl.listed {
		if _, sure := pl.taxisOf(f); !sure && (f.Month == element.NoMonth || pl.admission.MergeSameMonth && months[f.Month] > 1) {
			files = append(files, f)
		}
	}
	return files
}

// fill puts the choices into the plan.
func (pl *planner) fill(ctx context.Context) error {
	pl.files, pl.plan.kept, pl.partly, pl.keep = nil, nil, nil, nil
	reused := 0
	for _, c := range pl.choices {
		if c.use == useKept && c.input != nil {
			reused++
		}
	}
	pl.plan.kept, pl.keep = make([]*kept.Input, 0, reused), make([]*kept.Input, 0, reused) // there may be many, and growing step by step would take twice the memory
	for _, c := range pl.choices {
		f := *c.file.found
		f.Skip = 0
		if c.use == usePartly {
			f.Skip = c.skip
		}
		if c.read() && !c.gone {
			pl.files = append(pl.files, f)
		}
		if c.input == nil {
			continue
		}
		c.input.File.Found = f // nothing else refers to this input of the index, so it need not be copied: copies of very many would take much memory
		if u := c.input.Unusable; u != nil {
			u.Found = f
		}
		used := c.input
		if !sameResults(c.results, c.input.Results) {
			used = new(kept.Input)
			*used = *c.input
			used.Results = c.results
		}
		if c.use == usePartly {
			pl.partly = append(pl.partly, used)
			continue
		}
		pl.plan.kept = append(pl.plan.kept, used)
		// The new version keeps no results of a taxi that is left out. It keeps the states of tables that it does not make: a later
		// run may make them.
		c.input.Results = slices.DeleteFunc(c.input.Results, func(r kept.Result) bool {
			return !slices.ContainsFunc(c.results, func(used kept.Result) bool { return used.Taxi == r.Taxi })
		})
		pl.keep = append(pl.keep, c.input)
	}
	return pl.protectEarly(ctx)
}

// protectEarly finds out, before anything is read, what the output would lose by this run. It opens new files only if their names and the kept
// results do not cover the months of the output. Publishing checks again, with what was read.
func (pl *planner) protectEarly(ctx context.Context) error {
	m := pl.have.Manifest
	if m == nil || m.Sample || pl.job.existing != protect {
		return nil
	}
	lost, certain := losesEarly(m, pl.namedInputs(), pl.publish.Tables)
	if lost.Number > 0 {
		admitted, _, err := pl.admit(ctx, func(element.Recognised) {})
		if err != nil {
			return err // the run itself would end with this error
		}
		var named []namedInput
		for _, f := range admitted {
			in := namedInput{uri: f.URI, whole: f.Whole(), month: f.Month}
			for _, s := range f.ByTaxi() {
				in.taxis = append(in.taxis, s.Taxi)
			}
			named = append(named, in)
		}
		lost, certain = losesEarly(m, named, pl.publish.Tables)
	}
	if pl.lost = lost; lost.None() || lost.Number > 0 && len(lost.Tables) == 0 && !certain {
		pl.lost = publish.Lost{}
	}
	return nil
}

// namedInputs returns all files of the new version, with the taxis that they have or are likely to have.
func (pl *planner) namedInputs() []namedInput {
	var list []namedInput
	for _, c := range pl.choices {
		taxis, sure := pl.taxisOf(*c.file.found)
		if sure && len(taxis) == 0 {
			continue // the run counts none of its trips
		}
		list = append(list, namedInput{c.file.uri, c.file.found.Whole(), taxis, c.file.found.Month})
	}
	return list
}

// guard stops the run before it reads anything if the output would lose something, or if the run would read too much.
func (pl *planner) guard(ctx context.Context) error {
	if !pl.lost.None() {
		return publish.WouldLose(pl.publish, pl.lost)
	}
	if pl.have.Token == "" && pl.have.known {
		if err := publish.KeepReal(ctx, pl.publish); err != nil {
			return err
		}
	}
	most := pl.job.parsed.maxBytes
	if most < 0 {
		return nil
	}
	need, err := pl.bytesToRead(ctx, most)
	if err != nil || need <= most {
		return err
	}
	return fault.New(fault.Gate, "--max-bytes: the run would read %d bytes of %d files, expected at most %d; nothing was read: --plan says of which files, and why", need, len(pl.files), most)
}

// bytesToRead returns how many bytes of its inputs the run would read. It opens files only if the sum of their sizes exceeds the limit.
func (pl *planner) bytesToRead(ctx context.Context, enough int64) (bytes int64, err error) {
	for _, f := range pl.files {
		bytes += f.Size
	}
	if bytes <= enough {
		return bytes, nil
	}
	bytes = 0
	recognised, _, err := pl.recognise(ctx, func(element.Recognised) {})
	for _, f := range recognised {
		for _, n := range f.UnitBytes {
			bytes += n
		}
	}
	return bytes, err
}

// forward updates the copies if an earlier run was stopped after its commit.
func (pl *planner) forward(ctx context.Context) error {
	if !pl.have.lagging {
		return nil
	}
	return pl.job.forward(ctx, pl.job.output, func(place string) string {
		return fmt.Sprintf("output %s: updated %s, which differed from the latest version", objstore.Redact(pl.job.output), place)
	})
}

// forget drops what only making the plan needed. With many files this frees much memory.
func (pl *planner) forget() {
	after := &after{reused: pl.reused()}
	if pl.job.verbose {
		after.read = pl.reads()
	}
	pl.after = after
	pl.publish.Kept = kept.Compact(pl.keep)
	pl.have.index, pl.have.Head = nil, publish.Head{Token: pl.have.Token, Version: pl.have.Version, Dir: pl.have.Dir}
	pl.kept, pl.keep, pl.choices, pl.listed, pl.objects, pl.described = nil, nil, nil, nil, nil, nil
}

// after is what the run reports about the choices when it ends.
type after struct {
	reused int
	read   map[string]bool // with --verbose: whether the run reads an input, by its name
}

// reads tells of each input, by its name, whether the run reads it.
func (pl *planner) reads() map[string]bool {
	if pl.after != nil {
		return pl.after.read
	}
	read := map[string]bool{}
	for _, c := range pl.choices {
		name := c.file.found.Whole()
		read[name] = read[name] || c.read()
	}
	return read
}

// sameResults tells whether two lists have results of the same taxis with the same tables. One list must be a selection from the other, so
// comparing the number of tables is enough.
func sameResults(a, b []kept.Result) bool {
	return slices.EqualFunc(a, b, func(a, b kept.Result) bool { return a.Taxi == b.Taxi && len(a.Tables) == len(b.Tables) })
}

// nothingToDo tells whether the new version would be the same as the head.
func (pl *planner) nothingToDo() bool {
	x := pl.have.index
	return x != nil && x.Format == kept.Format && pl.job.reuse && !pl.quarantined() && !pl.disturbed && pl.publish.Identity != "" && pl.publish.Identity == x.Identity
}

// lookAtLogs finds out whether another program has changed rows of the output's Delta tables.
func (pl *planner) lookAtLogs(ctx context.Context) error {
	if !pl.nothingToDo() || pl.have.lagging {
		return nil
	}
	logs, err := publish.TableLogs(ctx, pl.read.Access, pl.job.output, pl.have.Manifest)
	if err != nil {
		return fault.New(fault.Failed, "output %s: %v; nothing was published", objstore.Redact(pl.job.output), err)
	}
	pl.disturbed = slices.ContainsFunc(logs, func(t publish.TableLog) bool { return t.Rows || t.Wrong != "" })
	return nil
}

// reused returns how many inputs the run does not read, because it has their kept results.
func (pl *planner) reused() int {
	if pl.after != nil {
		return pl.after.reused
	}
	whole := map[string]bool{}
	for _, c := range pl.choices {
		if name := c.file.found.Whole(); !c.read() && c.input != nil && len(c.results) > 0 {
			if _, known := whole[name]; !known {
				whole[name] = true
			}
		} else if c.read() {
			whole[name] = false
		}
	}
	n := 0
	for _, is := range whole {
		if is {
			n++
		}
	}
	return n
}
