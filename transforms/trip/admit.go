package trip

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// Admission is which files a run takes.
type Admission struct {
	Taxi            string // only this taxi's files; "" for all
	MergeSameMonth  bool   // several files of one taxi and month add up; otherwise they are an error
	RequireComplete bool   // a month missing between a taxi's first and last is an error
	AllGaps         bool   // name all missing months, however many
	FailUnknown     bool   // a column the registry does not know is an error
}

func init() {
	beam.RegisterDoFn(reflect.TypeFor[admitFn]())
	register.Iter1[element.File]()
}

// Admitted looks at all recognised files together, before any row is read: it leaves out the taxi that was not asked
// for, and refuses two files of one taxi and month, which nearly always are one month twice. Its error names every file
// that cannot be used.
//
// Admitted transforms a PCollection<element.File> into two of its parts: the files to read and those left out.
func Admitted(s beam.Scope, rules Admission, files beam.PCollection) (admitted, leftOut beam.PCollection) {
	s = s.Scope("trip.Admitted")
	return beam.ParDo2(s, &admitFn{Rules: rules}, beam.Impulse(s), beam.SideInput{Input: files})
}

type admitFn struct{ Rules Admission }

func (fn *admitFn) ProcessElement(_ []byte, next func(*element.File) bool, admit, leaveOut func(element.File)) error {
	var files []element.File
	for {
		var f element.File
		if !next(&f) {
			break
		}
		files = append(files, f)
	}
	kept, left, err := Admit(files, fn.Rules)
	if err != nil {
		return err
	}
	for _, f := range kept {
		admit(f)
	}
	for _, f := range left {
		leaveOut(f)
	}
	return nil
}

// Gaps names the months without a file between the first and the last of each taxi, such as "yellow 2014-03".
func Gaps(files []element.File) []string {
	months := map[string][]int32{}
	for _, f := range files {
		if f.Month != element.NoMonth {
			months[f.Taxi] = append(months[f.Taxi], f.Month)
		}
	}
	var gaps []string
	for _, taxi := range slices.Sorted(maps.Keys(months)) {
		has := months[taxi]
		slices.Sort(has)
		for i := 1; i < len(has); i++ {
			for m := has[i-1] + 1; m < has[i]; m++ {
				gaps = append(gaps, fmt.Sprintf("%s %04d-%02d", taxi, YearOf(m), m-(YearOf(m)-1970)*12+1))
			}
		}
	}
	return gaps
}

// mostMonths is how many months a message names.
const mostMonths = 12

// SomeMonths lists months for a message: all of them, or how many there are where they are many.
func SomeMonths(months []string, all bool) string {
	n := len(months)
	if all || n <= mostMonths {
		return strings.Join(months, ", ")
	}
	return fmt.Sprintf("%d months, the first %s and the last %s (--verbose names them all)", n, months[0], months[n-1])
}

// Admit parts files by the rules, each part sorted by source. It is the one place that decides which files are left out.
func Admit(files []element.File, rules Admission) (kept, left []element.File, err error) {
	slices.SortFunc(files, func(a, b element.File) int { return cmp.Compare(a.Source, b.Source) })
	var problems []*fault.Fault
	seen := seen{months: map[taxiMonth]string{}, names: map[string]string{}}
	for _, f := range files {
		switch {
		case otherTaxi(f, rules.Taxi), noTrips(f):
			left = append(left, f)
		case f.Unusable != "":
			problems = append(problems, fault.New(fault.Input, "%s", f.Unusable))
		default:
			kept = append(kept, f)
			if twice := seen.twice(f, rules); twice != nil {
				problems = append(problems, twice)
			}
		}
	}
	if rules.FailUnknown {
		for _, f := range kept {
			if len(f.Unknown) > 0 {
				problems = append(problems, fault.Inputf("%s: found columns that are not known: %s; expected none, because of --unknown-columns=fail", f.Source, listing(f.Unknown)))
			}
		}
	}
	problems = append(problems, torn(kept, left)...)
	if err := fault.All(problems...); err != nil {
		return nil, nil, err
	}
	if gaps := Gaps(kept); rules.RequireComplete && len(gaps) > 0 {
		return nil, nil, fault.New(fault.NoMatch, "--require-complete: no file for %s; add the files or leave the flag out", SomeMonths(gaps, rules.AllGaps))
	}
	if len(kept) == 0 {
		return nil, nil, nothing(left, rules.Taxi)
	}
	for i := range left {
		f := &left[i]
		f.NoTrips = noTrips(*f) // for who tells of them
		if slices.ContainsFunc(kept, func(k element.File) bool { return f.Dataset != "" && k.Dataset == f.Dataset }) {
			f.Dataset = "" // the rest of it is read
		}
	}
	return kept, left, nil
}

// otherTaxi tells whether a file is of another taxi than the one that was asked for. Of a file that cannot be used the name
// tells, or else the columns.
func otherTaxi(f element.File, taxi string) bool {
	is := f.Taxi
	if f.Unusable != "" {
		is = cmp.Or(f.NameTaxi, f.Taxi)
	}
	return taxi != "" && is != "" && is != taxi
}

// noTrips tells whether a file that wildcards matched is none of trip records: a table of zones, say. A file whose name says
// a taxi or a month is one that somebody would miss.
func noTrips(f element.File) bool {
	return f.Wild && f.NoTrips && f.NameTaxi == "" && f.Month == element.NoMonth
}

// seen are the files that are read already.
type seen struct {
	months map[taxiMonth]string // the source
	names  map[string]string    // the source by identity
}

type taxiMonth struct {
	taxi  string
	month int32
}

// twice refuses a file that would count twice: a second one of one taxi and month, or another name of one that was seen.
func (s seen) twice(f element.File, rules Admission) *fault.Fault {
	if other, linked := s.names[f.Identity]; linked {
		return fault.Inputf("%s: found the file that %s is too (a hard link), expected each file under one name, because it would count twice; name one of them, or delete one", f.Source, other)
	}
	if f.Identity != "" {
		s.names[f.Identity] = f.Source
	}
	if f.Month == element.NoMonth || rules.MergeSameMonth {
		return nil
	}
	key := taxiMonth{f.Taxi, f.Month}
	other, found := s.months[key]
	if !found {
		s.months[key] = f.Whole()
	}
	if found && other != f.Whole() {
		return fault.Inputf("%s: found %s taxis of %04d-%02d, which %s is too, expected one file for a taxi and month; leave one out, or say --same-month=merge to add them up",
			f.Source, f.Taxi, YearOf(f.Month), f.Month-(YearOf(f.Month)-1970)*12+1, other)
	}
	return nil
}

// torn are the data sets that have parts of several taxis, or parts without trips beside those with trips.
func torn(kept, left []element.File) (problems []*fault.Fault) {
	first := map[string]element.File{}
	for _, f := range kept {
		if f.Dataset == "" {
			continue
		}
		have, known := first[f.Dataset]
		if !known {
			first[f.Dataset] = f
		} else if have.Taxi != f.Taxi {
			problems = append(problems, fault.Inputf("%s: found a part of %s taxis, %s is of %s, expected one taxi in a data set; say --taxi, or move one taxi's parts to another folder", f.Source, f.Taxi, have.Source, have.Taxi))
		}
	}
	for _, f := range left {
		if _, read := first[f.Dataset]; f.Dataset != "" && read && noTrips(f) {
			problems = append(problems, fault.New(fault.Input, "%s", f.Unusable))
		}
	}
	return problems
}

// nothing is the fault of a run whose files are all left out.
func nothing(left []element.File, taxi string) error {
	tables := 0
	for _, f := range left {
		if noTrips(f) {
			tables++
		}
	}
	switch {
	case tables == len(left) && tables > 0:
		return fault.New(fault.NoMatch, "none of the %d files holds trip records; %s", len(left), left[0].Unusable)
	case tables > 0:
		return fault.New(fault.NoMatch, "none of the %d files is of %s taxis (%d hold no trip records); leave --taxi out or give other files", len(left), taxi, tables)
	}
	return fault.New(fault.NoMatch, "none of the %d files is of %s taxis; leave --taxi out or give other files", len(left), taxi)
}
