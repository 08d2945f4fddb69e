// Tripstats turns NYC TLC taxi trip records into small tables: monthly averages of duration, distance, cost, tip and
// passengers, and pickups and dropoffs for each zone and month. It is an Apache Beam pipeline; the README says how to
// run it, and build is its graph.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"tripstats/io/publish"
	_ "tripstats/runners/account" // Beam needs it to start
	"tripstats/transforms/fault"
)

func main() { os.Exit(int(mainWithSignals())) }

// exitCode is the status of the process: a fault.Code, or 128 and the number of the signal that ended it.
type exitCode int

// grace is how long a run may take to stop once a signal has come. Then the process ends all the same: what it had
// not published is lost, nothing else. A job on a cluster is cancelled and waited for, unless a second signal comes.
const (
	grace        = 2 * time.Second
	clusterGrace = 90 * time.Second
)

// progress is what the handler of signals must know of a run.
type progress struct {
	elsewhere atomic.Bool             // a cluster runs the job
	console   atomic.Pointer[console] // where the run writes its messages
	farewell  atomic.Pointer[string]  // what became of that after a signal, once it is known
}

// mainWithSignals runs the program and ends early on SIGINT and SIGTERM, never between two published files.
func mainWithSignals() exitCode {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan exitCode, 1)
	known := new(progress)
	stdout, stderr := keepSecrets(os.Args[1:], os.Stdout, stderrOf(os.Stderr))
	defer screenOf(stderr).close()
	go func() { done <- run(ctx, os.Args[1:], stdout, stderr, known) }()
	select {
	case code := <-done:
		return code
	case sig := <-signals:
		cancel()
		wait := grace
		if known.elsewhere.Load() {
			wait = clusterGrace
		}
		select {
		case code := <-done:
			if code == exitCode(fault.OK) { // it had published already, and has said so
				return code
			}
		case <-time.After(wait):
			publish.Critical.Lock()
		case <-signals:
			publish.Critical.Lock()
		}
		code := exitCode(130)
		if sig == syscall.SIGTERM {
			code = 143
		}
		became := ""
		if what := known.farewell.Load(); what != nil {
			became = *what + "; "
		}
		screenOf(stderr).close()
		said := console{w: stderr}
		if c := known.console.Load(); c != nil {
			said = *c
		}
		said.stopped(code, fmt.Sprintf("stopped by %v; %sthe output is whole", sig, became))
		return code
	}
}
