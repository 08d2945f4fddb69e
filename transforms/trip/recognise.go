package trip

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// The taxis whose records TLC publishes in this form.
const (
	Yellow = "yellow"
	Green  = "green"
)

// accepted has, for each type of a trip's column, a function that tells whether a column of a file can be converted to it.
var accepted = map[Type]struct {
	kinds    func(element.Kind) bool
	expected string
}{
	Time:    {isTime, "a timestamp or INT96"},
	Zone:    {isNumber, "a whole number"},
	Measure: {isNumber, "an integer or a floating-point number"},
	Code:    {isNumber, "a whole number or text"},
	Flag:    {isNumber, "text or a whole number"},
}

var coordinates = []element.Meaning{element.PickupLongitude, element.PickupLatitude, element.DropoffLongitude, element.DropoffLatitude}

func isTime(k element.Kind) bool { return k.IsTime() || k == element.Null }

// isNumber is true for strings too, because some tools write ids as text. A text that is not a number is an error when it is read.
func isNumber(k element.Kind) bool {
	return k.IsNumber() || k == element.String || k == element.Null
}

// Options are the user's choices about how files are understood. They travel in DoFns, so the fields are exported.
type Options struct {
	Registry []element.Variant // the known variants of files

	UTC string // UTCRefuse, UTCWall or UTCConvert

	// Judged is set if rules are applied. Values that cannot be represented then are for a rule to leave out; otherwise they are
	// faults. A measure that is NaN, infinite or too large for 64 bits becomes null, with its row in Batch.NotNumbers; one beyond
	// MaxValue stays as it is; a number that cannot be a zone becomes zone 0, which does not exist.
	Judged bool

	KeepOrigin bool // fill Batch.Origin

	More []Field // wanted columns in addition to Standing
}

// fields returns the wanted columns of a file, ascending.
func (o Options) fields() []Field {
	if len(o.More) == 0 {
		return Standing
	}
	fields := slices.Clone(Standing)
	for _, f := range o.More {
		if from := Fields[f].From; len(from) > 0 {
			fields = append(fields, from...)
		} else {
			fields = append(fields, f)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// derived returns the wanted columns that have an Info.Derive.
func (o Options) derived() []Field {
	var fields []Field
	for _, f := range o.More {
		if Fields[f].Derive != nil && !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	return fields
}

func init() {
	beam.RegisterDoFn(reflect.TypeFor[recogniseFn]())
	register.Emitter1[element.File]()
}

// Recognised finds out, from its columns, of which taxi each file is and which columns to read. A file that lacks a required
// column, or has one that cannot be understood, is marked as Unusable.
//
// Recognised transforms a PCollection<element.File> into a PCollection<element.File>.
func Recognised(s beam.Scope, opts Options, files beam.PCollection) beam.PCollection {
	s = s.Scope("trip.Recognised")
	return beam.ParDo(s, &recogniseFn{Options: opts}, files)
}

type recogniseFn struct{ Options Options }

func (fn *recogniseFn) ProcessElement(f element.File, emit func(element.File)) error {
	if f.Unusable == "" {
		known, err := Recognise(f, fn.Options)
		if err != nil {
			if known, err = known.Refuse(err); err != nil {
				return err
			}
		}
		f = known
	}
	emit(f)
	return nil
}

// Recognise returns f with its taxi, projection and the bytes that the projection needs. Errors are faults with exit
// code 3 that name the file, what was looked for and what it has.
func Recognise(f element.File, opts Options) (element.File, error) {
	names := make([]string, len(f.Columns))
	for i, c := range f.Columns {
		names[i] = c.Name
	}
	v, m, err := variantOf(opts.Registry, names, opts.fields())
	if err != nil {
		f.Taxi, f.NoTrips = saysTaxi(v, names), !hasTime(opts.Registry, names)
		return f, fault.Inputf("%s: %v", f.Source, err)
	}
	f.Taxi, f.Variant = v.Taxi, v.Name
	f.Coordinates = len(m[PickupZone]) == 0 && len(m[DropoffZone]) == 0
	f.Projection = nil
	for _, fd := range opts.fields() {
		for _, i := range m[fd] {
			c, accepts := f.Columns[i], accepted[Fields[fd].Type]
			text := f.Coordinates && c.Kind == element.String && Fields[fd].Type == Time // files of that age may have times as text
			switch {
			case !text && !accepts.kinds(c.Kind):
				return f, fault.Inputf("%s: column %q: found %s, expected %s; leave the file out or rewrite that column", f.Source, c.Name, c.Found, accepts.expected)
			case c.Kind.IsUTC() && opts.UTC == UTCRefuse:
				return f, fault.Inputf("%s: column %q: found %s, expected a timestamp not adjusted to UTC, as TLC writes New York wall clock; say --utc=wall if it is wall clock all the same, or --utc=convert if it is UTC", f.Source, c.Name, c.Found)
			}
			f.Projection = append(f.Projection, i)
		}
	}
	slices.Sort(f.Projection)
	f.RowGroupBytes = make([]int64, len(f.RowGroupRows))
	for _, c := range f.Projection {
		for rg, n := range f.Columns[c].ChunkBytes {
			f.RowGroupBytes[rg] += n
		}
	}
	f.Unknown = nil
	for _, n := range names {
		if !slices.ContainsFunc(v.Columns, func(k element.Known) bool { return strings.EqualFold(k.Name, strings.TrimSpace(n)) }) {
			f.Unknown = append(f.Unknown, n)
		}
	}
	return f, nil
}

// placesOf returns, for each column of trips, the indices of the file's columns for it.
type placesOf [NumFields][]int

// variantOf returns the variant that a file with these columns is of, and where it has the fields. A file is of the variant
// whose pickup time it has; the rest must follow.
func variantOf(registry []element.Variant, names []string, fields []Field) (v element.Variant, m placesOf, err error) {
	var known, looked []string
	for _, candidate := range registry {
		for _, pickup := range candidate.Find(Pickup.Meaning()) {
			looked = append(looked, fmt.Sprintf("%s (%s)", pickup.Name, candidate.Name))
			if i, err := index(names, pickup.Name); err != nil {
				return element.Variant{}, m, err
			} else if i >= 0 {
				v = candidate
				known = append(known, pickup.Name)
			}
		}
	}
	switch len(known) {
	case 0:
		if isOutput(names) {
			return v, m, errors.New("one of this program's own tables, not trip records; give the files it was made of")
		}
		return v, m, fmt.Errorf("found columns %s, expected %s: not a TLC trip-record file this program knows; leave it out", listing(names), strings.Join(looked, " or "))
	case 1:
		m, err = mapColumns(v, names, fields)
		return v, m, err
	}
	return element.Variant{}, m, fmt.Errorf("found both %s, expected one: a file of one taxi and form; split it", strings.Join(known, " and "))
}

// hasTime tells whether a file has a column that is a time in any variant.
func hasTime(registry []element.Variant, names []string) bool {
	return slices.ContainsFunc(registry, func(v element.Variant) bool {
		return slices.ContainsFunc(v.Columns, func(k element.Known) bool {
			return (k.Meaning == Pickup.Meaning() || k.Meaning == Dropoff.Meaning()) && hasName(names, k.Name)
		})
	})
}

// outputs has columns by which tables of this program are recognised. They are listed here because package aggregate, which
// makes the tables, imports this package.
var outputs = [][]string{
	{"taxi", "month_start", "trip_count"},
	{"taxi", "month_start", "location_id", "pickups", "dropoffs"},
	{"taxi", "source", "month_start", "rule", "scope", "rows"},
}

// isOutput tells whether a file is a table that this program made.
func isOutput(names []string) bool {
	return slices.ContainsFunc(outputs, func(of []string) bool {
		return !slices.ContainsFunc(of, func(name string) bool { return !hasName(names, name) })
	})
}

// licences has columns that only files of for-hire vehicles have. The names of the time columns are those of taxis in some years.
var licences = []struct{ column, taxi string }{{"hvfhs_license_num", "fhvhv"}, {"dispatching_base_num", "fhv"}}

// saysTaxi returns the taxi of a file that cannot be used, by its columns. v is the variant of its pickup time, if it has one.
func saysTaxi(v element.Variant, names []string) string {
	for _, l := range licences {
		if hasName(names, l.column) {
			return l.taxi
		}
	}
	return v.Taxi
}

func hasName(names []string, want string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), want) })
}

// mapColumns finds the file's columns. Both times are required, and either both zones or all four coordinates.
func mapColumns(v element.Variant, names []string, fields []Field) (m placesOf, err error) {
	for _, f := range fields {
		for _, known := range v.Find(f.Meaning()) {
			i, err := index(names, known.Name)
			if err != nil {
				return m, err
			}
			if i >= 0 {
				m[f] = append(m[f], i)
			}
		}
	}
	var missing []string
	need := func(meanings ...element.Meaning) {
		for _, meaning := range meanings {
			for _, want := range v.Find(meaning) {
				if i, _ := index(names, want.Name); i < 0 {
					missing = append(missing, want.Name)
				}
			}
		}
	}
	need(Dropoff.Meaning())
	if len(m[PickupZone]) == 0 && len(m[DropoffZone]) == 0 && hasCoordinates(v, names) {
		return m, missingError(names, missing)
	}
	if len(v.Find(PickupZone.Meaning())) == 0 {
		need(coordinates...)
	} else {
		need(PickupZone.Meaning(), DropoffZone.Meaning())
	}
	return m, missingError(names, missing)
}

func missingError(names, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("found columns %s, expected also %s; leave the file out or add what is missing", listing(names), strings.Join(missing, ", "))
}

func hasCoordinates(v element.Variant, names []string) bool {
	for _, meaning := range coordinates {
		known := v.Find(meaning)
		if len(known) == 0 {
			return false
		}
		if i, _ := index(names, known[0].Name); i < 0 {
			return false
		}
	}
	return true
}

// index returns the index of a name in names, ignoring case, or -1. A name that is there twice is an error.
func index(names []string, want string) (int, error) {
	found := -1
	for i, n := range names {
		if want == "" || !strings.EqualFold(strings.TrimSpace(n), want) { // some old files have names with a leading space
			continue
		}
		if found >= 0 {
			return -1, fmt.Errorf("found columns %q and %q, expected one %s; drop one of them", names[found], n, want)
		}
		found = i
	}
	return found, nil
}

// listing names the columns of a file for a message, up to a limit.
func listing(names []string) string {
	const most = 30
	quoted := make([]string, 0, most+1)
	for i, n := range names {
		if i == most {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		if len(n) > 60 {
			n = n[:60] + "..."
		}
		quoted = append(quoted, n)
	}
	return strings.Join(quoted, ", ")
}
