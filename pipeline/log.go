package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"

	"tripstats/transforms/fault"
)

// logChoices are the choices of --log.
var logChoices = []string{"auto", "plain", "json"}

// logFlag is the flag of each command that says how it writes to stderr.
var logFlag = flagDef{
	name: "log", of: func(s *settings) any { return &s.log }, decides: decidesNothing, def: logChoices[0], choices: logChoices, rare: true,
	text: "how messages are written: for people, with a bar on a terminal (auto, the default); for people,\nwith a line every ten seconds instead of the bar (plain); or for programs, as lines of JSON\n(json), whose fields are in pipeline/records.md",
}

// logBeamFlag is the flag of each command that runs a pipeline.
var logBeamFlag = flagDef{name: "log-beam", of: func(s *settings) any { return &s.logBeam }, decides: decidesNothing, rare: true, text: "show everything that Beam and its runners log"}

// console is where a run writes its messages to the user, line by line.
type console struct {
	w       io.Writer
	verbose bool
	beam    bool   // of --log-beam
	form    string // of --log
}

// talk makes the console write as the flags say.
func (j *job) talk() {
	j.stderr.verbose, j.stderr.beam = j.verbose, j.logBeam
	if form := j.log; isOneOf(&form, logChoices) {
		j.stderr.form = form
	}
	j.known.console.Store(&j.stderr)
}

// longestLine is how many bytes of a message a line gets: names in a hostile file may be megabytes long.
const longestLine = 4000

// line writes one line, under the program's name. As a record it is a note if it begins with the word.
func (c console) line(format string, args ...any) {
	text := c.cut(fmt.Sprintf(format, args...))
	switch note, is := strings.CutPrefix(text, notePrefix); {
	case !c.forPrograms():
		fmt.Fprintf(c.w, "tripstats: %s\n", text)
	case is:
		c.record(noteRecord{Message: note})
	default:
		c.record(progressRecord{Message: text})
	}
}

const notePrefix = "note: "

// cut returns a message as one line that is not too long.
func (c console) cut(text string) string {
	text = fault.OneLine(text)
	if len(text) > longestLine && !c.verbose {
		text = text[:longestLine] + "..."
	}
	return text
}

// forPrograms tells whether messages are written as records.
func (c console) forPrograms() bool { return c.form == "json" }

// forTerminal tells whether messages may have what only a terminal shows.
func (c console) forTerminal() bool { return (c.form == "" || c.form == "auto") && isTerminal(c.w) }

// messageOf returns an error as one line for the user.
func (c console) messageOf(err error) string {
	if f := fault.Find(err); f != nil {
		return f.Message
	}
	return summary(err, c.verbose)
}

// silent is above every level except the level of messages that end the process on the spot.
const silent = slog.LevelError + 1

// initBeam initialises Beam, once in a process; a worker of a remote runner never comes back from it. It routes Beam's own logging, and
// slog, which prism uses, to w: everything with --log-beam, else nothing. What a job fails with comes back as its error,
// which run reports in one line; the runner's own words on it are up to ten lines more, with plans and stacks in them.
//
// The loggers are the process's: they are those of the run that comes first.
func initBeam(stderr console) {
	if beam.Initialized() {
		return
	}
	least := silent
	log.LogLevel = "error"
	if stderr.beam {
		least, log.LogLevel = slog.LevelDebug, "debug"
	}
	beam.Init() // makes a default handler of its own, so ours comes after
	h := stderr.handler(least)
	slog.SetDefault(slog.New(h))
	log.SetLogger(beamLog{h})
}

// handler writes what Beam and its runners log.
func (c console) handler(least slog.Level) slog.Handler {
	if c.forPrograms() {
		return slog.NewJSONHandler(unfiltered(c.w), &slog.HandlerOptions{Level: least, ReplaceAttr: asRecord}).WithAttrs([]slog.Attr{slog.String("type", "log")})
	}
	return slog.NewTextHandler(c.w, &slog.HandlerOptions{Level: least})
}

// beamLog is Beam's logger.
type beamLog struct{ handler slog.Handler }

func (l beamLog) Log(ctx context.Context, sev log.Severity, _ int, msg string) {
	level := map[log.Severity]slog.Level{
		log.SevDebug: slog.LevelDebug, log.SevInfo: slog.LevelInfo, log.SevWarn: slog.LevelWarn,
		log.SevError: slog.LevelError, log.SevFatal: silent,
	}[sev]
	if !l.handler.Enabled(ctx, level) {
		return
	}
	slog.New(l.handler).Log(ctx, level, msg)
}

// summary is the one line for an error that is no fault of ours: its last cause, without the runner's wrapping.
func summary(err error, verbose bool) string {
	text := err.Error()
	if verbose {
		return text
	}
	if i := strings.LastIndex(text, "caused by:"); i >= 0 {
		text = text[i+len("caused by:"):]
	}
	if i := strings.Index(text, "goroutine "); i >= 0 { // a stack
		text = text[:i]
	}
	const most = 400
	text = fault.OneLine(text)
	if len(text) > most {
		text = text[:most] + "..."
	}
	return "failed: " + text + " (--verbose tells more)"
}
