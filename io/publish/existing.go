package publish

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// The values of Config.Existing: what happens to months and tables that the output has and the run does not make.
const (
	Protect = "protect" // the run does not publish
	Extend  = "extend"  // the plan of the run has added them, so there are none
	Replace = "replace" // the new version does not have them
)

// Lost names the months and tables that an output has and its next version would not have.
type Lost struct {
	Months []string // in ranges, such as "yellow 2014-01..2023-12"
	Number int      // how many months
	Tables []string

	named int // how many of the months are in the names of inputs
}

// None tells whether nothing is lost.
func (l Lost) None() bool { return l.Number == 0 && len(l.Tables) == 0 }

// What names the months and tables in a message.
func (l Lost) What() string {
	var parts []string
	if l.Number > 0 {
		word := "months"
		if l.Number == 1 {
			word = "month"
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", l.Number, word, fewOf(l.Months)))
	}
	if n := len(l.Tables); n > 0 {
		word := "tables"
		if n == 1 {
			word = "table"
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", n, word, fewOf(l.Tables)))
	}
	return strings.Join(parts, " and ")
}

func fewOf(list []string) string {
	const most = 12
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// Covers is the set of months of which inputs have trips. An input without a known month stands in it by its source.
type Covers map[Covered]bool

// Covered is a month of one taxi, or the trips of one taxi in an input without a known month.
type Covered struct {
	Taxi   string
	Month  int32  // element.NoMonth for an input without a known month
	Source string // of that input; otherwise ""
}

// Add adds what an input covers.
func (c Covers) Add(in Input) {
	for _, taxi := range element.SplitTaxis(in.Taxi) {
		for _, m := range in.MonthsOf(taxi) {
			if month, ok := tlc.MonthOf(m); ok {
				c[Covered{taxi, month, ""}] = true
			}
		}
		if in.Month == "" {
			c[Covered{taxi, element.NoMonth, in.Source}] = true
		}
	}
}

// CoverOf returns what the inputs of a manifest cover.
func CoverOf(m *Manifest) Covers {
	c := Covers{}
	for _, in := range m.Inputs {
		c.Add(in)
	}
	return c
}

// LostOf returns what the manifest of the head has and the next version would not have. next and tables describe the next version.
func LostOf(head *Manifest, next Covers, tables []string) Lost {
	var l Lost
	var gone []Covered
	for _, in := range head.Inputs {
		has := Covers{}
		has.Add(in)
		for k := range has {
			if len(in.Months) > 0 && k.Source != "" { // its months are known, so they are compared instead
				continue
			}
			if !next[k] && !slices.Contains(gone, k) {
				gone = append(gone, k)
				if in.Month != "" {
					l.named++
				}
			}
		}
	}
	slices.SortFunc(gone, func(a, b Covered) int {
		return cmp.Or(cmp.Compare(a.Taxi, b.Taxi), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Source, b.Source))
	})
	l.Number = len(gone)
	for len(gone) > 0 {
		n := 1
		for n < len(gone) && gone[0].Source == "" && gone[n].Taxi == gone[0].Taxi && gone[n].Month == gone[n-1].Month+1 {
			n++
		}
		switch first, last := gone[0], gone[n-1]; {
		case first.Source != "":
			l.Months = append(l.Months, fmt.Sprintf("%s in %s", first.Taxi, first.Source))
		case n == 1:
			l.Months = append(l.Months, first.Taxi+" "+tlc.FormatMonth(first.Month))
		default:
			l.Months = append(l.Months, fmt.Sprintf("%s %s..%s", first.Taxi, tlc.FormatMonth(first.Month), tlc.FormatMonth(last.Month)))
		}
		gone = gone[n:]
	}
	for _, o := range head.Outputs {
		if !slices.Contains(tables, o.Table) {
			l.Tables = append(l.Tables, o.Table)
		}
	}
	return l
}

// keepExisting refuses, with exit code 5, a new version that lacks months or tables of the output, unless the user asked for that. The
// caller has read head after it took the lock.
func keepExisting(cfg Config, head Head, next *Manifest) error {
	m := head.Manifest
	if err := KeepKind(cfg, head); err != nil || m == nil || m.Sample || cfg.Existing == Replace {
		return err
	}
	lost := LostOf(m, CoverOf(next), cfg.Tables)
	switch {
	case cfg.Existing == Extend && lost.named == 0 && len(lost.Tables) == 0: // a file without a month in its name may lose some when it is replaced
		return nil
	case cfg.Existing == Extend:
		return fault.New(fault.Gate, "output %s: it has %s which this run does not make although it extends the output; nothing was published: say --existing=replace to drop it", objstore.Redact(cfg.Output), lost.What())
	case !lost.None():
		return WouldLose(cfg, lost)
	}
	return nil
}

// KeepKind refuses, with exit code 5, another format of tables, even if the user asked to replace the output, and made-up data in place of
// real data. It needs nothing of the inputs, so a run calls it before it reads any.
func KeepKind(cfg Config, head Head) error {
	switch m := head.Manifest; {
	case m != nil && formatName(m.Format) != formatName(cfg.Format):
		return fault.New(fault.Gate, "output %s: its tables are in the format %s, and this run would make %s (--format); an output has one format; nothing was published: say --format=%s, or name another folder with --output",
			objstore.Redact(cfg.Output), formatName(m.Format), formatName(cfg.Format), formatName(m.Format))
	case cfg.Existing == Replace:
	case m == nil && head.Token != "":
		return fault.New(fault.Gate, "output %s: its %s cannot be read, so it is not known which months and tables it has; nothing was published: name another folder with --output, or say --existing=replace",
			objstore.Redact(cfg.Output), ManifestName)
	case m != nil && cfg.Sample && !m.Sample:
		return wouldReplace(cfg, "has tables of real data")
	}
	return nil
}

// formatName returns the name of a format. "" stands for the first format.
func formatName(name string) string { return cmp.Or(name, formats[0].Name()) }

// WouldLose returns the fault of a run whose version would lack months or tables of the output.
func WouldLose(cfg Config, lost Lost) error {
	return fault.New(fault.Gate, "output %s: it has %s which this run does not make; nothing was published: say --existing=extend to keep what it has and add what this run reads, or --existing=replace to drop it",
		objstore.Redact(cfg.Output), lost.What())
}

// monthsOf sets r.months: for inputs without a month in their names, the months of the trips that count.
func (r *result) monthsOf(tallies []element.Tally) {
	r.months = map[string]map[string][]string{}
	for _, t := range tallies {
		for _, month := range t.Months {
			if r.months[t.Whole] == nil {
				r.months[t.Whole] = map[string][]string{}
			}
			list := append(r.months[t.Whole][t.Taxi], tlc.FormatMonth(month))
			slices.Sort(list)
			r.months[t.Whole][t.Taxi] = slices.Compact(list)
		}
	}
}
