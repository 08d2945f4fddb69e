package trip

import (
	"fmt"
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

// Role is what a column means to a trip.
type Role int

// The eight columns of the domain.
const (
	PickupTime Role = iota
	DropoffTime
	PickupZoneID
	DropoffZoneID
	TripDistance
	PassengerCount
	TotalAmount
	TipAmount
	roles int = iota
)

// field says under which names a role comes, and what it may be. Names are compared without regard to case.
type field struct {
	role     Role
	yellow   string
	green    string
	required bool
	accepts  func(element.Kind) bool
	expected string
}

// fields is the mapping from TLC's columns, 2011 to today (TLC's data dictionaries for yellow and green trip records).
var fields = [roles]field{
	{PickupTime, "tpep_pickup_datetime", "lpep_pickup_datetime", true, isTime, "a timestamp or INT96"},
	{DropoffTime, "tpep_dropoff_datetime", "lpep_dropoff_datetime", true, isTime, "a timestamp or INT96"},
	{PickupZoneID, "pulocationid", "pulocationid", true, isNumber, "a whole number"},
	{DropoffZoneID, "dolocationid", "dolocationid", true, isNumber, "a whole number"},
	{TripDistance, "trip_distance", "trip_distance", false, isNumber, "a number"},
	{PassengerCount, "passenger_count", "passenger_count", false, isNumber, "a number"},
	{TotalAmount, "total_amount", "total_amount", false, isNumber, "a number"},
	{TipAmount, "tip_amount", "tip_amount", false, isNumber, "a number"},
}

func isTime(k element.Kind) bool { return k.IsTime() || k == element.Null }

// isNumber takes strings too: some tools write ids as text. Text that is no number is found out when it is read.
func isNumber(k element.Kind) bool {
	return k.IsNumber() || k == element.String || k == element.Null
}

func (f field) name(taxi string) string {
	if taxi == Green {
		return f.green
	}
	return f.yellow
}

// Options are the user's choices on how files are understood. Exported, as they travel in DoFns.
type Options struct {
	UTC string // UTCRefuse, UTCWall or UTCConvert
}

func init() {
	register.DoFn2x1[element.File, func(element.File), error](&recogniseFn{})
	register.Emitter1[element.File]()
}

// Recognised tells from its columns which taxi each file is of and what is to be read of it. A file that lacks a
// required column, or has one that cannot be understood, is a fault with exit code 3.
//
// Recognised transforms a PCollection<element.File> into a PCollection<element.File>.
func Recognised(s beam.Scope, opts Options, files beam.PCollection) beam.PCollection {
	s = s.Scope("trip.Recognised")
	return beam.ParDo(s, &recogniseFn{Options: opts}, files)
}

type recogniseFn struct{ Options Options }

func (fn *recogniseFn) ProcessElement(f element.File, emit func(element.File)) error {
	f, err := Recognise(f, fn.Options)
	if err != nil {
		return err
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
	taxi, err := taxiOf(names)
	if err != nil {
		return f, fault.Inputf("%s: %v", f.Source, err)
	}
	f.Taxi = taxi
	m, err := mapColumns(taxi, names)
	if err != nil {
		return f, fault.Inputf("%s: %v", f.Source, err)
	}
	f.Projection = nil
	for _, fd := range fields {
		i := m[fd.role]
		if i < 0 {
			continue
		}
		c := f.Columns[i]
		switch {
		case !fd.accepts(c.Kind):
			return f, fault.Inputf("%s: column %q: found %s, expected %s; leave the file out or rewrite that column", f.Source, c.Name, c.Found, fd.expected)
		case c.Kind.IsUTC() && opts.UTC == UTCRefuse:
			return f, fault.Inputf("%s: column %q: found %s, expected a timestamp not adjusted to UTC, as TLC writes New York wall clock; say --utc=wall if it is wall clock all the same, or --utc=convert if it is UTC", f.Source, c.Name, c.Found)
		}
		f.Projection = append(f.Projection, i)
	}
	slices.Sort(f.Projection)
	f.RowGroupBytes = make([]int64, len(f.RowGroupRows))
	for _, c := range f.Projection {
		for rg, n := range f.Columns[c].ChunkBytes {
			f.RowGroupBytes[rg] += n
		}
	}
	return f, nil
}

// taxiOf tells yellow from green by the pickup time column.
func taxiOf(names []string) (string, error) {
	has := func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	pickup := fields[PickupTime]
	yellow, green := has(pickup.yellow), has(pickup.green)
	switch {
	case yellow && green:
		return "", fmt.Errorf("found both %s and %s, expected one: a file of yellow or of green taxis; split it", pickup.yellow, pickup.green)
	case yellow:
		return Yellow, nil
	case green:
		return Green, nil
	}
	return "", fmt.Errorf("found columns %s, expected %s (yellow) or %s (green): not a TLC trip-record file this program knows; leave it out", listing(names), pickup.yellow, pickup.green)
}

// mapColumns returns for each role the index of its column in names, -1 where an optional one is missing.
func mapColumns(taxi string, names []string) ([roles]int, error) {
	var m [roles]int
	var missing []string
	for _, fd := range fields {
		m[fd.role] = -1
		want := fd.name(taxi)
		for i, n := range names {
			if !strings.EqualFold(n, want) {
				continue
			}
			if j := m[fd.role]; j >= 0 {
				return m, fmt.Errorf("found columns %q and %q, expected one %s; drop one of them", names[j], n, want)
			}
			m[fd.role] = i
		}
		if m[fd.role] < 0 && fd.required {
			missing = append(missing, tlcSpelling(want))
		}
	}
	if len(missing) > 0 {
		return m, fmt.Errorf("found columns %s, expected also %s; leave the file out or add what is missing", listing(names), strings.Join(missing, ", "))
	}
	return m, nil
}

// tlcSpelling writes a name as TLC does.
func tlcSpelling(name string) string {
	return strings.NewReplacer("pulocationid", "PULocationID", "dolocationid", "DOLocationID").Replace(name)
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
		if len(n) > 60 {
			n = n[:60] + "..."
		}
		quoted = append(quoted, n)
	}
	return strings.Join(quoted, ", ")
}
