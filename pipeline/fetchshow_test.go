package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tripstats/io/fetch"
	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

const (
	firstPlace  = "2014/yellow_tripdata_2014-01.parquet"
	secondPlace = "z\x1b[31m.parquet"
)

// fetchTold is what a fetch of two files tells, in parts; the second file has no known size at first.
var fetchTold = [][]fetch.Event{
	{{Type: fetch.Started, Place: firstPlace, Size: 1000}, {Type: fetch.Progress, Place: firstPlace, Size: 1000, Done: 500}},
	{{Type: fetch.Started, Place: secondPlace, Size: -1}, {Type: fetch.Progress, Place: secondPlace, Size: -1, Done: 10}},
	{{Type: fetch.Progress, Place: secondPlace, Size: 100, Done: 20}, {Type: fetch.Waits, Place: secondPlace, Size: 100, Done: 20, Err: fault.Inputf("status\n503")}},
	{{Type: fetch.Fetched, Place: firstPlace, Size: 1000, Took: time.Second}, {Type: fetch.Failed, Place: secondPlace, Err: fault.Inputf("no\nsuch %s", "file")}},
}

var fetchJobs = []fetch.Job{{Place: firstPlace, Object: objstore.Object{URI: "https://h/a", Size: 1000}}, {Place: secondPlace}}

// TestBarsAreDrawnBelowTheLines looks at the screen after each part of a fetch.
func TestBarsAreDrawnBelowTheLines(t *testing.T) {
	var b bytes.Buffer
	screen := &screen{w: &b, width: func() int { return 90 }}
	s := newFetchShow(console{w: screen}, fetchJobs)
	s.screen = screen // no terminal draws by itself here
	start := s.begun
	for i, want := range []string{
		" 50%  [#####.....]  500/1000 B  yellow_tripdata_2014-01.parquet\n500 B  500 B/s  0/2 files",
		" 50%  [#####.....]  500/1000 B  yellow_tripdata_2014-01.parquet\n10 B  z?[31m.parquet\n510 B  255 B/s  0/2 files",
		" 50%  [#####.....]  waiting 1 min 0 s for 2014/yellow_tripdata_2014-01.parquet\n 20%  [##........]  waiting 1 min 0 s for z?[31m.parquet (trying again: status 503)\n 47%  [####......]  520/1100 B  8 B/s  1 min 13 s left  0/2 files",
		"tripstats: fetched " + firstPlace + " bytes=1000 seconds=1.0\ntripstats: failed z [31m.parquet: no such file\n100%  [##########]  1000/1000 B  2/2 files",
	} {
		for _, e := range fetchTold[i] {
			s.event(e)
		}
		now := start.Add(time.Duration(i+1) * time.Second)
		if i == 0 {
			s.marks = []mark{{at: start}}
		}
		if i == 2 { // nothing comes for a minute
			now = s.open[0].last.Add(time.Minute)
			s.open[1].last = s.open[0].last
			s.marks = []mark{{at: now.Add(-65 * time.Second)}}
		}
		if i == 3 {
			s.marks = nil
		}
		s.tick(now)
		if got := terminal(b.String(), 90); got != want {
			t.Errorf("part %d: found\n%s\nexpected\n%s", i, got, want)
		}
	}
	s.close()
	if got, want := terminal(b.String(), 90), "tripstats: fetched "+firstPlace+" bytes=1000 seconds=1.0\ntripstats: failed z [31m.parquet: no such file\n"; got != want {
		t.Errorf("found\n%q\nexpected\n%q", got, want)
	}
}

// TestAFetchTellsWithinAFile has lines for people and for programs. In a pipe without --log there are only the lines of whole files.
func TestAFetchTellsWithinAFile(t *testing.T) {
	for form, lines := range map[string]int{"": 0, "plain": 2, "json": 2} {
		var b bytes.Buffer
		s := newFetchShow(console{w: &b, form: form}, fetchJobs)
		if (form != "") != s.lines || s.screen != nil {
			t.Errorf("--log=%s: found lines %v and screen %v", form, s.lines, s.screen)
		}
		for _, e := range fetchTold[0] {
			s.event(e)
		}
		last := s.open[0].last
		if s.lines {
			s.tick(last.Add(time.Second))     // nothing yet
			s.tick(last.Add(4 * time.Second)) // it waits
			s.tick(last.Add(5 * time.Second)) // this is known
			s.tick(last.Add(15 * time.Second))
		}
		s.close()
		if got := strings.Count(b.String(), "\n"); got != lines {
			t.Errorf("--log=%s: found %d lines, expected %d: %s", form, got, lines, b.String())
		}
		switch form {
		case "plain":
			if !strings.HasPrefix(b.String(), "tripstats: fetched 0 of 2 files, 500 B, now "+firstPlace+" 50%, waiting 4 s for "+firstPlace+"\n") {
				t.Errorf("found %s", b.String())
			}
		case "json":
			var r struct {
				Type string
				statusRecord
			}
			line, _, _ := strings.Cut(b.String(), "\n")
			if err := json.Unmarshal([]byte(line), &r); err != nil || r.Type != "status" || r.Stage != "fetching" || r.Files != 2 || r.BytesDone != 500 || len(r.Waiting) != 1 || r.Reading[0] != firstPlace {
				t.Errorf("found %s (%v)", line, err)
			}
		}
	}
}
