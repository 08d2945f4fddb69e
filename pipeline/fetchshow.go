package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"tripstats/io/fetch"
)

// fetchShow tells how a fetch goes: a line for each file that is done and, on a terminal, below them a bar for each that
// is under way and one for all.
type fetchShow struct {
	w     console
	bars  bool
	width func() int

	mu     sync.Mutex
	places []string // under way
	by     map[string]*progressbar.ProgressBar
	all    *progressbar.ProgressBar
	drawn  int // lines of bars on the screen
	last   time.Time
}

// redraw is how often bars are drawn anew.
const redraw = 100 * time.Millisecond

func newFetchShow(w console, files int) *fetchShow {
	s := &fetchShow{w: w, by: map[string]*progressbar.ProgressBar{}}
	if f, ok := unfiltered(w.w).(*os.File); ok && w.forTerminal() {
		s.begin(files, func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil || width < 1 { // a terminal may not know
				return 80
			}
			return width
		})
	}
	return s
}

// begin draws bars from now on.
func (s *fetchShow) begin(files int, width func() int) {
	s.bars, s.width = files > 0, width
	s.all = progressbar.NewOptions(files, progressbar.OptionSetWriter(io.Discard), progressbar.OptionSetWidth(barWidth),
		progressbar.OptionShowCount(), progressbar.OptionSetDescription(fmt.Sprintf("%-*s", nameWidth, "all files")))
	s.all.RenderBlank() //nolint:errcheck // it draws nowhere
}

const (
	barWidth  = 20
	nameWidth = 32
)

// event is told by fetch what happens, once at a time.
func (s *fetchShow) event(e fetch.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := textOf(s.w, e)
	if !s.bars {
		if text != "" {
			s.w.line("%s", text)
		}
		return
	}
	switch {
	case text != "":
		s.places = slices.DeleteFunc(s.places, func(p string) bool { return p == e.Place })
		delete(s.by, e.Place)
		s.all.Add(1) //nolint:errcheck // it draws nowhere
		s.clear()
		s.w.line("%s", text)
	case s.by[e.Place] == nil:
		name := e.Place[strings.LastIndex(e.Place, "/")+1:]
		s.places = append(s.places, e.Place)
		s.by[e.Place] = progressbar.NewOptions64(e.Size, progressbar.OptionSetWriter(io.Discard), progressbar.OptionSetWidth(barWidth),
			progressbar.OptionShowBytes(true), progressbar.OptionShowTotalBytes(true), progressbar.OptionShowCount(),
			progressbar.OptionSetDescription(fmt.Sprintf("%-*.*s", nameWidth, nameWidth, name)))
		fallthrough
	default:
		bar := s.by[e.Place]
		if e.Size > 0 && bar.GetMax64() != e.Size {
			bar.ChangeMax64(e.Size)
		}
		bar.Set64(e.Done) //nolint:errcheck // it draws nowhere
	}
	if text != "" || time.Since(s.last) >= redraw {
		s.draw()
	}
}

// draw draws all bars over those that are there.
func (s *fetchShow) draw() {
	s.clear()
	var b strings.Builder
	for _, p := range s.places {
		b.WriteString(s.fit(s.by[p].String()))
	}
	b.WriteString(s.fit(s.all.String()))
	fmt.Fprint(s.w.w, b.String())
	s.drawn, s.last = len(s.places)+1, time.Now()
}

// fit makes one line of a bar, no wider than the terminal, because a wrapped line could not be drawn over.
func (s *fetchShow) fit(bar string) string {
	text := []rune(strings.TrimSpace(strings.ReplaceAll(bar, "\r", "")))
	return string(text[:min(len(text), max(0, s.width()-1))]) + "\n"
}

// clear takes the bars off the screen.
func (s *fetchShow) clear() {
	if s.drawn > 0 {
		fmt.Fprintf(s.w.w, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}

// close takes the bars off the screen for good.
func (s *fetchShow) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	s.bars = false
}
