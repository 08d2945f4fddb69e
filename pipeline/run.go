package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	beamrunners "github.com/apache/beam/sdks/v2/go/pkg/beam/runners"

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
	"tripstats/transforms/trip"
)

// run is the program. stdout gets the result; stderr gets one line, or a line for each fault.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) exitCode {
	err := command(ctx, args, stdout, stderr)
	if err == nil {
		return exitCode(fault.OK)
	}
	if ctx.Err() != nil { // a signal has come, and main says so
		if stopped := (*runners.Stopped)(nil); errors.As(err, &stopped) {
			farewell.Store(&stopped.What)
		}
		return exitCode(fault.Failed)
	}
	f := fault.Find(err)
	if f == nil {
		f = &fault.Fault{Code: fault.CodeOf(err, fault.Failed), Message: summary(err, opts.verbose)}
	}
	for _, l := range f.Lines() {
		line(stderr, "%s", l)
	}
	return exitCode(f.Code)
}

// messageOf is what a user is told of an error, in one line.
func messageOf(err error) string {
	if f := fault.Find(err); f != nil {
		return f.Message
	}
	return summary(err, opts.verbose)
}

// longestLine is how many bytes of a message stderr gets: names in a hostile file may be megabytes long.
const longestLine = 4000

// line writes one line to stderr, under the program's name.
func line(w io.Writer, format string, args ...any) {
	text := fault.OneLine(fmt.Sprintf(format, args...))
	if len(text) > longestLine && !opts.verbose {
		text = text[:longestLine] + "..."
	}
	fmt.Fprintf(w, "tripstats: %s\n", text)
}

// command parses the arguments and does what they say.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	rest, wrong, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return help(stdout, false)
	}
	if err := checkWorker(); err != nil {
		return err
	}
	isCommand := len(rest) > 0 && slices.Contains(commandNames(), rest[0])
	if len(wrong) == 0 {
		initBeam(stderr, opts.verbose) // before any side effect, because a worker runs the same program
	} else if isCommand {
		return wrong.err()
	}
	switch {
	case opts.version && len(wrong) == 0:
		_, err := io.WriteString(stdout, versionLine())
		return err
	case isCommand:
		return subcommand(ctx, rest[0], rest[1:], stdout, stderr)
	}
	set := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
	before := len(rest) > 0 && args[0] != rest[0]
	if err := append(wrong, opts.check(set, rest, before, len(wrong) > 0)...).err(); err != nil {
		return err
	}
	return tables(ctx, stdout, stderr)
}

// subcommand runs an entry of commands.
func subcommand(ctx context.Context, name string, args []string, stdout, stderr io.Writer) error {
	switch {
	case name == "inspect":
		return inspect(ctx, args, stdout)
	case name == "fetch":
		return fetchFiles(ctx, args, stdout, stderr)
	case name == "help":
		return helpOn(stdout, args)
	case len(args) > 0:
		return usage("version: found the word %q after it, expected none", objstore.Redact(args[0]))
	}
	_, err := io.WriteString(stdout, versionLine())
	return err
}

// tables is the main job.
func tables(ctx context.Context, stdout, stderr io.Writer) error {
	start := time.Now()
	runner, err := runners.Find(*beamrunners.Runner)
	if err != nil {
		return usage("--runner: %v", err)
	}
	objstore.Use(opts.access())
	if opts.input.readsSample() {
		line(stderr, sampleNote)
	}
	objects, err := inputs(ctx, stderr)
	if err != nil {
		return err
	}
	noteUnpinned(stderr, objects)
	if err := opts.checkKept(objects); err != nil {
		return err
	}
	memory := opts.mostMemory(runner.Name)
	memory.Bound()
	p := plan{
		files:     source.Files(objects, runner.Lanes()),
		read:      source.Config{Access: opts.access(), Memory: memory, Library: opts.decoder == "library"},
		lanes:     runner.Lanes(),
		dealt:     runner.Elsewhere(),
		trips:     tripOptions(opts.utc, opts.standard()),
		admission: trip.Admission{Taxi: opts.taxi, MergeSameMonth: opts.sameMonth == "merge", RequireComplete: opts.complete, FailUnknown: opts.unknown == "fail", AllGaps: opts.verbose},
		standard:  opts.standard(),
		tables:    aggregate.Tables(opts.standard()),
	}
	p.quality = quality.Config{Limits: opts.parsed.limits, AsOf: asOf(p.files, opts.parsed.asOf), Keep: opts.keep()}
	p.trips.KeepOrigin = p.quarantined()
	p.publish = publishConfig(p.quality)
	if opts.plan {
		return showPlan(ctx, stdout, stderr, p)
	}
	p.publish.Before = publish.Seen(ctx, opts.output)
	// The reader of stdout may be gone. This does not end the run, and does not change its result.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	told, err := runner.Check(places(objects))
	if err != nil {
		return usage("%v", err)
	}
	if !runner.Elsewhere() { // otherwise the workers, not this process, must reach the output
		if err := publish.KeepReal(ctx, p.publish); err != nil {
			return err
		}
	}
	publish.Notice = func(_ context.Context, text string) { line(stderr, "note: %s", text) }
	for _, n := range told {
		line(stderr, "note: %s", n)
	}
	if runner.Elsewhere() {
		if err := makeReachable(&p); err != nil {
			return err
		}
	}
	end, err := profiled(stderr, func() (runners.Ending, error) { return runPipeline(ctx, stderr, runner, &p) })
	if err != nil && runner.Elsewhere() {
		err = givenUp(ctx, p.publish, err)
	}
	switch {
	case err != nil:
		return err
	case end.Dry != "":
		_, err := fmt.Fprintln(stdout, end.Dry)
		return err
	case end.On:
		line(stderr, "submitted runner=%s job=%s output=%s; it is not waited for", runner.Name, end.Job, objstore.Redact(opts.output))
		return nil
	case runner.Elsewhere():
		ctx = context.WithoutCancel(ctx) // it is published, whatever came since
		if err := isHere(ctx, p.publish); err != nil {
			return err
		}
	}
	// The output is published: a fault from here on is reported but does not fail the run.
	m, err := publish.ReadManifest(ctx, opts.output)
	if err != nil {
		line(stderr, "note: all is published in %s, but reading it back failed: %v", objstore.Redact(opts.output), objstore.Reason(err))
		return nil
	}
	if err := printTable(ctx, stdout, opts.output, m); err != nil {
		line(stderr, "note: all is published in %s, but not all of the monthly table could be printed: %v", objstore.Redact(opts.output), objstore.Reason(err))
	}
	notes(stderr, filesOf(m), p.endless(), noteGaps())
	if opts.standard() {
		noteRefused(stderr, m)
	}
	noteNoCodes(stderr, m)
	noteNoTrips(stderr, m.NoTrips)
	report(stderr, runner, m, time.Since(start))
	return nil
}

// profiled calls run and writes the requested profiles. If the run succeeds and a profile cannot be written, a note says so.
func profiled(stderr io.Writer, run func() (runners.Ending, error)) (runners.Ending, error) {
	stop, err := opts.profiles.start()
	if err != nil {
		return runners.Ending{}, err
	}
	end, err := run()
	return end, afterwards(stderr, err, stop(), "a profile could not be written")
}

// afterwards joins the error of a run with that of a step after it. If the run succeeded, the later error is only a note.
func afterwards(stderr io.Writer, run, after error, what string) error {
	if run == nil && after != nil {
		line(stderr, "note: the run is done, but %s: %v", what, after)
		return nil
	}
	return errors.Join(run, after)
}

// runPipeline builds the pipeline and runs it to its end.
func runPipeline(ctx context.Context, stderr io.Writer, runner runners.Runner, p *plan) (end runners.Ending, failed error) {
	if q := p.publish.Quarantine; q != nil {
		area, err := quarantine.Open(ctx, *q)
		switch {
		case errors.Is(err, quarantine.ErrBusy):
			return end, fault.New(fault.Conflict, "--quarantine: %v; run again when it is done, or name another folder", err)
		case errors.Is(err, quarantine.ErrForeign), errors.Is(err, quarantine.ErrNotPrivate):
			return end, usage("--quarantine: %v; name another folder", err)
		case err != nil:
			return end, fault.New(fault.Failed, "--quarantine: %v; nothing was published: name a folder that can be written", err)
		}
		defer func() {
			failed = afterwards(stderr, failed, area.Close(), "what it needed for the quarantine could not be removed")
		}()
	}
	pipeline, scope := beam.NewPipelineWithRoot()
	build(scope, *p)
	p.files = nil // they are in the graph; of many files a second copy would count
	return runner.Run(ctx, pipeline)
}

// tripOptions are how files are understood.
func tripOptions(utc string, standard bool) trip.Options {
	options := trip.Options{Registry: slices.Concat(tlc.Registry, aggregate.Datasets()), UTC: utc, Judged: standard, More: aggregate.Needs(aggregate.Tables(standard))}
	if standard {
		options.More = append(options.More, quality.Needs()...)
	}
	return options
}

// asOf is the last month that a file without a month in its name may have: as given, or the last that any name holds.
func asOf(files []element.Found, given int32) int32 {
	last := given
	if given == element.NoMonth {
		for _, f := range files {
			last = max(last, f.Month)
		}
	}
	return last
}

func publishConfig(rules quality.Config) publish.Config {
	cfg := publish.Config{
		Output:      opts.output,
		Access:      opts.access(),
		ID:          newID(),
		MaxRejected: -1,
		Sample:      opts.input.readsSample(),
		Meta: []publish.Meta{
			{Key: "tripstats.quality", Value: opts.quality},
			{Key: "tripstats.rules_digest", Value: "none"}, // raw: no rule is applied
			{Key: "tripstats.version", Value: version},
		},
		Program: publish.Program{Name: "tripstats", Version: version, Revision: revision()},
		Quality: opts.quality,
		Flags:   map[string]string{},
	}
	if opts.standard() {
		cfg.MaxRejected = opts.parsed.maxRejected
		cfg.Meta[1].Value = rules.Limits.Digest()
		cfg.Meta = append(cfg.Meta, publish.Meta{Key: "tripstats.limits", Value: rules.Limits.String()})
		cfg.Rules = &publish.Rules{Digest: rules.Limits.Digest(), Limits: rules.Limits.Effective()}
		if rules.AsOf != element.NoMonth {
			cfg.Rules.AsOf = tlc.FormatMonth(rules.AsOf)
		}
	}
	if rules.Keep != quality.KeepNone {
		cfg.Quarantine = &quarantine.Config{Dir: absolute(opts.keepRows), ID: cfg.ID}
	}
	cfg.Tables = aggregate.Names(opts.standard())
	for _, name := range aggregate.Names(true) {
		if !slices.Contains(cfg.Tables, name) {
			cfg.Absent = append(cfg.Absent, name)
		}
	}
	for _, t := range aggregate.Tables(opts.standard()) {
		for _, column := range t.Balance() {
			cfg.Balance = append(cfg.Balance, publish.Total{Table: t.Name, Column: column})
		}
	}
	flag.Visit(func(f *flag.Flag) {
		if f.Name != "input" { // the inputs stand in the manifest one by one
			cfg.Flags[f.Name] = shownValue(f.Name, f.Value.String())
		}
	})
	if opts.months == "" {
		cfg.Flags["input"] = opts.input.redacted()
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
