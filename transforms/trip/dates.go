package trip

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// DatesAuto is the value of --dates with which the dates of a file tell their order.
const DatesAuto = "auto"

// ReadColumn reads a column of a file, batch by batch, until emit returns false.
type ReadColumn func(ctx context.Context, f element.Recognised, column int, emit func(arrow.Array) bool) error

// TextTimes returns the columns of a recognised file that are text and have pickups or dropoffs, as indices into the file's columns,
// pickups first.
func TextTimes(f element.Recognised, opts Options) []int {
	i := slices.IndexFunc(opts.Registry, func(d element.Dataset) bool { return d.Name == f.Variant })
	if i < 0 {
		return nil
	}
	m, err := mapColumns(opts.Registry[i], namesOf(f.Columns), []Field{Pickup, Dropoff})
	if err != nil {
		return nil // Recognise has reported the error
	}
	return slices.DeleteFunc(slices.Concat(m[Pickup], m[Dropoff]), func(c int) bool { return f.Columns[c].Type != element.String })
}

// Dated returns a recognised file with the order of its dates. A date such as 03/04/2021 does not tell whether the month or the day comes
// first. A date with a day above 12 tells this for all dates of its file. If the first values of a file have such dates, Dated reads all
// pickups, and the dropoffs too if the pickups do not tell the order. It reads nothing of a file whose times are not text, or if
// opts.Dates is an order.
//
// Errors are faults with exit code 3 that name the file and say what to do.
func Dated(ctx context.Context, f element.Recognised, opts Options, read ReadColumn) (element.Recognised, error) {
	columns := TextTimes(f, opts)
	if len(columns) == 0 {
		return f, nil
	}
	var first dateEvidence
	if err := read(ctx, f, columns[0], func(a arrow.Array) bool { return !first.add(a) }); err != nil {
		return f, err
	}
	name := f.Columns[columns[0]].Name
	if first.values >= leastTexts && !first.time {
		return f, fault.Inputf("%s: column %q: found %q and no time in the first %d values, expected times such as 2009-01-04 02:52:00 or 1/4/2009 2:52; write the column so, or leave the file out",
			f.Source, name, first.value, first.values)
	}
	if opts.Dates != element.NoOrder {
		f.Dates = opts.Dates
		return f, nil
	}
	if first.zone != "" && opts.UTC == UTCRefuse {
		return f, fault.Inputf("%s: column %q: found %q, expected %v", f.Source, name, first.zone, errOffset)
	}
	if first.undecided == "" {
		return f, nil
	}
	var all dateEvidence
	for _, c := range columns {
		if all.monthFirst+all.dayFirst != "" {
			break
		}
		if err := read(ctx, f, c, func(a arrow.Array) bool { all.add(a); return true }); err != nil {
			return f, err
		}
	}
	var err error
	if f.Dates, err = all.order(); err != nil {
		return f, fault.Inputf("%s: column %q: %v", f.Source, name, err)
	}
	return f, nil
}

// dateEvidence has the first text of each kind of date that ends with the year.
type dateEvidence struct {
	undecided  string // any such date
	monthFirst string // a date that can only be read with the month first
	dayFirst   string
	zone       string // a time with a zone

	value  string // any text
	values int    // number of texts
	time   bool   // a text is a time, in some order of dates
}

// leastTexts is how many texts a file must begin with that are no times to be refused. Of fewer, rules refuse the rows.
const leastTexts = 100

// add looks at texts. It tells whether any of them has a value.
func (e *dateEvidence) add(a arrow.Array) (values bool) {
	texts, ok := a.(*array.String)
	if !ok {
		return false
	}
	clock := textClock{}
	for i := range texts.Len() {
		s := strings.Trim(texts.Value(i), " ")
		if s == "" || s == "N/A" || texts.IsNull(i) {
			continue
		}
		e.values++
		if keep(&e.value, s); !e.time {
			_, form := clock.read(s)
			e.time = form == wallTime || form == hasZone
		}
		if !values {
			values = true
			if _, form := clock.read(s); form == hasZone && e.zone == "" {
				e.zone = strings.Clone(s)
			}
		}
		rest := scanner{s}
		d := rest.numbers()
		if !d.ok || !d.yearLast {
			continue
		}
		keep(&e.undecided, s)
		e.time = true
		switch month, day := 1 <= d.first && d.first <= 12, 1 <= d.second && d.second <= 12; {
		case month && !day && d.second <= 31:
			keep(&e.monthFirst, s)
		case day && !month && d.first <= 31:
			keep(&e.dayFirst, s)
		}
	}
	return values
}

// keep copies s to *to if *to is empty. It copies because the memory of s may be used again.
func keep(to *string, s string) {
	if *to == "" {
		*to = strings.Clone(s[:min(len(s), 40)])
	}
}

// order returns the order of the dates.
func (e *dateEvidence) order() (element.DateOrder, error) {
	switch {
	case e.monthFirst != "" && e.dayFirst != "":
		return element.NoOrder, fmt.Errorf("found dates with the month first, such as %q, and with the day first, such as %q, expected one order; say --dates=mdy or --dates=dmy, and dates of the other order are no times", e.monthFirst, e.dayFirst)
	case e.monthFirst != "":
		return element.MonthFirst, nil
	case e.dayFirst != "":
		return element.DayFirst, nil
	}
	return element.NoOrder, fmt.Errorf("found dates such as %q, and none with a day above 12, which would tell it from the month; say --dates=mdy if the month comes first, or --dates=dmy if the day does", e.undecided)
}
