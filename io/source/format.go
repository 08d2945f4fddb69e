// Package source reads files of any registered format as batches of columns.
//
// [Found] puts the matched files into the pipeline. [Described] asks the format of each file what the file holds. [Narrowed] drops
// what reading does not need. [Works] makes lists of the units to read, and [Read] reads them. Between Described and Narrowed, the
// program decides which columns of each file it reads. The types of these steps are in package element.
//
// A [Format] is registered once, with [Register]. Package sourcetest has the test that every format must pass.
//
// Reading is a splittable DoFn over the units of the files in a [element.Work], so a file is as divisible as its writer made it. In this
// process it reads several segments of the work side by side: see lanes.go, which decides, segment.go, which reads one, and cut.go, which
// cuts the work into them.
package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// Format is a file format that holds rows in columns. Its methods may be called concurrently. Its errors do not name the file; they
// say what was found, what was expected and what to do.
type Format interface {
	// Name returns a short name, which must not change: it travels with the files.
	Name() string

	// Endings returns the endings of file names, such as ".parquet", in lower case.
	Endings() []string

	// Starts returns the byte sequences with which files may begin. It returns none if the first bytes do not tell the format, or if they
	// tell it otherwise: see [Sniffer].
	Starts() []string

	// Describe returns what a file holds: its number of rows, the rows of each unit, and the columns. It reads no rows. It returns
	// an error if the file contradicts itself. The rows of a file of text are [element.UnknownRows].
	Describe(ctx context.Context, f element.Found, r objstore.Reader) (element.Described, error)

	// Narrow returns f without everything that reading the projection does not need. Only columns of the projection remain. It says in
	// f.Cores how many cores the decoding of the file keeps busy, if these are more than one.
	Narrow(f element.Recognised) (element.Recognised, error)

	// Open starts to read the projected columns of a range of units. Each is a column of an Arrow record, with the name that it has
	// in the file and its Arrow type. Open may read ahead.
	Open(ctx context.Context, f element.Recognised, r objstore.Reader, units element.Range, cfg Config) (Units, error)

	// ReadAhead limits how many bytes all readers of this process together may hold before they are needed.
	ReadAhead(bytes int64)
}

// Units reads the units that were passed to [Format.Open], beginning with the first.
type Units interface {
	// Next emits the rows of the next unit, in order. It is called by one goroutine at a time, and emit may take long: see [Batch].
	Next(ctx context.Context, emit func(Batch)) error

	// Close ends all reading. All batches have been given back.
	Close()
}

// Batch is rows of a unit. Whoever gets it releases the record.
type Batch struct {
	Record arrow.RecordBatch

	// Text is what a format of text has, whose units do not tell how many rows they have. The counts of a unit's batches add up to the counts
	// of the unit. A unit without rows has one batch, with its counts.
	Text *element.Text

	// Done may be nil. The reader calls it when nobody reads the record and the text any more. Then their memory can be used again. By
	// then the format may have emitted several further batches. Done runs on another goroutine than Next. For the batches of a file it is
	// called in their order, one call at a time.
	Done func()
}

// release gives the batch back.
func (b Batch) release() {
	b.Record.Release()
	if b.Done != nil {
		b.Done()
	}
}

// Sniffer is what a format has whose files do not begin with certain bytes.
type Sniffer interface {
	// Sniff tells whether a file that begins with head, which is [SniffBytes] or the whole file, is one of this format.
	Sniff(head []byte) bool
}

// SniffBytes is how much of a file a [Sniffer] sees.
const SniffBytes = 4 << 10

var formats []Format

// Register adds a format. A file that no format knows is given to the first one that was registered, which says what is wrong.
// Register must be called before a pipeline is built, in every process that works on one.
func Register(f Format) {
	if slices.ContainsFunc(formats, func(have Format) bool { return have.Name() == f.Name() }) {
		panic(fmt.Sprintf("source: two formats are named %s", f.Name()))
	}
	formats = append(formats, f)
}

// Endings are the endings of the names of files that some format reads, sorted.
func Endings() []string {
	var all []string
	for _, f := range formats {
		all = append(all, f.Endings()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Registered tells whether there is a format of a name.
func Registered(name string) bool {
	_, err := named(name)
	return err == nil
}

// named returns a registered format.
func named(name string) (Format, error) {
	for _, f := range formats {
		if f.Name() == name {
			return f, nil
		}
	}
	return nil, fault.New(fault.Failed, "found the format %q, expected one that is registered", name)
}

// formatOf returns the format of a file: the ending of its name says it, or else its first bytes.
func formatOf(f element.Found, r io.ReaderAt) (Format, error) {
	if len(formats) == 0 {
		return nil, fault.New(fault.Failed, "no format is registered")
	}
	name := strings.ToLower(f.Source)
	for _, format := range formats {
		if slices.ContainsFunc(format.Endings(), func(ending string) bool { return strings.HasSuffix(name, ending) }) {
			return format, nil
		}
	}
	if len(formats) == 1 { // one request less for a remote file
		return formats[0], nil
	}
	longest := 0
	for _, format := range formats {
		for _, start := range format.Starts() {
			longest = max(longest, len(start))
		}
		if _, sniffs := format.(Sniffer); sniffs {
			longest = max(longest, SniffBytes)
		}
	}
	head := make([]byte, min(int64(longest), f.Size))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, int64(len(head))), head); err != nil {
		return nil, fmt.Errorf("reading its first bytes: %w", err)
	}
	for _, format := range formats {
		if slices.ContainsFunc(format.Starts(), func(start string) bool { return bytes.HasPrefix(head, []byte(start)) }) {
			return format, nil
		}
	}
	for _, format := range formats {
		if s, sniffs := format.(Sniffer); sniffs && s.Sniff(head) {
			return format, nil
		}
	}
	return formats[0], nil
}
