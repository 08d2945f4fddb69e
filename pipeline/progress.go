package main

import (
	"strings"
	"sync"
	"time"

	"tripstats/io/objstore"
	"tripstats/runners"
	"tripstats/transforms/watch"
)

// teller tells how far a run is while it goes on: a bar on a terminal, or a line or a record now and then.
type teller struct {
	beat

	out    console
	output string // without secrets
	places []string

	begun time.Time

	mu    sync.Mutex
	run   *watch.Run // of the last plan; nil before the first
	job   runners.Status
	marks []mark
}

// mark is what was read at some time.
type mark struct {
	at          time.Time
	bytes, rows int64
}

const speedOver = 15 * time.Second // the time over which speed is measured

// tellProgress begins to tell how far a run is. The caller must call end.
func (j *job) tellProgress() *teller {
	t := &teller{out: j.stderr, output: objstore.Redact(j.output), places: j.prefixes(), begun: time.Now()}
	t.start(j.stderr, t.tick)
	return t
}

// prefixes are the beginnings of the addresses that the run reads or writes.
func (j *job) prefixes() []string {
	list := append([]string{j.output, j.source, j.keepRows}, j.input...)
	for i, place := range list {
		if scheme, _ := objstore.Scheme(place); scheme == "" {
			list[i] = ""
			continue
		}
		if end := strings.IndexAny(place, "*?[{"); end >= 0 {
			place = place[:end]
		}
		list[i] = objstore.Redact(place)
	}
	return list
}

// belongs tells whether the run reads or writes at an address.
func (t *teller) belongs(uri string) bool {
	for _, place := range t.places {
		if place != "" && strings.HasPrefix(uri, place) {
			return true
		}
	}
	return false
}

// follow makes a run to count by, for a new plan. It returns the name by which DoFns find it.
func (t *teller) follow() (name string) {
	if t == nil {
		return ""
	}
	name = newID()
	var ended func(watch.Done)
	if t.out.verbose {
		ended = func(d watch.Done) { t.out.file(readFile(d)) }
	}
	run := watch.New(name, ended)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.run.Close()
	t.run, t.marks = run, nil
	return name
}

// looksAt says how many files the pipeline looks at.
func (t *teller) looksAt(files int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.run.Inputs(files)
}

// jobIs is told by the runner how a job elsewhere is.
func (t *teller) jobIs(s runners.Status) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.job = s
}

// tick draws the bar, or writes a line if it is time for one.
func (t *teller) tick(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.status(now)
	switch {
	case t.screen != nil:
		t.screen.draw(objstore.Hide(s.bar(t.screen.width())))
	case t.due(now, len(s.waits) > 0):
		t.write(s)
	}
}

// write writes a line or a record.
func (t *teller) write(s status) {
	if t.out.forPrograms() {
		t.out.record(s.record())
		return
	}
	t.out.line("%s", s.text())
}

// end stops telling: the bar is gone when it returns. For programs the last record of a run that has read something has the final counts.
func (t *teller) end(good bool) {
	if t == nil || !t.beat.end() {
		return
	}
	t.run.Close()
	if s := t.status(time.Now()); good && t.out.forPrograms() && (s.Files > 0 || s.job.Job != "") {
		r := s.record()
		r.Stage, r.RowsPerSecond = "done", whole(float64(s.RowsDone)/s.seconds)
		t.out.record(r)
	}
}

// status is how far the run is.
func (t *teller) status(now time.Time) status {
	s := status{State: t.run.State(), job: t.job, output: t.output, seconds: now.Sub(t.begun).Seconds()}
	if s.Stage == watch.Reading {
		s.speed(t.mark(now, s))
	}
	s.waits = s.waiting(now, objstore.UnderWay(patience), t.belongs)
	return s
}

// mark keeps what was read until now, and returns the oldest mark that counts for the speed.
func (t *teller) mark(now time.Time, s status) (oldest, latest mark) {
	latest = mark{now, s.BytesDone, s.RowsDone}
	t.marks = append(t.marks, latest)
	for len(t.marks) > 2 && now.Sub(t.marks[1].at) >= speedOver {
		t.marks = t.marks[1:]
	}
	return t.marks[0], latest
}

// speed sets the speed between two marks, and the time that is left at this speed.
func (s *status) speed(oldest, latest mark) {
	seconds := latest.at.Sub(oldest.at).Seconds()
	if seconds <= 0 {
		return
	}
	s.bytesPerSecond, s.rowsPerSecond = float64(latest.bytes-oldest.bytes)/seconds, float64(latest.rows-oldest.rows)/seconds
	if s.bytesPerSecond > 0 {
		left := float64(s.Bytes-s.BytesDone) / s.bytesPerSecond
		s.left, s.leftKnown = time.Duration(min(max(0, left), 1e9)*float64(time.Second)), true
	}
}
