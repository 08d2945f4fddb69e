package main

import (
	"fmt"
	"path"
	"strings"
	"time"

	"tripstats/io/objstore"
	"tripstats/runners"
	"tripstats/transforms/fault"
	"tripstats/transforms/watch"
)

// status is how far a run is, as it is shown.
type status struct {
	watch.State
	job     runners.Status // of a cluster; Job is "" if there is none
	output  string         // where the run waits for the lock
	seconds float64        // since the run began

	bytesPerSecond, rowsPerSecond float64 // lately; 0 if not known
	left                          time.Duration
	leftKnown                     bool

	waits []string // what has been waited for, longer than patience
}

// patience is how long something is waited for before it is shown.
const patience = 3 * time.Second

// stageNames are how records name the stages.
var stageNames = map[watch.Stage]string{
	watch.Finding: "finding", watch.Looking: "looking", watch.Reading: "reading", watch.Adding: "adding", watch.Locking: "locking", watch.Publishing: "publishing",
}

// countsHere tells whether this process reads the rows.
func (s status) countsHere() bool { return s.Files > 0 || s.job.Job == "" }

// share is the part of the bytes that were read, at most 1.
func (s status) share() float64 {
	if s.Bytes <= 0 {
		return 0
	}
	return min(1, float64(s.BytesDone)/float64(s.Bytes))
}

// doing is what the run does, in a few words, where that is not reading rows.
func (s status) doing() string {
	switch s.Stage {
	case watch.Finding:
		return "finding the inputs"
	case watch.Looking:
		return fmt.Sprintf("looking at the inputs: %d of %d", min(s.Looked, s.Inputs), s.Inputs)
	case watch.Adding:
		return "adding up"
	case watch.Locking, watch.Publishing:
		return "publishing"
	}
	return ""
}

// jobLine is what is known of a job of a cluster.
func (s status) jobLine() string {
	if s.job.Job == "" {
		return ""
	}
	text := fmt.Sprintf("job %s is %s", plainName(s.job.Job), orElse(s.job.State, "unknown"))
	if !s.countsHere() {
		if read, told := s.job.Counters["rows_read"]; told {
			n, prefix := inUnits(read)
			text += fmt.Sprintf(", %s rows read", unit(n[0], prefix))
		}
		text += ", " + span(time.Duration(s.seconds*float64(time.Second)))
	}
	return text
}

// unit writes a number with a prefix, such as 1.2 M.
func unit(number, prefix string) string { return strings.TrimSpace(number + " " + prefix) }

// fields of the bar, of which the first are left out first if the terminal is narrow.
const (
	fieldBytes = iota
	fieldRows
	fieldBar
	fieldSpeed
	fieldLeft
	fieldShare // always there
	numFields
)

const (
	leastName = 18  // cells that the last part of the bar gets before other parts are left out for it
	leastWait = 60  // if it says what is waited for
	roomy     = 100 // cells of a terminal from which on there is a long bar
)

// parts are the fields of a bar; "" is left out.
type parts [numFields]string

// ofShare sets the fields that tell a share of bytes, if their number is known.
func (p *parts) ofShare(done, all int64, width int) {
	if all <= 0 {
		n, prefix := inUnits(done)
		p[fieldBytes] = unit(n[0], prefix+"B")
		return
	}
	share := min(1, float64(done)/float64(all))
	p[fieldShare] = fmt.Sprintf("%3d%%", int(100*share))
	p[fieldBar] = barOf(share, width >= roomy)
	p[fieldBytes] = ofBytes(done, all, "/")
}

// layout puts fields and what comes last into one line of a terminal. Of a name that is too wide the end is shown, of other text the
// beginning. Before that, fields are left out until the last part has least cells.
func layout(fields parts, last string, isName bool, least, width int) string {
	width-- // a terminal may begin a new row after the last cell
	for drop := range fieldShare {
		if room := width - cellsOf(joinFields(fields)); room >= min(least, cellsOf(last)) {
			break
		}
		fields[drop] = ""
	}
	head := joinFields(fields)
	if isName {
		last = endOf(last, max(0, width-cellsOf(head)))
	}
	return cutCells(head+last, width)
}

// bar is the status as one line of a terminal, no wider than it.
func (s status) bar(width int) string {
	var fields parts
	last, isName, least := s.doing(), false, leastName
	if s.Stage >= watch.Reading && s.Bytes > 0 {
		fields.ofShare(s.BytesDone, s.Bytes, width)
		fields[fieldRows] = s.rowsText("/")
	}
	if s.Stage == watch.Reading {
		if s.rowsPerSecond > 0 {
			n, prefix := inUnits(int64(s.rowsPerSecond))
			fields[fieldSpeed] = unit(n[0], prefix) + " rows/s"
		}
		if s.leftKnown {
			fields[fieldLeft] = span(s.left) + " left"
		}
		last, isName = s.atHand(), true
	}
	if job := s.jobLine(); job != "" {
		if last, isName = job, false; s.Stage == watch.Reading && s.countsHere() {
			last += ", " + s.atHand()
		}
	}
	if len(s.waits) > 0 {
		last, isName, least = s.waits[0], false, leastWait
	}
	return layout(fields, last, isName, least, width)
}

// ofBytes writes how many bytes of how many are done.
func ofBytes(done, all int64, between string) string {
	n, prefix := inUnits(done, all)
	return n[0] + between + unit(n[1], prefix+"B")
}

// joinFields puts the fields in the order in which they are shown.
func joinFields(fields parts) string {
	text := ""
	for _, i := range [...]int{fieldShare, fieldBar, fieldBytes, fieldRows, fieldSpeed, fieldLeft} {
		if fields[i] != "" {
			text += fields[i] + "  "
		}
	}
	return text
}

// barOf draws a share. It has no characters that a terminal may lack.
func barOf(share float64, long bool) string {
	cells := 10
	if long {
		cells = 20
	}
	full := int(share * float64(cells))
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", cells-full) + "]"
}

// rowsText is the rows read, and all rows if they are known, with a text between them.
func (s status) rowsText(between string) string {
	if s.Rows < 0 {
		n, prefix := inUnits(s.RowsDone)
		return unit(n[0], prefix) + " rows"
	}
	n, prefix := inUnits(s.RowsDone, s.Rows)
	return n[0] + between + unit(n[1], prefix) + " rows"
}

// atHand is the name of the file that is read, and how many others are.
func (s status) atHand() string {
	if len(s.Open) == 0 {
		return ""
	}
	name := plainName(path.Base(s.Open[0]))
	if more := len(s.Open) - 1; more > 0 {
		return fmt.Sprintf("+%d %s", more, name)
	}
	return name
}

// text is the status as a line for people who read it later.
func (s status) text() string {
	var parts []string
	if s.Stage >= watch.Reading && s.Files > 0 {
		parts = append(parts, fmt.Sprintf("read %d%%: %s, %s, %d of %d files", int(100*s.share()), ofBytes(s.BytesDone, s.Bytes, " of "), s.rowsText(" of "), min(s.FilesDone, s.Files), s.Files))
	}
	if s.Stage == watch.Reading {
		if s.rowsPerSecond > 0 {
			n, prefix := inUnits(int64(s.rowsPerSecond))
			parts = append(parts, unit(n[0], prefix)+" rows a second")
		}
		if s.leftKnown {
			parts = append(parts, span(s.left)+" left")
		}
		if len(s.Open) > 0 {
			parts = append(parts, "now "+endOf(plainName(s.Open[0]), longestName))
		}
	} else if s.countsHere() {
		parts = append(parts, s.doing())
	}
	if job := s.jobLine(); job != "" {
		parts = append(parts, job)
	}
	return strings.Join(append(parts, s.waits...), ", ")
}

// longestName is how many cells of a file's name a line of progress gets.
const longestName = 80

// record is the status for programs.
func (s status) record() statusRecord {
	r := statusRecord{
		Stage: stageNames[s.Stage], Files: s.Files, FilesDone: min(s.FilesDone, s.Files), Bytes: s.Bytes, BytesDone: s.BytesDone, RowsDone: s.RowsDone, Refused: s.Refused,
		RowsPerSecond: whole(s.rowsPerSecond), Seconds: hundredths(s.seconds), Reading: s.Open, Waiting: s.waits, Job: s.job.Job, State: s.job.State, Counters: s.job.Counters,
	}
	if s.Bytes > 0 {
		r.BytesDone = min(s.BytesDone, s.Bytes)
	}
	if s.Rows >= 0 {
		r.Rows = &s.Rows
	}
	if s.leftKnown {
		left := hundredths(s.left.Seconds())
		r.Left = &left
	}
	return r
}

// waiting lists what the run waits for, longer than patience. belongs tells whether an address is the run's.
func (s status) waiting(now time.Time, requests []objstore.Request, belongs func(uri string) bool) (waits []string) {
	if long := now.Sub(s.Since); s.Stage == watch.Locking && long >= patience {
		waits = append(waits, fmt.Sprintf("waiting %s for the run that is publishing to %s", span(long), plainName(s.output)))
	}
	for _, r := range requests {
		if !belongs(r.URI) {
			continue
		}
		text := fmt.Sprintf("waiting %s for %s", span(now.Sub(r.Since)), endOf(plainName(r.URI), longestName))
		if r.Cause != nil {
			text += fmt.Sprintf(" (tried %d times: %s)", r.Tries, causeOf(r.Cause))
		}
		if waits = append(waits, text); len(waits) == mostWaits {
			break
		}
	}
	return waits
}

// causeOf is why a request is made again, in one line.
func causeOf(err error) string {
	text := objstore.Reason(err).Error()
	if f := fault.Find(err); f != nil {
		text = f.Message
	}
	return plainName(fault.OneLine(text))
}

// mostWaits is how many waits are shown at once.
const mostWaits = 4
