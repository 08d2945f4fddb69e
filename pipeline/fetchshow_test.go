package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"tripstats/io/fetch"
	"tripstats/transforms/fault"
)

func TestBarsAreDrawnBelowTheLines(t *testing.T) {
	var b bytes.Buffer
	s := newFetchShow(console{w: &b}, 2)
	if s.bars {
		t.Fatal("found bars in a pipe")
	}
	s.begin(2, func() int { return 90 })
	const a, z = "2014/yellow_tripdata_2014-01.parquet", "z.parquet"
	for _, e := range []fetch.Event{
		{Type: fetch.Started, Place: a, Size: 1000},
		{Type: fetch.Progress, Place: a, Size: 1000, Done: 500},
		{Type: fetch.Started, Place: z, Size: -1},
		{Type: fetch.Progress, Place: z, Size: -1, Done: 10},
		{Type: fetch.Progress, Place: z, Size: 100, Done: 20},
		{Type: fetch.Fetched, Place: a, Size: 1000, Took: time.Second},
		{Type: fetch.Failed, Place: z, Err: fault.Inputf("no\nsuch %s", "file")},
	} {
		s.last = time.Time{}
		s.event(e)
	}
	s.close()
	screen := shownOn(b.String())
	want := "tripstats: fetched " + a + " bytes=1000 seconds=1.0\ntripstats: failed z.parquet: no such file\n"
	if screen != want {
		t.Errorf("found\n%q\nexpected\n%q", screen, want)
	}
	all := b.String()
	for _, words := range []string{"yellow_tripdata_2014-01.parquet", "50%", "all files", "1/2", "z.parquet"} {
		if !strings.Contains(all, words) {
			t.Errorf("found no %q in %q", words, all)
		}
	}
	for _, l := range strings.Split(all, "\n") {
		if bar := l[strings.LastIndex(l, "J")+1:]; !strings.HasPrefix(bar, "tripstats:") && len([]rune(bar)) > 89 {
			t.Errorf("found a bar wider than the terminal: %q", bar)
		}
	}
}

// shownOn returns what a terminal shows at the end. It knows the two control sequences that fetch uses.
func shownOn(text string) string {
	var lines []string
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok && rest != "" && rest[0] != 'J' {
			up := int(rest[0] - '0')
			lines = lines[:len(lines)-up]
			text = strings.TrimPrefix(rest[2:], "\x1b[J")
			continue
		}
		l, rest, _ := strings.Cut(text, "\n")
		lines, text = append(lines, l), rest
	}
	return strings.Join(lines, "\n") + "\n"
}
