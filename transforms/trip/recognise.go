package trip

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// accepted says which columns of a file may be a trip's column of a type.
var accepted = map[Type]struct {
	types    func(element.ValueType) bool
	expected string
}{
	Time:    {isTime, "a timestamp, INT96 or text"},
	Zone:    {isNumber, "a whole number"},
	Measure: {isNumber, "a number"},
	Code:    {isNumber, "a whole number or text"},
	Flag:    {isNumber, "text or a whole number"},
}

// isTime takes strings too: CSV files and files of 2009 and 2010 have times as text. Text that is no time is found out when it is read.
func isTime(k element.ValueType) bool { return k.IsTime() || k == element.String || k == element.Null }

// isNumber takes strings too: some tools write ids as text. Text that is no number is found out when it is read.
func isNumber(k element.ValueType) bool {
	return k.IsNumber() || k == element.String || k == element.Null
}

// Options are the user's choices on how files are understood. They are exported, because they travel in DoFns.
type Options struct {
	Registry []element.Dataset // the forms in which files come
	Telling  element.Telling   // how a file tells the taxi of each trip, if it has trips of several

	UTC string // UTCRefuse, UTCWall or UTCConvert

	Dates element.DateOrder // the order of dates in texts; NoOrder if the files tell it, see [Dated]

	// Judged lets values that cannot be represented pass, for a rule to leave out; otherwise they are faults. Measures
	// that are NaN, infinite or beyond 64 bits come as null with the row in Batch.NotNumbers, those beyond MaxValue as they
	// are; numbers that cannot be a zone's id come as zone 0, which no zone has. Texts that are no numbers come as null with the row in
	// Batch.NotNumbers, and texts that are no times as null with the row in Batch.NotPickups, NotDropoffs or NotTimes.
	Judged bool

	KeepOrigin bool // fill Batch.Origin

	// Wanted are the columns that are wanted, of files and derived ones. The pickup is always read, because the months follow from it.
	Wanted []Field

	// Used are those that tables not in SQL use. A file tells which measures of them it does not have, if files of its dataset have them.
	Used []Field

	// Named are those of the wanted columns that tables in SQL name. A file tells which of them it does not have: they are null there.
	Named []Field

	// Tables are, for each table of the run, the columns that it and the rules that bear on it need. They are used for files that are read
	// for some tables alone: see element.Found.Skip.
	Tables [][]Field
}

// fields are the columns of a file that are wanted, ascending.
func (o Options) fields() []Field {
	fields := []Field{Pickup}
	for _, f := range o.Wanted {
		if from := Fields[f].From; len(from) > 0 {
			fields = append(fields, from...)
		} else {
			fields = append(fields, f)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// fieldsOf are the columns of a file that are read of it, ascending: those that are wanted, without those that only tables need whose
// results are kept.
func (o Options) fieldsOf(f element.Found) []Field {
	if f.Skip == 0 {
		return o.fields()
	}
	o.Wanted = nil
	for i, needs := range o.Tables {
		if !f.Skips(i) {
			o.Wanted = append(o.Wanted, needs...)
		}
	}
	return o.fields()
}

// derived are the derived columns that are wanted, and those that they are made of, ascending.
func (o Options) derived() []Field {
	var fields []Field
	for _, f := range o.Wanted {
		if before := Fields[f].Before; before != nil && Fields[*before].Derive != nil {
			fields = append(fields, *before)
		}
		if len(Fields[f].From) > 0 {
			fields = append(fields, f)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

func init() {
	beam.RegisterDoFn(reflect.TypeFor[recogniseFn]())
	register.Emitter1[element.Recognised]()
	register.Emitter1[element.Unusable]()
}

// Recognised tells from its columns which taxi each file is of and what is to be read of it. A file that lacks a
// required column, or has one that cannot be understood, is unusable.
//
// Recognised transforms a PCollection<element.Described> into a PCollection<element.Recognised> and a
// PCollection<element.Unusable>.
func Recognised(s beam.Scope, opts Options, files beam.PCollection) (recognised, unusable beam.PCollection) {
	s = s.Scope("trip.Recognised")
	return beam.ParDo2(s, &recogniseFn{Options: opts}, files)
}

type recogniseFn struct {
	Options Options

	known knownForms
}

func (fn *recogniseFn) ProcessElement(f element.Described, emit func(element.Recognised), refuse func(element.Unusable)) error {
	known, err := fn.known.recognise(f, fn.Options)
	if err == nil {
		emit(known)
		return nil
	}
	u, err := Refuse(known, fn.Options, err)
	if err == nil {
		refuse(u)
	}
	return err
}

// Refuse returns f, which [Recognise] refused with an error, as a file that cannot be used. An error that is not about the file is
// returned unchanged.
func Refuse(f element.Recognised, opts Options, err error) (element.Unusable, error) {
	u, err := f.Found.Refuse(err)
	u.Taxi, u.NoTrips = f.Taxi, !hasTime(opts.Registry, namesOf(f.Columns))
	return u, err
}

func namesOf(columns []element.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// withoutTimesInPath returns names without those of constants that are times in some dataset: a key of folders such as pickup_date tells
// no dataset.
func withoutTimesInPath(columns []element.Column, names []string, registry []element.Dataset) []string {
	names = slices.Clone(names)
	for i, c := range columns {
		if _, inPath := c.Constant(); inPath && hasTime(registry, names[i:i+1]) {
			names[i] = ""
		}
	}
	return names
}

// Recognise returns a file with its taxi, projection and the bytes that the projection needs. Errors are faults with exit
// code 3 that name the file, what was looked for and what it has; then Taxi is as far as its columns say.
func Recognise(described element.Described, opts Options) (element.Recognised, error) {
	f := element.Recognised{Described: described}
	names := namesOf(f.Columns)
	v, taxi, m, err := opts.datasetOf(withoutTimesInPath(f.Columns, names, opts.Registry), f.NameTaxi)
	if err != nil {
		v, taxi, m, err = opts.datasetOf(names, f.NameTaxi)
	}
	if err != nil {
		f.Taxi = v.Taxi
		return f, fault.Inputf("%s: %v", f.Source, err)
	}
	f.Taxi, f.Variant, f.TaxiColumn = v.Taxi, v.Name, taxi
	f.Coordinates = !hasZones(v, names)
	for _, fd := range opts.fieldsOf(f.Found) {
		for _, i := range m[fd] {
			c, accepts := f.Columns[i], accepted[typeIn(v, fd, f.Columns[i].Name)]
			_, inPath := c.Constant()
			switch {
			case inPath && Fields[fd].Type == Time:
				return f, fault.Inputf("%s: column %q: found one time for all trips, in the file's path or table; expected a column of the file; leave the file out", f.Source, c.Name)
			case !accepts.types(c.Type):
				return f, fault.Inputf("%s: column %q: found %s, expected %s; leave the file out or rewrite that column", f.Source, c.Name, c.Found, accepts.expected)
			case c.Type.IsUTC() && v.Declared && v.Local.Stored == element.StoredMarked:
				return f, fault.Inputf("%s: column %q: found %s, expected a timestamp not adjusted to UTC; say in the declaration of %s what it is: times: {stored: wall} or {stored: utc}", f.Source, c.Name, c.Found, v.Name)
			case c.Type.IsUTC() && !v.Declared && opts.UTC == UTCRefuse:
				return f, fault.Inputf("%s: column %q: found %s, expected a timestamp not adjusted to UTC, as TLC writes New York wall clock; say --utc=wall if it is wall clock all the same, or --utc=convert if it is UTC", f.Source, c.Name, c.Found)
			}
			f.Projection = append(f.Projection, i)
		}
	}
	slices.Sort(f.Projection)
	f.Projection = slices.Compact(f.Projection) // one column of the file may be wanted for several fields
	f.UnitBytes = f.BytesOf(f.Projection)
	has := FieldSet(0)
	for i, n := range names {
		_, inPath := f.Columns[i].Constant()
		known := slices.IndexFunc(v.Columns, func(k element.Known) bool { return k.Is(n) })
		if n != f.TaxiColumn && !inPath && known < 0 {
			f.Unknown = append(f.Unknown, n)
		}
		if known >= 0 {
			has |= meant(v.Columns[known])
		}
	}
	for _, fd := range opts.fields() { // of these it is known for certain
		if has &^= 1 << fd; len(m[fd]) > 0 {
			has |= 1 << fd
		}
	}
	f.Lacks = uint64(fromFiles &^ has)
	f.Null = opts.nulls(&v, FieldSet(f.Lacks))
	return f, nil
}

// typeIn returns the type of which a column of a dataset is, as the field fd.
func typeIn(d element.Dataset, fd Field, name string) Type {
	for _, k := range d.Find(fd.Meaning()) {
		if k.SincePickup && k.Is(name) {
			return Measure
		}
	}
	return Fields[fd].Type
}

// hasZones tells whether a file has the zone of either end of a trip, whether that is wanted or not.
func hasZones(d element.Dataset, names []string) bool {
	return slices.ContainsFunc(d.Columns, func(k element.Known) bool {
		return (k.Meaning == PickupZone.Meaning() || k.Meaning == DropoffZone.Meaning()) && slices.ContainsFunc(names, k.Is)
	})
}

// listing names the columns of a file for a message, not without end.
func listing(names []string) string {
	const most = 30
	quoted := make([]string, 0, most+1)
	for i, n := range names {
		if i == most {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		quoted = append(quoted, fault.Shortened(n, 60))
	}
	return strings.Join(quoted, ", ")
}
