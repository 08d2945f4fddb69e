package element

import (
	"slices"
	"strings"
)

// Meaning says what a column of a file is: the name of a column in trip.Fields, or a coordinate. A column without a meaning is
// known but not needed.
type Meaning string

// The coordinates that older files have instead of zones. The program only looks at whether they are there.
const (
	PickupLongitude  Meaning = "pickup_longitude"
	PickupLatitude   Meaning = "pickup_latitude"
	DropoffLongitude Meaning = "dropoff_longitude"
	DropoffLatitude  Meaning = "dropoff_latitude"
)

// Known is a column that the registry knows.
type Known struct {
	Name    string   // compared without regard to case
	Also    []string // other names of it, in files that others have written
	Meaning Meaning
	Types   []ValueType // the types seen in published files

	// Adds is a second meaning of a column that is also one of several addends, or "". For example, fhvhv's files have no column of the
	// total amount: it is the sum of the fare, the tolls, the tips and others.
	Adds Meaning

	// Codes are the numbers for the texts of a column, if the column of trips is a number.
	Codes map[string]int64

	// Scale makes units of the column of trips of those that the file has.
	Scale Scale
	// SincePickup tells that a column of numbers is how long after the pickup the time is. In its scale the unit is a second.
	SincePickup bool
}

// Scale is a fraction by which numbers are multiplied. The zero value stands for one.
type Scale struct{ Times, Over int64 }

// SameName tells whether two names of columns are the same. Some old files have names with a leading space.
func SameName(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// Is tells whether a column with a name is this one.
func (k Known) Is(name string) bool {
	same := func(own string) bool { return SameName(own, name) }
	return same(k.Name) || slices.ContainsFunc(k.Also, same)
}

// Naming says what the name of a file tells of a dataset whose columns do not tell the taxi alone.
type Naming uint8

// The values of Naming.
const (
	AnyName  Naming = iota // the columns tell the taxi, whatever the name is
	OwnName                // the name says this taxi or none
	OnlyName               // the name says this taxi
)

// Allows tells whether a file whose name says a taxi, or none, may be of a dataset of own.
func (n Naming) Allows(own, said string) bool {
	return n == AnyName || said == own || n == OwnName && said == ""
}

// Dataset is the files of one taxi and era: which months they cover, how they are recognised and what their columns mean. Names of
// columns are compared without regard to case. Exported fields only: it travels in DoFns.
type Dataset struct {
	Name string // of the dataset; in the manifest it is an input's variant
	Taxi string // "" if its rows are not trips

	// First and Last are the months that are published, since 1970-01. Last is 0 if files are still published.
	First, Last int32
	// Probe is a month that is known to be published, or 0. tlc.Finder asks for it to tell an absent file from a refused one.
	Probe int32

	// Signatures are sets of columns by which a file of the dataset is recognised: it has all columns of one set. A later set
	// counts only if the file has none of the columns that the sets before it have in addition. Messages about what is missing
	// name columns of the first set.
	Signatures [][]string
	// Without are columns that a file of the dataset does not have: a file with one is an error.
	Without []string
	// Unless are columns by which a file is not of this dataset, but may be of another.
	Unless []string
	// Naming is what the name of a file of the dataset says.
	Naming Naming
	// Unread says why a file of the dataset cannot be read and what to do. It is "" if the file can be read.
	Unread string

	// MayLack are the meanings that a trip of the dataset need not have, because TLC did not ask for them. No rule is about such a null.
	MayLack []Lack

	Columns []Known

	Declared bool   // by a file of the user: it goes before the others
	Local    *Local // nil for TLC's files
}

// Lack is a meaning that trips may lack up to a month, since 1970-01; 0 stands for all months.
type Lack struct {
	Meaning Meaning
	Last    int32
}

// Lacks returns the meanings that trips in a file of a month may lack. If the month is not known, all that any month may lack.
func (d Dataset) Lacks(month int32) []Meaning {
	var lacks []Meaning
	for _, l := range d.MayLack {
		if l.Last == 0 || month <= l.Last { // NoMonth is before all months
			lacks = append(lacks, l.Meaning)
		}
	}
	return lacks
}

// Local is what is particular to the place of trips that are not TLC's.
type Local struct {
	TimeZone string // whose clock the times are of, or "" if that is not known
	Stored   Stored

	// A zone can have a number from First to Last. Other numbers, and nulls, become Unknown or, if Unknown is 0, null. Without HasZones,
	// all numbers are zones.
	HasZones             bool
	First, Last, Unknown int64
}

// Stored says what the times in files of a dataset are.
type Stored string

// The values of Stored.
const (
	StoredMarked Stored = ""     // wall clock, and a file that marks them as UTC is refused unless --utc says what they are
	StoredWall   Stored = "wall" // wall clock, also if a file marks them as UTC
	StoredUTC    Stored = "utc"  // UTC, whether a file marks them so or not
)

// Find returns the dataset's columns with a meaning. If there are several, their values are added.
func (d Dataset) Find(m Meaning) []Known {
	var found []Known
	for _, c := range d.Columns {
		if c.Meaning == m || c.Adds == m && m != "" {
			found = append(found, c)
		}
	}
	return found
}
