package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/quarantine"
	"tripstats/io/source"
	"tripstats/io/tlc"
	"tripstats/runners"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/quality"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// job is one run of the program.
type job struct {
	settings
	stdout io.Writer // gets the result
	stderr console   // gets one line, or a line for each fault
	known  *progress
	teller *teller // nil if nothing is told

	noted    map[string]bool
	ofOutput int64 // bytes that were read of the output before the run was planned

	queries []*query.Query // of the tables in SQL, in their order
}

// run is the program. It depends on its arguments only, so that one process may have several runs, one after the other or at the same
// time. They share what a process has once: its memory limit, its loggers, and the counters of what was read.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, known *progress) exitCode {
	j := &job{stdout: stdout, stderr: console{w: stderr}, known: known}
	err := j.command(ctx, args)
	if err == nil {
		return exitCode(fault.OK)
	}
	if ctx.Err() != nil { // a signal has come, and main says so
		if stopped := (*runners.Stopped)(nil); errors.As(err, &stopped) {
			known.farewell.Store(&stopped.What)
		}
		return exitCode(fault.Failed)
	}
	f := fault.Find(err)
	if f == nil {
		f = &fault.Fault{Code: fault.CodeOf(err, fault.Failed), Message: summary(err, j.verbose)}
	}
	j.stderr.lines(err, f)
	return exitCode(f.Code)
}

// command parses the arguments and does what they say.
func (j *job) command(ctx context.Context, args []string) error {
	words, wrong, err := j.parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return help(j.stdout, false)
	}
	j.talk()
	if err := j.checkWorker(); err != nil {
		return err
	}
	if len(words) > 0 && slices.Contains(commandNames(), words[0]) && !j.version {
		if err := cmp.Or(wrong.err(), j.flagsBefore(words[0])); err != nil {
			return err
		}
		return j.subcommand(ctx, words[0], words[1:])
	}
	if len(wrong) == 0 {
		initBeam(j.stderr) // before any side effect, because a worker runs the same program
	}
	if j.version && len(wrong) == 0 {
		_, err := io.WriteString(j.stdout, versionLine())
		return err
	}
	if err := j.declareDatasets(ctx); err != nil {
		return err
	}
	if j.check(words, len(words) > 0 && args[0] == words[0], &wrong); len(wrong) > 0 {
		return wrong.err()
	}
	return j.makeTables(ctx)
}

// flagsBefore refuses flags of the main job before a command: the command would run without them, on other input than the user meant.
func (j *job) flagsBefore(command string) error {
	for _, name := range slices.Sorted(maps.Keys(j.given)) {
		if name != "verbose" && name != "log" && name != "log-beam" && command != "help" { // these mean the same in either place
			return usage("found --%s before the command %s, expected the flags of a command after its name", name, command)
		}
	}
	return nil
}

// makeTables reads the input, makes the tables and publishes them: what the program does without a command. If another run publishes
// while this one works, or if results that the output keeps turn out to be damaged, it begins anew.
func (j *job) makeTables(ctx context.Context) error {
	start := time.Now()
	// The reader of stdout may be gone. This does not end the run, and does not change its result.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	runner, err := runners.Find(j.runner)
	if err != nil {
		return usage("--runner: %v", err)
	}
	if !j.plan {
		j.teller = j.tellProgress()
		defer j.teller.end(false)
	}
	runner = runner.With(j.beam).Telling(j.teller.jobIs)
	var broken brokenResults
	for moved := 0; ; {
		have, err := j.makeOnce(ctx, runner, broken, start)
		if err == nil || ctx.Err() != nil || j.beam.Detach {
			return err
		}
		if file, source, damaged := kept.Damaged(err); damaged && broken.add(file, source) {
			j.stderr.line("note: what output %s keeps of %s is damaged, so it is made anew", objstore.Redact(j.output), orElse(source, file))
			continue
		}
		if moved++; moved > mostPlans || !j.hasMoved(ctx, have, err) {
			return err
		}
		j.stderr.line("note: another run has published in %s meanwhile; planning again", objstore.Redact(j.output))
	}
}

// mostPlans is how often a run plans again because another run has published.
const mostPlans = 3

// hasMoved tells whether a run failed because another run has published since it was planned.
func (j *job) hasMoved(ctx context.Context, have present, err error) bool {
	if f := fault.Find(err); f == nil || f.Code != fault.Conflict || !have.known {
		return false
	}
	h, err := publish.ReadHead(ctx, j.access(), j.output)
	return err == nil && h.Token != have.Token
}

// makeOnce plans the run and carries it out. It returns what the output had when it was planned.
func (j *job) makeOnce(ctx context.Context, runner runners.Runner, broken brokenResults, start time.Time) (present, error) {
	pl, err := j.planTables(ctx, runner, broken)
	if err != nil {
		return present{}, err
	}
	p, have := pl.plan, pl.have
	p.publish.Start = start
	if j.plan {
		if !pl.nothingToDo() {
			err = pl.findCopies(ctx)
		}
		if err == nil {
			err = j.showPlan(ctx, pl)
		}
		return have, err
	}
	told, err := runner.Check(j.places(pl.objects))
	if err != nil {
		return have, usage("%v", err)
	}
	if err := pl.guard(ctx); err != nil {
		return have, err
	}
	defer publish.Listen(p.publish.ID, func(text string) { j.stderr.line("note: %s", text) })()
	for _, n := range told {
		j.noteOnce("note: " + n)
	}
	if pl.nothingToDo() {
		if err := pl.forward(ctx); err != nil {
			return have, err
		}
		j.tell(ctx, runner, have.Manifest, pl, false, start)
		return have, nil
	}
	if err := pl.findCopies(ctx); err != nil {
		return have, err
	}
	pl.forget()
	have = pl.have
	if runner.Elsewhere() {
		if err := j.makeReachable(p); err != nil {
			return have, err
		}
	}
	j.teller.looksAt(len(p.files))
	outcome, err := j.profiled(func() (runners.Outcome, error) { return j.runPipeline(ctx, runner, p) })
	if err != nil && runner.Elsewhere() {
		err = givenUp(ctx, p.publish, err)
	}
	if err == nil {
		j.teller.end(!outcome.Detached && outcome.Dry == "")
	}
	switch {
	case err != nil:
		return have, err
	case outcome.Dry != "":
		_, err := fmt.Fprintln(j.stdout, outcome.Dry)
		return have, err
	case outcome.Detached:
		j.stderr.summary("submitted", submittedRecord{runner.Name, outcome.Job, objstore.Redact(j.output)}, "; it is not waited for")
		return have, nil
	case runner.Elsewhere():
		ctx = context.WithoutCancel(ctx) // it is published, whatever came since
		if err := isHere(ctx, p.publish); err != nil {
			return have, err
		}
	}
	// The output is published: a fault from here on is reported but does not fail the run.
	m, err := publish.ReadManifest(ctx, j.access(), j.output)
	if err != nil {
		j.stderr.line("note: all is published in %s, but reading it back failed: %v", objstore.Redact(j.output), objstore.Reason(err))
		return have, nil
	}
	j.tell(ctx, runner, m, pl, true, start)
	return have, nil
}

// tell prints what the output has, and what a user should know of it.
func (j *job) tell(ctx context.Context, runner runners.Runner, m *publish.Manifest, pl *planner, committed bool, start time.Time) {
	j.teller.end(true) // before stdout gets lines, which may be the same terminal
	read := objstore.BytesRead() - pl.have.bytes - j.ofOutput
	var ahead []byte
	if !committed && pl.have.monthly != nil {
		ahead = <-pl.have.monthly
	}
	if err := printTables(ctx, j.stdout, j.access(), j.output, m, ahead); err != nil {
		j.stderr.line("note: all is published in %s, but not all of it could be printed: %v", objstore.Redact(j.output), objstore.Reason(err))
	}
	if j.verbose {
		j.tellFiles(runner, m, pl)
	}
	notes(j.stderr, filesOf(m), pl.endless(), j.noteGaps())
	if j.standard() {
		noteRefused(j.stderr, m)
		noteUnreadable(j.stderr, m)
	}
	noteNoCodes(j.stderr, m)
	noteNoTrips(j.stderr, m.NoTrips)
	j.report(runner, m, pl, committed, read, time.Since(start))
}

// noteOnce writes a line, but not again when the run is planned again.
func (j *job) noteOnce(text string) {
	if j.noted[text] {
		return
	}
	if j.noted == nil {
		j.noted = map[string]bool{}
	}
	j.noted[text] = true
	j.stderr.line("%s", text)
}

// planTables finds the input and what the output has, and plans the run.
func (j *job) planTables(ctx context.Context, runner runners.Runner, broken brokenResults) (*planner, error) {
	j.mostMemory(nil).Bound(0)     // before the index of the output is read, which is large with many files
	wait := j.reading(ctx, runner) // while files are listed
	if j.existing == extend {
		have, err := wait()
		if err == nil {
			err = j.inheritFrom(have)
		}
		if err != nil {
			return nil, err
		}
	}
	tables, err := j.specs(ctx)
	if err != nil {
		return nil, err
	}
	p, objects, err := j.prepare(ctx, runner, tables)
	if err != nil {
		return nil, err
	}
	have, err := wait()
	if err != nil {
		return nil, err
	}
	if err := j.keepFormat(have, tables); err != nil {
		return nil, err
	}
	p.publish = j.publishConfig(p.quality, tables)
	p.publish.Runner, p.publish.Existing, p.publish.Run = runner.Name, j.existing, p.read.Run
	p.publish.Base = publish.Base{Known: have.known, Token: have.Token, Version: have.Version}
	pl := &planner{plan: &p, job: j, have: have, broken: broken, objects: objects, listed: p.files}
	if pl.locked = publish.KeepKind(p.publish, have.Head); pl.locked != nil && !j.plan {
		return nil, pl.locked
	}
	if err := pl.decide(ctx); err != nil {
		return nil, err
	}
	return pl, pl.lookAtLogs(ctx)
}

// prepare finds the input and says how it is to be read and judged.
func (j *job) prepare(ctx context.Context, runner runners.Runner, tables []*aggregate.Spec) (p plan, objects []objstore.Object, err error) {
	if j.input.readsSample() {
		j.noteOnce(sampleNote)
	}
	if objects, err = j.inputs(ctx); err != nil {
		return p, nil, err
	}
	noteUnpinned(j.stderr, objects)
	if err := j.checkKept(objects); err != nil {
		return p, nil, err
	}
	memory := j.mostMemory(tables)
	watched := j.teller.follow()
	p = plan{
		files:     source.Files(objects),
		read:      source.Config{Access: j.access(), Memory: memory, Library: j.decoder == "library", Run: watched},
		dealt:     runner.Elsewhere(),
		trips:     j.tripOptions(j.standard(), tables),
		admission: trip.Admission{Taxis: j.taxis(), MergeSameMonth: j.sameMonth == "merge", RequireComplete: j.complete, FailUnknown: j.unknown == "fail", AllGaps: j.verbose},
		standard:  j.standard(),
		tables:    tables,
		zones:     j.zones(),
	}
	for _, t := range tables {
		if t.SQL != "" {
			p.read.Tables++
		}
	}
	memory.Bound(p.read.Tables)
	p.quality = quality.Config{Run: watched, Limits: j.parsed.limits, AsOf: asOf(p.files, j.parsed.asOf), Keep: j.keep(), Places: quality.Places(j.datasets(), tlc.Taxis())}
	p.trips.KeepOrigin, p.trips.Dates = p.quarantined(), j.datesOrder()
	return p, objects, nil
}

// profiled calls run and writes the requested profiles. If the run succeeds and a profile cannot be written, a note says so.
func (j *job) profiled(run func() (runners.Outcome, error)) (runners.Outcome, error) {
	stop, err := j.profiles.start()
	if err != nil {
		return runners.Outcome{}, err
	}
	outcome, err := run()
	return outcome, j.afterwards(err, stop(), "a profile could not be written")
}

// afterwards joins the error of a run with that of a step after it. If the run succeeded, the later error is only a note.
func (j *job) afterwards(run, after error, what string) error {
	if run == nil && after != nil {
		j.stderr.line("note: the run is done, but %s: %v", what, after)
		return nil
	}
	return errors.Join(run, after)
}

// runPipeline builds the pipeline and runs it to its end.
func (j *job) runPipeline(ctx context.Context, runner runners.Runner, p *plan) (outcome runners.Outcome, failed error) {
	if q := p.publish.Quarantine; q != nil {
		area, err := quarantine.Open(ctx, *q)
		switch {
		case errors.Is(err, quarantine.ErrBusy):
			return outcome, fault.New(fault.Conflict, "--quarantine: %v; run again when it is done, or name another folder", err)
		case errors.Is(err, quarantine.ErrForeign), errors.Is(err, quarantine.ErrNotPrivate):
			return outcome, usage("--quarantine: %v; name another folder", err)
		case err != nil:
			return outcome, fault.New(fault.Failed, "--quarantine: %v; nothing was published: name a folder that can be written", err)
		}
		defer func() {
			failed = j.afterwards(failed, area.Close(), "what it needed for the quarantine could not be removed")
		}()
	}
	pipeline, scope := beam.NewPipelineWithRoot()
	build(scope, *p)
	p.files, p.kept, p.partly = nil, nil, nil // the graph has them, and a second copy would take much memory with many files
	return runner.Run(ctx, pipeline)
}

// tripOptions are how files are understood, for tables that are made of them.
func tripOptions(utc string, standard bool, tables []*aggregate.Spec) trip.Options {
	options := trip.Options{Registry: slices.Concat(tlc.Registry, aggregate.Datasets()), Telling: tlc.Telling(), UTC: utc, Judged: standard, Wanted: aggregate.Needs(tables)}
	for _, t := range tables {
		if t.SQL != "" {
			options.Named = append(options.Named, t.Needs()...)
		} else {
			options.Used = append(options.Used, t.Needs()...)
		}
	}
	if standard {
		options.Wanted = append(options.Wanted, append(quality.Needs(), trip.RawDuration)...)
	}
	for _, t := range tables {
		needs := t.Needs()
		if standard {
			_, looks := quality.For(append(needs, trip.Pickup))
			needs = append(needs, looks...)
		}
		options.Tables = append(options.Tables, needs)
	}
	return options
}

func (s *settings) publishConfig(rules quality.Config, tables []*aggregate.Spec) publish.Config {
	cfg := publish.Config{
		Output:      s.output,
		Access:      s.access(),
		ID:          newID(),
		MaxRejected: -1,

		KeepVersions: s.keepVersions,
		Format:       s.format,
		Sample:       s.input.readsSample() || s.parsed.extended != nil && s.parsed.extended.Sample,
		Meta: []publish.Meta{
			{Key: "tripstats.quality", Value: s.quality},
			{Key: "tripstats.rules_digest", Value: "none"}, // raw: no rule is applied
			{Key: "tripstats.version", Value: version},
		},
		Program: publish.Program{Name: "tripstats", Version: version, Revision: revision()},
		Quality: s.quality,
		Flags:   map[string]string{},

		Settings: s.recorded(),
		SQL:      map[string]string{},
		Datasets: s.usedDatasets(),
	}
	if digest := s.digestOfDatasets(); digest != "" {
		cfg.Meta = append(cfg.Meta, publish.Meta{Key: "tripstats.datasets", Value: digest})
	}
	if s.standard() {
		cfg.MaxRejected = s.parsed.maxRejected
		cfg.Meta[1].Value = rules.Limits.Digest()
		cfg.Meta = append(cfg.Meta, publish.Meta{Key: "tripstats.limits", Value: rules.Limits.String()})
		cfg.Rules = &publish.Rules{Digest: rules.Limits.Digest(), Limits: rules.Limits.Effective()}
		if rules.AsOf != element.NoMonth {
			cfg.Rules.AsOf = tlc.FormatMonth(rules.AsOf)
		}
	}
	if rules.Keep != quality.KeepNone {
		cfg.Quarantine = &quarantine.Config{Dir: absolute(s.keepRows), ID: cfg.ID, Access: cfg.Access}
	}
	if cfg.Tables = aggregate.Names(tables); s.standard() {
		cfg.Tables = append(cfg.Tables, aggregate.LedgerName)
	} else {
		cfg.Absent = []string{aggregate.LedgerName} // without rules there is none
	}
	cfg.Tables = append(cfg.Tables, aggregate.ZonesName)
	for _, t := range tables {
		if t.SQL != "" {
			cfg.SQL[t.Name] = t.SQL
		}
		for _, column := range t.Balance() {
			cfg.Balance = append(cfg.Balance, publish.Total{Table: t.Name, Column: column})
		}
	}
	s.flags.Visit(func(f *flag.Flag) {
		if f.Name != "input" { // the inputs stand in the manifest one by one
			value := s.beam.Value(f.Name) // f is of the process then, and another run may have set it since
			if !runners.IsFlag(f.Name) {
				value = f.Value.String()
			}
			cfg.Flags[f.Name] = shownValue(f.Name, value)
		}
	})
	cfg.Flags["runner"] = s.runner
	if s.months == "" {
		cfg.Flags["input"] = s.input.redacted()
	}
	return cfg
}

// absolute is the absolute path of a folder, as workers may have another working directory.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// newID names a run's temporaries.
func newID() string {
	b := make([]byte, 8)
	rand.Read(b) //nolint:errcheck // never fails (crypto/rand)
	return hex.EncodeToString(b)
}
