package main

import (
	"sync"
	"time"
)

const (
	redrawEvery = 200 * time.Millisecond
	lookEvery   = time.Second      // whether there is a line to write
	lineEvery   = 10 * time.Second // between lines
)

// beat says when and how progress is shown: drawn at the bottom of a terminal, in lines with --log=plain, in records with --log=json, and
// otherwise, as in a pipe without --log, not at all: a good run writes one line to stderr.
type beat struct {
	screen *screen // nil if nothing is drawn
	lines  bool    // lines or records

	told   time.Time // the last line
	waited bool      // the last line told of waiting

	stop, ended chan struct{}
	over        sync.Once
}

// start calls tick again and again, if anything is shown. The caller must call end.
func (b *beat) start(w console, tick func(now time.Time)) {
	b.told, b.stop, b.ended = time.Now(), make(chan struct{}), make(chan struct{})
	every := lookEvery
	switch s := screenOf(w.w); {
	case s != nil && w.forTerminal():
		b.screen, every = s, redrawEvery
	case w.forPrograms(), w.form == "plain":
		b.lines = true
	default:
		close(b.ended)
		return
	}
	go func() {
		defer close(b.ended)
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			select {
			case <-b.stop:
				return
			case now := <-ticks.C:
				tick(now)
			}
		}
	}()
}

// due tells whether it is time for a line. The beginning of a wait is told at once.
func (b *beat) due(now time.Time, waits bool) bool {
	if now.Sub(b.told) <= lineEvery-lookEvery/2 && (!waits || b.waited) {
		return false
	}
	b.told, b.waited = now, waits
	return true
}

// end ends the calls. What was drawn is gone when the first call of end returns. first tells whether this is the first call.
func (b *beat) end() (first bool) {
	b.over.Do(func() {
		first = true
		close(b.stop)
		<-b.ended
		if b.screen != nil {
			b.screen.draw()
		}
	})
	return first
}
