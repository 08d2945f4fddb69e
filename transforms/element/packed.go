package element

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"

	"tripstats/transforms/fault"
)

// Remembered is what a run knows of some inputs that a later run needs, so that it need not read them again. See package kept.
type Remembered struct {
	Compact  []byte       // some files, if not nil: see CompactFiles
	First    string       // the least source of the files in Compact
	Last     string       // the greatest one
	Files    []Recognised // without what only reading needs: those that were read, and those that were left out because of their taxi
	Unusable []Unusable   // files that were left out
	Results  []Packed
}

// Packed is a result of one taxi in one file as it is kept. Package aggregate makes and reads the bytes.
type Packed struct {
	Source string
	Taxi   string
	Rows   int64 // that were read
	Tables []PackedTable

	// Numbers says which columns were read when rules found values in them that are no numbers: see aggregate.Numbers. It is "" if there
	// are no such values. Otherwise the result is good only for a run that reads the same columns, because a row counts once however many
	// such values it has.
	Numbers string

	Bytes []byte // compressed; nil if they are too many to be kept
	File  string // that the bytes were read from
}

// PackedTable is a table whose state is in a Packed.
type PackedTable struct {
	Name   string
	Digest string // of what decides the state: aggregate.Spec.Digest
	Alone  bool   // the state has finished groups: it is good only while Recognised.Alone holds
}

// Damaged is the fault of a kept result that cannot be used. The program that submits the run reads file and source out of it with
// [DamagedIn], and runs again without what is damaged.
func (p Packed) Damaged(format string, args ...any) *fault.Fault {
	return fault.New(fault.Unavailable, "kept result of %q in %q: %s; run again with --reuse=false", p.Source, p.File, fmt.Sprintf(format, args...))
}

var damaged = regexp.MustCompile(`^kept result of ("(?:[^"\\]|\\.)*") in ("(?:[^"\\]|\\.)*"): `)

// DamagedIn tells whether a kept result was the cause of err, and of which source and file. Without a source all results in the file
// are damaged.
func DamagedIn(err error) (source, file string, ok bool) {
	f := fault.Find(err)
	if f == nil {
		return "", "", false
	}
	found := damaged.FindStringSubmatch(f.Message)
	if found == nil {
		return "", "", false
	}
	source, no := strconv.Unquote(found[1])
	file, noFile := strconv.Unquote(found[2])
	return source, file, cmp.Or(no, noFile) == nil
}
