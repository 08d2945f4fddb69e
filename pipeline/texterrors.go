package main

import (
	"errors"
	"io"
	"strings"

	"golang.org/x/term"

	"tripstats/transforms/fault"
	"tripstats/transforms/query"
)

// mostTextErrors is the largest number of errors in texts that are told at once.
const mostTextErrors = 10

// textErrors collects what is wrong in texts of SQL, and in the list that names them.
type textErrors struct {
	faults   []*fault.Fault
	excerpts []string // of each fault: the line of the text and a caret below it, or ""
}

// add adds an error that has no place in a text.
func (e *textErrors) add(f *fault.Fault) {
	e.faults, e.excerpts = append(e.faults, f), append(e.excerpts, "")
}

// addText adds the errors of a text.
func (e *textErrors) addText(err error) {
	var all query.Errors
	if !errors.As(err, &all) {
		e.add(usage("%v", err))
		return
	}
	for _, one := range all {
		message, excerpt, _ := strings.Cut(one.WithLine(), "\n")
		e.faults = append(e.faults, fault.New(fault.Usage, "%s", message))
		e.excerpts = append(e.excerpts, excerpt)
	}
}

// err returns the first errors as one, or nil.
func (e *textErrors) err() error {
	if len(e.faults) == 0 {
		return nil
	}
	n := min(len(e.faults), mostTextErrors)
	return &textFault{fault.All(e.faults[:n]...), e.excerpts[:n]}
}

// textFault is a fault about texts of SQL.
type textFault struct {
	error
	excerpts []string // of each line of the fault
}

func (t *textFault) Unwrap() error { return t.error }

// lines writes the lines of a fault. On a terminal the lines of a text stand below them.
func (c console) lines(err error, f *fault.Fault) {
	var text *textFault
	errors.As(err, &text)
	for i, l := range f.Lines() {
		excerpt := ""
		if text != nil && i < len(text.excerpts) {
			excerpt = text.excerpts[i]
		}
		if c.forPrograms() {
			c.record(errorRecord{ExitCode: int(f.Code), Message: c.cut(l), Excerpt: excerpt})
			continue
		}
		c.line("%s", l)
		if excerpt != "" && c.forTerminal() {
			io.WriteString(c.w, excerpt+"\n") //nolint:errcheck // like line
		}
	}
}

// isTerminal tells whether what is written to w is shown on a terminal.
func isTerminal(w io.Writer) bool {
	f := fileOf(w)
	return f != nil && term.IsTerminal(int(f.Fd()))
}
