// Package fault carries a failure, with the exit code it deserves, from wherever it happens to main.
//
// Beam loses error types: what a DoFn returns reaches the submitting program as text, wrapped in the runner's own
// words, on every runner. So a Fault prints itself between two markers, and [Find] reads it back out of any text. The
// markers are plain ASCII without quotes, so they survive JSON, gRPC and a Java stack trace.
package fault

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Code is an exit code of the program. The numbers are a contract (pipeline/README.md, "Exit codes").
type Code int

// The exit codes. 130 and 143 (ended by SIGINT, SIGTERM) are main's own.
const (
	OK          Code = 0 // done
	Failed      Code = 1 // failed here: disk, permission, or a fault of this program
	Usage       Code = 2 // wrong usage
	Input       Code = 3 // an input cannot be used, or an output is not sound
	NoMatch     Code = 4 // nothing matched, or a month is not published
	Gate        Code = 5 // a guard stopped the run: too many rows refused, too many groups, too much to read, or months or tables that would be lost
	Conflict    Code = 6 // another run holds the output, or published to it first
	Unavailable Code = 7 // a store or the network did not answer as it should: try again later
)

// Ours ends the message of a failure that no input can cause.
const Ours = "nothing was published; this is a fault of tripstats or its runner, please report it"

// Fault is a failure with its exit code. Message is one line: what was being done, to which file, row group and
// column, what was found, what was expected and what to do.
type Fault struct {
	Code    Code
	Message string
	More    []string // more lines like Message, if several things are wrong: see [All]
}

// Error renders the fault between its markers, so that [Find] can recover it from wrapped text.
func (f *Fault) Error() string {
	return fmt.Sprintf("[tripstats exit=%d] %s [/tripstats]", f.Code, strings.Join(f.Lines(), and))
}

// and stands between the lines of a fault when it travels as text.
const and = " [tripstats and] "

// Lines returns the messages for the user, a line for each thing that is wrong.
func (f *Fault) Lines() []string { return append([]string{f.Message}, f.More...) }

// Unavailable tells whether a store or the network was the cause: see [CodeOf].
func (f *Fault) Unavailable() bool { return f.Code == Unavailable }

// Advised tells whether the message says what to do about a store that is unavailable.
func (f *Fault) Advised() bool { return f.Code == Unavailable }

// CodeOf returns the exit code of a failure: [Unavailable] if err has a method Unavailable that returns true, otherwise the
// given code. This lets packages that do not know exit codes decide which errors may go away with time.
func CodeOf(err error, otherwise Code) Code {
	var u interface{ Unavailable() bool }
	if errors.As(err, &u) && u.Unavailable() {
		return Unavailable
	}
	return otherwise
}

// New returns a fault with a formatted message of one line. The markers of a fault in args are removed, because they do not nest. If an
// error among args says that a store is unavailable, the codes Failed and Input become Unavailable, and the message ends with
// what to do, unless an error among args is [Advised].
func New(code Code, format string, args ...any) *Fault {
	message := marked.ReplaceAllString(fmt.Sprintf(format, args...), "$2")
	if code == Failed || code == Input {
		unavailable, advised := adviceIn(args)
		if unavailable {
			code = Unavailable
		}
		if unavailable && !advised {
			message += later
		}
	}
	return &Fault{Code: code, Message: OneLine(strings.ReplaceAll(message, and, "; "))}
}

// later is what to do about a store that is unavailable.
const later = "; try again later"

// adviceIn tells whether an error among args says that a store is unavailable, and whether one is Advised.
func adviceIn(args []any) (unavailable, advised bool) {
	for _, a := range args {
		err, isError := a.(error)
		if !isError {
			continue
		}
		var own interface{ Advised() bool }
		unavailable = unavailable || CodeOf(err, OK) == Unavailable
		advised = advised || errors.As(err, &own) && own.Advised()
	}
	return unavailable, advised
}

// Advised marks an error whose message, or the message of the fault that it becomes a part of, says what to do. An error may
// have the method Advised itself.
func Advised(err error) error { return advised{err} }

type advised struct{ error }

func (a advised) Unwrap() error { return a.error }
func (advised) Advised() bool   { return true }

// mostLines is the largest number of faults that are printed at once.
const mostLines = 20

// All joins faults into one. It has a line for each fault up to a limit, then the number of the others; it is nil if there are
// no faults. Its code is the one that all share; if they differ, it is Input if a fault has that code, otherwise the code of
// the first.
func All(problems ...*Fault) error {
	if len(problems) == 0 {
		return nil
	}
	all := &Fault{Code: problems[0].Code}
	var lines []string
	for _, p := range problems {
		if p.Code == Input {
			all.Code = Input
		}
		lines = append(lines, p.Lines()...)
	}
	if n := len(lines) - mostLines; n > 0 {
		lines = append(lines[:mostLines], fmt.Sprintf("... and %d more like these", n))
	}
	all.Message, all.More = lines[0], lines[1:]
	return all
}

// Inputf is New for an input that cannot be used.
func Inputf(format string, args ...any) *Fault { return New(Input, format, args...) }

var marked = regexp.MustCompile(`\[tripstats exit=(\d+)\] (.*?) \[/tripstats\]`)

// Find returns the fault in err: by type where the type has survived, else by its markers. The first one wins, as
// later ones are usually its consequences. It returns nil if there is none.
func Find(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return FindText(err.Error())
}

// FindText returns the first fault printed anywhere in text, or nil.
func FindText(text string) *Fault {
	m := marked.FindStringSubmatch(OneLine(text))
	if m == nil {
		return nil
	}
	code, err := strconv.Atoi(m[1])
	if err != nil || code <= 0 || code > 125 {
		return nil
	}
	lines := strings.Split(m[2], and)
	return &Fault{Code: Code(code), Message: lines[0], More: lines[1:]}
}

// Shortened returns a text for a message: its first characters, at most most, and "..." if there are more.
func Shortened(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i] + "..."
		}
		n++
	}
	return text
}

// OneLine is [Printable] without blanks at the ends.
func OneLine(s string) string { return strings.TrimSpace(Printable(s)) }

// Printable replaces each character that [Controls] finds, and each mark of the direction of writing, by a blank. So a hostile name of a file or column
// cannot forge or break a line of output, or leave its column of a table.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if Controls(r) || r == 0x200e || r == 0x200f {
			return ' '
		}
		return r
	}, s)
}

// Controls tells whether a character ends a line, or controls a terminal or the direction of the text around it. A name in a script that is
// written from right to left has no such character.
func Controls(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
