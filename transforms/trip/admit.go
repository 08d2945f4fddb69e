package trip

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// Admission is which files a run takes.
type Admission struct {
	Taxis           []string // only these taxis' files; none for all
	MergeSameMonth  bool     // several files of one taxi and month add up; otherwise they are an error
	RequireComplete bool     // a month missing between a taxi's first and last is an error, and so is one whose files have no rows
	AllGaps         bool     // name all missing months, however many
	FailUnknown     bool     // a column the registry does not know is an error
}

func init() {
	beam.RegisterDoFn(reflect.TypeFor[admitFn]())
	register.Iter1[element.RecognisedFiles]()
	register.Iter1[element.Unusable]()
	register.Emitter1[element.RecognisedFiles]()
	register.Emitter1[element.AdmittedFiles]()
	register.Emitter1[element.LeftOut]()
	register.Emitter1[element.Remembered]()
}

// takes tells whether trips of a taxi in a file are wanted.
func (a Admission) takes(f element.Found, taxi string) bool {
	taxis := a.Taxis
	if len(f.Taxis) > 0 {
		taxis = f.Taxis
	}
	return len(taxis) == 0 || slices.Contains(taxis, taxi)
}

// only returns a file without the trips that are not wanted.
func (a Admission) only(f element.Recognised) element.Recognised {
	return f.Only(func(taxi string) bool { return a.takes(f.Found, taxi) })
}

// Admitted looks at all files together, before any row is read: it leaves out the taxis that were not asked
// for, and refuses two files of one taxi and month, which nearly always are one month twice. Its error names every file
// that cannot be used.
//
// Admitted transforms a PCollection<element.RecognisedFiles> and a PCollection<element.Unusable> into a
// PCollection<element.RecognisedFiles> of those that are to be read, a PCollection<element.AdmittedFiles> that says of each what
// else is needed, also of those that are kept, a PCollection<element.LeftOut>, and a PCollection<element.Remembered> of the files
// that are not kept.
func Admitted(s beam.Scope, rules Admission, recognised, unusable beam.PCollection) (toRead, admitted, leftOut, remembered beam.PCollection) {
	s = s.Scope("trip.Admitted")
	return beam.ParDo4(s, &admitFn{Rules: rules}, beam.Impulse(s), beam.SideInput{Input: recognised}, beam.SideInput{Input: unusable})
}

type admitFn struct{ Rules Admission }

func (fn *admitFn) ProcessElement(_ []byte, recognised func(*element.RecognisedFiles) bool, unusable func(*element.Unusable) bool, read func(element.RecognisedFiles), admit func(element.AdmittedFiles), leaveOut func(element.LeftOut), remember func(element.Remembered)) error {
	files, err := element.DrainLists(recognised)
	if err != nil {
		return err
	}
	refused := element.Drain(unusable)
	bySource(files)                                        // so that each list that is remembered is a range of sources
	if err := rememberFiles(files, remember); err != nil { // before admission, which works in their memory
		return err
	}
	kept, left, err := Admit(files, refused, fn.Rules)
	if err != nil {
		return err
	}
	if r := leftUnusable(refused, left); len(r) > 0 {
		remember(element.Remembered{Unusable: r})
	}
	admitted, toRead, err := compactLists(kept)
	if err != nil {
		return err
	}
	files, kept = nil, nil // many files may take much memory, and a runner may run the next stages while this method emits
	for _, b := range admitted {
		admit(element.AdmittedFiles{Compact: b})
	}
	for _, f := range left {
		leaveOut(f)
	}
	for _, b := range toRead {
		read(element.RecognisedFiles{Compact: b})
	}
	return nil
}

// compactLists returns compact lists of element.Admitted with all files, and compact lists of element.Recognised with the files to read.
func compactLists(files []element.Recognised) (admitted, toRead [][]byte, err error) {
	for part := range slices.Chunk(files, element.MostInList) {
		all, read := make([]element.Admitted, 0, len(part)), make([]element.Recognised, 0, len(part))
		for _, f := range part {
			if all = append(all, f.Admit()...); !f.Kept {
				read = append(read, f)
			}
		}
		b, err := element.CompactList(all)
		if err != nil {
			return nil, nil, err
		}
		if admitted = append(admitted, b); len(read) == 0 {
			continue
		}
		if b, err = element.CompactList(read); err != nil {
			return nil, nil, err
		}
		toRead = append(toRead, b)
	}
	return admitted, toRead, nil
}

// Gaps names the months without a file between the first and the last of each taxi, such as "yellow 2014-03".
func Gaps(files []element.Admitted) []string {
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
				gaps = append(gaps, taxiMonth{taxi, m}.String())
			}
		}
	}
	return gaps
}

// mostMonths is how many months a message names.
const mostMonths = 12

// SomeMonths lists months for a message: all of them, or how many there are where they are many. Three or more in a row are a range.
func SomeMonths(months []string, all bool) string {
	n := len(months)
	if ranges := inRanges(months); all || len(ranges) <= mostMonths {
		return strings.Join(ranges, ", ")
	}
	return fmt.Sprintf("%d months, the first %s and the last %s (--verbose names them all)", n, months[0], months[n-1])
}

// inRanges makes a range of each three or more months of one taxi that follow one another: green 2022-03..2022-12.
func inRanges(months []string) (ranges []string) {
	for i := 0; i < len(months); {
		end := i
		for end+1 < len(months) && monthAfter(months[end]) == months[end+1] {
			end++
		}
		if end-i < 2 {
			end = i
			ranges = append(ranges, months[i])
		} else {
			last := months[end]
			ranges = append(ranges, months[i]+".."+last[len(last)-monthLetters:])
		}
		i = end + 1
	}
	return ranges
}

const monthLetters = len("2006-01")

// monthAfter is the next month of the same taxi, or "" if a text does not end with a month.
func monthAfter(month string) string {
	start := max(0, len(month)-monthLetters)
	t, err := time.Parse("2006-01", month[start:])
	if err != nil {
		return ""
	}
	return month[:start] + t.AddDate(0, 1, 0).Format("2006-01")
}

// Admit parts files by the rules, each part sorted by source. It is the one place that decides which files are left out. It works
// in the memory of its arguments.
func Admit(recognised []element.Recognised, unusable []element.Unusable, rules Admission) (kept []element.Recognised, left []element.LeftOut, err error) {
	bySource(recognised)
	slices.SortFunc(unusable, func(a, b element.Unusable) int { return cmp.Compare(a.Source, b.Source) })
	wanted := func(f element.Recognised) bool { return len(rules.only(f).ByTaxi()) > 0 }
	apart(recognised, wanted)
	var problems []problem
	add := func(source string, f *fault.Fault) { problems = append(problems, problem{source, f}) }
	seen := seen{months: map[taxiMonth]string{}, names: map[string]string{}, contents: map[string]string{}, texts: map[string]string{}}
	var noTrips []element.Unusable // those left out
	kept = recognised[:0]
	for _, f := range recognised {
		if f = rules.only(f); len(f.ByTaxi()) == 0 {
			left = append(left, element.LeftOut{Source: f.Source, Dataset: f.Dataset})
			continue
		}
		kept = append(kept, f)
		if twice := seen.twice(f, rules); twice != nil {
			add(f.Source, twice)
		}
	}
	for _, f := range unusable {
		nobodys := hasNoTrips(f)
		switch is := cmp.Or(f.NameTaxi, f.Taxi); {
		case nobodys, is != "" && !rules.takes(f.Found, is):
			left = append(left, element.LeftOut{Source: f.Source, Dataset: f.Dataset, NoTrips: nobodys})
			if nobodys {
				noTrips = append(noTrips, f)
			}
		default:
			add(f.Source, fault.New(fault.Input, "%s", f.Why))
		}
	}
	slices.SortStableFunc(problems, func(a, b problem) int { return cmp.Compare(a.source, b.source) })
	slices.SortStableFunc(left, func(a, b element.LeftOut) int { return cmp.Compare(a.Source, b.Source) })
	if rules.FailUnknown {
		for _, f := range kept {
			if len(f.Unknown) > 0 {
				add(f.Source, fault.Inputf("%s: found columns that are not known: %s; expected none, because of --unknown-columns=fail", f.Source, listing(f.Unknown)))
			}
		}
	}
	for _, f := range torn(kept, noTrips) {
		add("", f)
	}
	faults := make([]*fault.Fault, len(problems))
	for i, p := range problems {
		faults[i] = p.fault
	}
	if err := fault.All(faults...); err != nil {
		return nil, nil, err
	}
	if rules.RequireComplete {
		if err := incomplete(kept, rules.AllGaps); err != nil {
			return nil, nil, err
		}
	}
	if len(kept) == 0 {
		return nil, nil, nothing(left, noTrips, strings.Join(rules.Taxis, " or "))
	}
	setAlone(kept)
	read := map[string]bool{} // datasets of which a part is read
	for _, f := range kept {
		read[f.Dataset] = true
	}
	for i := range left {
		if read[left[i].Dataset] {
			left[i].Dataset = "" // the rest of it is read
		}
	}
	return kept, left, nil
}

func bySource(files []element.Recognised) {
	slices.SortFunc(files, func(a, b element.Recognised) int { return cmp.Compare(a.Source, b.Source) })
}

// apart makes the files in a folder of a month sources of their own, if those that are wanted are of several taxis. Keys of folders,
// not their names, tell such a dataset.
func apart(files []element.Recognised, wanted func(element.Recognised) bool) {
	taxis := map[string]string{} // by dataset; "" for several
	ofKeys := func(f element.Recognised) bool {
		return f.Dataset != "" && strings.Contains(f.MonthFrom, "=") && wanted(f)
	}
	for _, f := range files {
		if taxi, known := taxis[f.Dataset]; ofKeys(f) && known && taxi != f.Taxi {
			taxis[f.Dataset] = ""
		} else if ofKeys(f) && !known {
			taxis[f.Dataset] = f.Taxi
		}
	}
	for i, f := range files {
		if ofKeys(f) && taxis[f.Dataset] == "" {
			files[i].Dataset = ""
		}
	}
}

// problem is a fault and the source that it is about.
type problem struct {
	source string
	fault  *fault.Fault
}

// incomplete returns a fault if a taxi has no trips in a month up to its last one, as far as the files tell before they are read: it has no
// file, or only files without rows.
func incomplete(files []element.Recognised, all bool) error {
	var admitted []element.Admitted
	rows := map[taxiMonth]bool{}
	for _, f := range files {
		for _, a := range f.Admit() {
			admitted = append(admitted, a)
			if key := (taxiMonth{a.Taxi, f.Month}); f.Month != element.NoMonth {
				rows[key] = rows[key] || !f.Empty()
			}
		}
	}
	var found, empty []string
	if gaps := Gaps(admitted); len(gaps) > 0 {
		found = append(found, "no file for "+SomeMonths(gaps, all))
	}
	for key, has := range rows {
		if !has {
			empty = append(empty, key.String())
		}
	}
	if slices.Sort(empty); len(empty) > 0 {
		found = append(found, "no rows in the files of "+SomeMonths(empty, all))
	}
	if len(found) == 0 {
		return nil
	}
	return fault.New(fault.NoMatch, "--require-complete: %s; add the files or leave the flag out", strings.Join(found, ", and "))
}

// hasNoTrips tells whether a file that wildcards matched is none of trip records: a table of zones, say. A file whose name says
// a taxi or a month is one that somebody would miss.
func hasNoTrips(f element.Unusable) bool {
	return f.Wild && f.NoTrips && f.NameTaxi == "" && f.Month == element.NoMonth
}

// seen are the files that are read already.
type seen struct {
	months map[taxiMonth]string // the source
	names  map[string]string    // the source by identity

	contents map[string]string // the source by digest
	texts    map[string]string // the source by element.Found.Text
}

type taxiMonth struct {
	taxi  string
	month int32
}

// String is the month as messages name it, such as "yellow 2014-03".
func (m taxiMonth) String() string {
	return fmt.Sprintf("%s %04d-%02d", m.taxi, YearOf(m.month), m.month-(YearOf(m.month)-1970)*12+1)
}

// twice refuses a file that would count twice: a second one of one taxi and month, or another name, another form or a copy of one that was
// seen.
func (s seen) twice(f element.Recognised, rules Admission) *fault.Fault {
	if other, linked := s.names[f.Identity]; linked {
		return fault.Inputf("%s: found the file that %s is too (a hard link), expected each file under one name, because it would count twice; name one of them, or delete one", f.Source, other)
	}
	if f.Identity != "" {
		s.names[f.Identity] = f.Source
	}
	if f.Text != "" {
		if other, packed := s.texts[f.Text]; packed {
			return fault.Inputf("%s: found the text of %s, and one of them is packed with gzip, expected each file in one form, because it would count twice; leave one out", f.Source, other)
		}
		s.texts[f.Text] = f.Source
	}
	if rules.MergeSameMonth {
		return nil
	}
	if f.Digest != "" && f.Rows != 0 {
		if other, copied := s.contents[f.Digest]; copied {
			return fault.Inputf("%s: found a copy of %s (the same bytes), expected each trip in one file, because it would count twice; leave one out, or say --same-month=merge to add them up", f.Source, other)
		}
		s.contents[f.Digest] = f.Source
	}
	if f.Month == element.NoMonth {
		return nil
	}
	for _, share := range f.ByTaxi() {
		key := taxiMonth{share.Taxi, f.Month}
		other, found := s.months[key]
		if !found {
			s.months[key] = f.Whole()
		}
		if found && other != f.Whole() {
			return fault.Inputf("%s: found %s taxis of %04d-%02d, which %s is too, expected one file for a taxi and month; leave one out, or say --same-month=merge to add them up",
				f.Source, share.Taxi, YearOf(f.Month), f.Month-(YearOf(f.Month)-1970)*12+1, other)
		}
	}
	return nil
}

// torn returns the datasets in which the parts are of different taxis but no column names the taxi, or in which some parts have trips
// and others have none.
func torn(kept []element.Recognised, noTrips []element.Unusable) (problems []*fault.Fault) {
	first := map[string]element.Recognised{}
	for _, f := range kept {
		if f.Dataset == "" {
			continue
		}
		have, known := first[f.Dataset]
		if !known {
			first[f.Dataset] = f
		} else if have.Taxi != f.Taxi && (have.TaxiColumn == "" || f.TaxiColumn == "") {
			problems = append(problems, fault.Inputf("%s: found a part of %s taxis, %s is of %s, expected one taxi in a dataset; say --taxi, or move one taxi's parts to another folder", f.Source, f.Taxi, have.Source, have.Taxi))
		}
	}
	for _, f := range noTrips {
		if _, read := first[f.Dataset]; f.Dataset != "" && read {
			problems = append(problems, fault.New(fault.Input, "%s", f.Why))
		}
	}
	return problems
}

// nothing is the fault of a run whose files are all left out.
func nothing(left []element.LeftOut, noTrips []element.Unusable, taxi string) error {
	tables := len(noTrips)
	switch {
	case tables == len(left) && tables > 0:
		return fault.New(fault.NoMatch, "none of the %d files holds trip records; %s", len(left), noTrips[0].Why)
	case tables > 0:
		return fault.New(fault.NoMatch, "none of the %d files is of %s taxis (%d hold no trip records); leave --taxi out or give other files", len(left), taxi, tables)
	}
	return fault.New(fault.NoMatch, "none of the %d files is of %s taxis; leave --taxi out or give other files", len(left), taxi)
}
