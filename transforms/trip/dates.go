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

// TextTimes are the columns of a recognised file that are pickups or dropoffs and text: indices into its columns, the pickups first.
func TextTimes(f element.Recognised, opts Options) []int {
	return slices.Concat(textTimesOf(f, opts, Pickup), textTimesOf(f, opts, Dropoff))
}

func textTimesOf(f element.Recognised, opts Options, time Field) []int {
	d, _ := opts.Dataset(f.Variant, false)
	m, err := mapColumns(d, namesOf(f.Columns), []Field{time})
	if err != nil {
		return nil // recognising the file has told
	}
	return slices.DeleteFunc(m[time], func(c int) bool { return f.Columns[c].Type != element.String })
}

// declared tells whether a declaration says what the times of a file are.
func declared(opts Options, f element.Recognised) bool {
	d, _ := opts.Dataset(f.Variant, false)
	return d.Declared
}

// Dated returns a recognised file with the order of its dates. Dates such as 03/04/2021 do not tell their order; but if a file has a time
// with a day above 12, it tells the order of all. If the first values of a column have such dates, all pickups are read, and the dropoffs
// too if the pickups do not tell. Nothing is read of a file whose times are no text. A file whose first pickups are no times at all is
// refused.
//
// Errors are faults with exit code 3 that name the file and say what to do.
func Dated(ctx context.Context, f element.Recognised, opts Options, read ReadColumn) (element.Recognised, error) {
	pickups := textTimesOf(f, opts, Pickup)
	columns := slices.Concat(pickups, textTimesOf(f, opts, Dropoff))
	undecided := -1
	for i, c := range columns {
		var first dateEvidence
		if err := read(ctx, f, c, func(a arrow.Array) bool { return !first.add(a) }); err != nil {
			return f, err
		}
		name := f.Columns[c].Name
		switch {
		case i < len(pickups) && first.values >= leastTexts && !first.time:
			return f, fault.Inputf("%s: column %q: found %q and no time in the first %d values, expected times such as 2009-01-04 02:52:00 or 1/4/2009 2:52; write the column so, or leave the file out",
				f.Source, name, first.value, first.values)
		case first.zone != "" && opts.UTC == UTCRefuse && !declared(opts, f):
			return f, fault.Inputf("%s: column %q: found %q, expected %v", f.Source, name, first.zone, errOffset)
		case undecided < 0 && first.undecided != "":
			undecided = c
		}
	}
	if opts.Dates != element.NoOrder && len(columns) > 0 {
		f.Dates = opts.Dates
		return f, nil
	}
	if undecided < 0 {
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
		return f, fault.Inputf("%s: column %q: %v", f.Source, f.Columns[undecided].Name, err)
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
	clock, monthFirst, dayFirst := textClock{}, textClock{order: element.MonthFirst}, textClock{order: element.DayFirst}
	isTime := func(c *textClock, s string) bool {
		_, form := c.read(s)
		return form == wallTime || form == hasZone
	}
	for i := range texts.Len() {
		s := strings.Trim(texts.Value(i), " ")
		if s == "" || s == "N/A" || texts.IsNull(i) {
			continue
		}
		e.values++
		if keep(&e.value, s); !e.time {
			e.time = isTime(&clock, s)
		}
		if !values {
			values = true
			if _, form := clock.read(s); form == hasZone && e.zone == "" {
				e.zone = strings.Clone(s)
			}
		}
		rest := scanner{s}
		if date := rest.numbers(); !date.ok || !date.yearLast {
			continue
		}
		m, d := isTime(&monthFirst, s), isTime(&dayFirst, s)
		if !m && !d {
			continue
		}
		e.time = true
		switch keep(&e.undecided, s); {
		case m && !d:
			keep(&e.monthFirst, s)
		case d && !m:
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
