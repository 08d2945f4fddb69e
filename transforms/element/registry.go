package element

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
	Name    string // compared without regard to case
	Meaning Meaning
	Kinds   []Kind // the types seen in published files

	// Codes are the numbers for the texts of a column, if the column of trips is a number.
	Codes map[string]int64
}

// Variant is a form in which a taxi's files come. Exported fields only: it travels in DoFns.
type Variant struct {
	Name    string // of the variant
	Taxi    string
	Columns []Known
}

// Find returns the variant's columns with a meaning. If there are several, their values are added.
func (v Variant) Find(m Meaning) []Known {
	var found []Known
	for _, c := range v.Columns {
		if c.Meaning == m {
			found = append(found, c)
		}
	}
	return found
}
