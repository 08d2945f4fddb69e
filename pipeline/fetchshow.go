package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"tripstats/io/fetch"
	"tripstats/io/objstore"
)

// fetchShow tells how a fetch goes: a line for each file that is done and, on a terminal, below them a bar for each that is under way and
// one for all. With --log=plain and --log=json a line tells it now and then, also within a file.
type fetchShow struct {
	beat

	w     console
	jobs  int
	sizes map[string]int64 // of all files, by place; -1 if not known

	begun time.Time

	mu    sync.Mutex
	open  []*fetching // under way
	files int         // done
	bytes int64       // of these
	came  int64       // bytes from the sources
	marks []mark
}

// fetching is a file that is under way.
type fetching struct {
	place string
	done  int64
	size  int64     // -1 if not known
	last  time.Time // something came
	cause error     // why a request is made again
}

func newFetchShow(w console, jobs []fetch.Job) *fetchShow {
	s := &fetchShow{w: w, jobs: len(jobs), sizes: map[string]int64{}, begun: time.Now()}
	for _, j := range jobs {
		if s.sizes[j.Place] = j.Object.Size; j.Object.URI == "" {
			s.sizes[j.Place] = -1
		}
	}
	s.start(w, s.tick)
	return s
}

// event is told by fetch what happens, once at a time.
func (s *fetchShow) event(e fetch.Event) {
	s.mu.Lock()
	f := s.fileOf(e)
	text := textOf(s.w, e)
	if text != "" {
		s.open = slices.DeleteFunc(s.open, func(other *fetching) bool { return other == f })
		s.files++
		s.bytes += max(0, e.Size)
		s.sizes[e.Place] = max(0, e.Size)
	}
	s.mu.Unlock()
	if text != "" {
		s.w.line("%s", text)
	}
}

// fileOf returns the file of an event, as it is after the event.
func (s *fetchShow) fileOf(e fetch.Event) *fetching {
	at := slices.IndexFunc(s.open, func(f *fetching) bool { return f.place == e.Place })
	if at < 0 {
		at = len(s.open)
		s.open = append(s.open, &fetching{place: e.Place, size: -1, done: e.Done, last: time.Now()})
	}
	f := s.open[at]
	switch e.Type {
	case fetch.Started, fetch.Progress:
		if e.Size >= 0 {
			f.size, s.sizes[e.Place] = e.Size, e.Size
		}
		if e.Type == fetch.Progress {
			s.came += max(0, e.Done-f.done)
			f.done, f.last, f.cause = e.Done, time.Now(), nil
		}
	case fetch.Waits:
		f.cause = e.Err
	}
	return f
}

// tick draws the bars, or writes a line if it is time for one.
func (s *fetchShow) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.status(now)
	switch {
	case s.screen != nil:
		s.screen.draw(s.bars(all, now, s.screen.width())...)
	case s.due(now, len(all.waits) > 0):
		if s.w.forPrograms() {
			r := all.record()
			r.Stage = "fetching"
			s.w.record(r)
		} else {
			s.w.line("%s", s.text(all))
		}
	}
}

// status is how far the whole fetch is. Bytes are 0 if the size of some file is not known.
func (s *fetchShow) status(now time.Time) status {
	all := status{seconds: now.Sub(s.begun).Seconds()}
	all.Files, all.FilesDone, all.Rows, all.BytesDone = s.jobs, s.files, -1, s.bytes
	for _, size := range s.sizes {
		if all.Bytes += size; size < 0 {
			all.Bytes = 0
			break
		}
	}
	for _, f := range s.open {
		all.BytesDone += f.done
		all.Open = append(all.Open, f.place)
		if wait := f.wait(now); wait != "" && len(all.waits) < mostWaits {
			all.waits = append(all.waits, wait)
		}
	}
	s.marks = append(s.marks, mark{at: now, bytes: s.came})
	for len(s.marks) > 2 && now.Sub(s.marks[1].at) >= speedOver {
		s.marks = s.marks[1:]
	}
	seconds := now.Sub(s.marks[0].at).Seconds()
	if came := s.came - s.marks[0].bytes; seconds > 0 && came > 0 {
		all.bytesPerSecond = float64(came) / seconds
		if all.Bytes > 0 {
			left := float64(max(0, all.Bytes-all.BytesDone)) / all.bytesPerSecond
			all.left, all.leftKnown = time.Duration(min(left, 1e9)*float64(time.Second)), true
		}
	}
	return all
}

// wait says that nothing has come for longer than patience, and why a request is made again.
func (f *fetching) wait(now time.Time) string {
	long := now.Sub(f.last)
	if long < patience {
		return ""
	}
	text := fmt.Sprintf("waiting %s for %s", span(long), endOf(plainName(f.place), longestName))
	if f.cause != nil {
		text += fmt.Sprintf(" (trying again: %s)", causeOf(f.cause))
	}
	return text
}

// bars are a line for each file under way, and one for all.
func (s *fetchShow) bars(all status, now time.Time, width int) []string {
	var lines []string
	for _, f := range s.open {
		var fields parts
		last, isName, least := plainName(path.Base(f.place)), true, leastName
		if wait := f.wait(now); wait != "" {
			last, isName, least = wait, false, leastWait
		}
		fields.ofShare(f.done, f.size, width)
		lines = append(lines, objstore.Hide(layout(fields, last, isName, least, width)))
	}
	var fields parts
	fields.ofShare(all.BytesDone, all.Bytes, width)
	if all.leftKnown {
		fields[fieldLeft] = span(all.left) + " left"
	}
	if all.bytesPerSecond > 0 {
		fields[fieldSpeed] = speedText(all, "/s")
	}
	return append(lines, layout(fields, fmt.Sprintf("%d/%d files", s.files, s.jobs), false, leastName, width))
}

// text is a line that tells how much of the whole fetch is done.
func (s *fetchShow) text(all status) string {
	list := []string{fmt.Sprintf("fetched %d of %d files", s.files, s.jobs)}
	if n, prefix := inUnits(all.BytesDone); all.Bytes > 0 {
		list = append(list, ofBytes(all.BytesDone, all.Bytes, " of "))
	} else {
		list = append(list, unit(n[0], prefix+"B"))
	}
	if all.bytesPerSecond > 0 {
		list = append(list, speedText(all, " a second"))
	}
	if all.leftKnown {
		list = append(list, span(all.left)+" left")
	}
	for _, f := range s.open {
		now := "now " + endOf(plainName(f.place), longestName)
		if f.size > 0 {
			now += fmt.Sprintf(" %d%%", 100*f.done/f.size)
		}
		list = append(list, now)
	}
	return strings.Join(append(list, all.waits...), ", ")
}

// speedText writes the speed in bytes.
func speedText(all status, each string) string {
	n, prefix := inUnits(int64(all.bytesPerSecond))
	return unit(n[0], prefix+"B") + each
}

// close takes the bars off the screen for good.
func (s *fetchShow) close() { s.end() }
