package main

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"

	"tripstats/transforms/fault"
)

// silent is above every level but that of what ends the process on the spot.
const silent = slog.LevelError + 1

// initBeam initialises Beam; a worker of a remote runner never comes back from it. It routes Beam's own logging, and
// slog, which prism uses, to w: everything with verbose, else nothing. What a job fails with comes back as its error,
// which run reports in one line; the runner's own words on it are up to ten lines more, with plans and stacks in them.
func initBeam(w io.Writer, verbose bool) {
	least := silent
	log.LogLevel = "error"
	if verbose {
		least, log.LogLevel = slog.LevelDebug, "debug"
	}
	beam.Init() // makes a default handler of its own, so ours comes after
	h := slog.NewTextHandler(w, &slog.HandlerOptions{Level: least})
	slog.SetDefault(slog.New(h))
	log.SetLogger(beamLog{h})
}

// beamLog is Beam's logger.
type beamLog struct{ handler *slog.TextHandler }

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
