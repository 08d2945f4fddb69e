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

// Code is an exit code of the program. The numbers are a contract (README, "Exit codes").
type Code int

// The exit codes. 130 and 143 (ended by SIGINT, SIGTERM) are main's own.
const (
	OK          Code = 0 // done
	Failed      Code = 1 // failed here: disk, permission, or a fault of this program
	Usage       Code = 2 // wrong usage
	Input       Code = 3 // an input cannot be used
	NoMatch     Code = 4 // nothing matched, or a month is not published
	Gate        Code = 5 // a guard stopped the run: too many rows refused, or made-up data over real
	Conflict    Code = 6 // another run holds the output, or won it
	Unavailable Code = 7 // a store or the network did not answer as it should: try again later
)

// Fault is a failure with its exit code. Message is one line: what was being done, to which file, row group and
// column, what was found, what was expected and what to do.
type Fault struct {
	Code    Code
	Message string
}

// Error renders the fault between its markers, so that [Find] can recover it from wrapped text.
func (f *Fault) Error() string {
	return fmt.Sprintf("[tripstats exit=%d] %s [/tripstats]", f.Code, f.Message)
}

// New returns a fault with a formatted message, made one line. A fault among args loses its markers, as they do not nest.
func New(code Code, format string, args ...any) *Fault {
	message := fmt.Sprintf(format, args...)
	return &Fault{Code: code, Message: OneLine(marked.ReplaceAllString(message, "$2"))}
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
	return &Fault{Code: Code(code), Message: m[2]}
}

// OneLine folds line breaks and control characters of s, so that a hostile file or column name cannot forge or break
// a line of output.
func OneLine(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(clean)
}

// Recover turns a panic of the calling goroutine into a fault at *err. Parquet and Arrow decoders may panic on
// corrupt bytes; what says where it happened. Use it as: defer fault.Recover(&err, code, "reading ...").
func Recover(err *error, code Code, format string, args ...any) {
	if r := recover(); r != nil {
		*err = errors.Join(*err, New(code, "%s: %v", fmt.Sprintf(format, args...), r))
	}
}
