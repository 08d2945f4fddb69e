package query

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"tripstats/transforms/fault"
)

// mostErrors is the largest number of errors of a file that are told at once.
const mostErrors = 10

// Error is one thing that is wrong in a text: where, what was found, what was expected and what to do.
type Error struct {
	File         string
	Line, Column int // from 1, the column in characters; 0 if a query that was built in Go has no text
	Message      string

	text string // the line
	said message
	off  int
}

// Error returns the error in one line: tables.sql:3:9: found pickup_hours, expected a column; did you mean pickup_hour?
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// mostShown is how much of a long line is shown.
const mostShown = 100

// WithLine returns the error, the line of the text, and below it a caret at the place of the error. It is for terminals.
func (e *Error) WithLine() string {
	if e.Line == 0 {
		return e.Error()
	}
	line, at := []rune(fault.Printable(e.text)), e.Column-1
	if from := at - mostShown/2; from > 0 && len(line) > mostShown {
		line, at = append([]rune("..."), line[from:]...), at-from+3
	}
	if len(line) > mostShown {
		line = append(line[:mostShown:mostShown], []rune("...")...)
	}
	return fmt.Sprintf("%s\n    %s\n    %s^", e.Error(), strings.TrimRight(string(line), " "), strings.Repeat(" ", at))
}

// Errors are all the errors of a text, in its order.
type Errors []*Error

// Error returns a line for each error.
func (e Errors) Error() string { return e.join((*Error).Error) }

// WithLines returns the errors as [Error.WithLine] does.
func (e Errors) WithLines() string { return e.join((*Error).WithLine) }

func (e Errors) join(form func(*Error) string) string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = form(e[i])
	}
	return strings.Join(lines, "\n")
}

// report collects the errors of a text.
type report struct {
	file, text string
	errors     Errors
}

// reportOn begins a report on a text. A byte order mark at its start is no part of it.
func reportOn(file, text string) *report {
	return &report{file: file, text: strings.TrimPrefix(text, "\ufeff")}
}

// built is the place of what was built in Go.
const built = -1

// add adds an error at a place of the text. Of several errors at one place the first is told, as the others follow from it.
func (r *report) add(off int, m message, args ...any) {
	if off != built && slices.ContainsFunc(r.errors, func(e *Error) bool { return e.off == off }) {
		return
	}
	e := &Error{File: r.file, Message: fmt.Sprintf(string(m), args...), said: m, off: off}
	if off != built {
		var start int
		start, e.Line, e.Column = r.lineOf(off)
		e.text, _, _ = strings.Cut(r.text[start:], "\n")
		e.text = strings.TrimSuffix(e.text, "\r")
	}
	r.errors = append(r.errors, e)
}

// lineOf returns where the line of a place begins, and the numbers of the line and of the column, from 1.
func (r *report) lineOf(off int) (start, line, column int) {
	off = min(off, len(r.text))
	start = strings.LastIndexByte(r.text[:off], '\n') + 1
	return start, strings.Count(r.text[:start], "\n") + 1, utf8.RuneCountInString(r.text[start:off]) + 1
}

// place is a place of the text as messages name it.
func (r *report) place(off int) string {
	_, line, column := r.lineOf(off)
	return fmt.Sprintf("%s:%d:%d", r.file, line, column)
}

// err returns the errors found, or nil.
func (r *report) err() error {
	if len(r.errors) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errors, func(a, b *Error) int { return a.off - b.off })
	return r.errors[:min(len(r.errors), mostErrors)]
}

// shorten makes a piece of a text fit for a message.
func shorten(s string) string {
	const most = 40
	runes := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
	if len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return string(runes)
}
