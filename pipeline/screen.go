package main

import (
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// screen is a terminal with lines at its bottom that change. What is written to it appears above them. Messages are
// written at once, so that none is lost however the program ends. Libraries for progress bars hold a message back until they draw again.
type screen struct {
	w     io.Writer
	file  *os.File   // the terminal
	width func() int // of the terminal, in cells

	mu     sync.Mutex
	lines  []string // at the bottom; none has been cut
	shown  []int    // cells of the lines that are on the screen
	inLine bool     // what was written last does not end a line
	closed bool
}

// newScreen returns the screen of a terminal that understands the codes by which lines are taken off. For anything else, such as a pipe, it
// returns nil.
func newScreen(f *os.File) *screen {
	if !term.IsTerminal(int(f.Fd())) || !understandsCodes(f) {
		return nil
	}
	return &screen{w: f, file: f, width: func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width < 1 { // a terminal may not know
			return 80
		}
		return width
	}}
}

// stderrOf is where messages go: to the screen if there is one.
func stderrOf(f *os.File) io.Writer {
	if s := newScreen(f); s != nil {
		return s
	}
	return f
}

// screenOf returns the screen below a writer, or nil.
func screenOf(w io.Writer) *screen {
	s, _ := unfiltered(w).(*screen)
	return s
}

// fileOf returns the file below a writer, or nil.
func fileOf(w io.Writer) *os.File {
	switch w := unfiltered(w).(type) {
	case *os.File:
		return w
	case *screen:
		return w.file
	}
	return nil
}

// Write writes above the lines.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	n, err := s.w.Write(p)
	if len(p) > 0 {
		s.inLine = p[len(p)-1] != '\n'
	}
	s.redraw()
	return n, err
}

// draw replaces the lines at the bottom.
func (s *screen) draw(lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = lines
	s.erase()
	s.redraw()
}

// close takes the lines off for good.
func (s *screen) close() {
	if s == nil {
		return
	}
	s.draw()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// erase takes the lines off. Most terminals wrap what is on them when they become narrower, so a line may take several rows.
func (s *screen) erase() {
	if len(s.shown) == 0 {
		return
	}
	up, width := len(s.shown)-1, s.width()
	for _, cells := range s.shown {
		up += max(0, cells-1) / width
	}
	s.shown = nil
	io.WriteString(s.w, "\r"+strings.Repeat("\x1b[A", up)+"\x1b[J") //nolint:errcheck // like a message
}

// redraw draws the lines, each no wider than the terminal.
func (s *screen) redraw() {
	if s.closed || s.inLine {
		return
	}
	var text []string
	for _, l := range s.lines {
		l = cutCells(l, s.width()-1) // a terminal may begin a new row after the last cell
		text, s.shown = append(text, l), append(s.shown, cellsOf(l))
	}
	io.WriteString(s.w, strings.Join(text, "\n")) //nolint:errcheck // like a message
}
