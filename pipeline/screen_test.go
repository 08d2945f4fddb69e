package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestLinesAtTheBottomOfAScreen writes messages above lines that change, and takes the lines off. Messages are written at once.
func TestLinesAtTheBottomOfAScreen(t *testing.T) {
	var b bytes.Buffer
	width := 20
	s := &screen{w: &b, width: func() int { return width }}
	fmt.Fprint(s, "first\n")
	s.draw("50% a.parquet", strings.Repeat("long ", 10))
	if got := terminal(b.String(), width); got != "first\n50% a.parquet\nlong long long long" {
		t.Errorf("found %q", got)
	}
	fmt.Fprint(s, "second\n")
	s.draw("60%")
	if got := terminal(b.String(), width); got != "first\nsecond\n60%" {
		t.Errorf("found %q", got)
	}
	fmt.Fprint(s, "third, ")
	fmt.Fprint(s, "in two parts\n")
	if got := terminal(b.String(), 80); got != "first\nsecond\nthird, in two parts\n60%" {
		t.Errorf("found %q", got)
	}
	s.close()
	s.draw("late")
	fmt.Fprint(s, "last\n")
	if got := terminal(b.String(), 80); got != "first\nsecond\nthird, in two parts\nlast\n" {
		t.Errorf("found %q, expected no line of the screen", got)
	}
}

// TestAScreenThatBecomesNarrower has a terminal that wraps what is on it.
func TestAScreenThatBecomesNarrower(t *testing.T) {
	var b bytes.Buffer
	width := 40
	s := &screen{w: &b, width: func() int { return width }}
	fmt.Fprint(s, "first\n")
	s.draw(strings.Repeat("x", 39), "y")
	width = 10
	b.Reset()
	s.close()
	if got, want := b.String(), "\r"+strings.Repeat("\x1b[A", 4)+"\x1b[J"; got != want { // 39 cells are four rows
		t.Errorf("found %q, expected %q", got, want)
	}
}

// terminal returns what a terminal shows. It knows the codes that a screen writes, and fails on others.
func terminal(text string, width int) string {
	rows, row, column := [][]rune{nil}, 0, 0
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b[A"):
			row, text = row-1, text[3:]
			continue
		case strings.HasPrefix(text, "\x1b[J"):
			rows, text = append(rows[:row:row], rows[row][:column]), text[3:]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch {
		case r == '\r':
			column = 0
		case r == '\n':
			if row, column = row+1, 0; row == len(rows) {
				rows = append(rows, nil)
			}
		case r < ' ':
			return fmt.Sprintf("unknown code %q", r)
		default:
			if column == width {
				if row, column = row+1, 0; row == len(rows) {
					rows = append(rows, nil)
				}
			}
			rows[row] = append(rows[row][:column:column], append([]rune{r}, rows[row][min(column+1, len(rows[row])):]...)...)
			column++
		}
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = string(r)
	}
	return strings.Join(lines, "\n")
}
