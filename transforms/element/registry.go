package element

// Meaning is the name of the trip's column that a column of a file is: one of trip.Fields, or a coordinate. A column without
// one is known and not needed.
type Meaning string

// The coordinates that older files have instead of zones. Nothing is made of them but that they are there.
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

	// Codes are the numbers that text stands for, where the trip's column is a number.
	Codes map[string]int64
}

// Variant is a form in which a taxi's files come. Exported fields only: it travels in DoFns.
type Variant struct {
	Name    string // of the variant
	Taxi    string
	Columns []Known
}

// Find returns the variant's columns with a meaning. Several add up to it.
func (v Variant) Find(m Meaning) []Known {
	var found []Known
	for _, c := range v.Columns {
		if c.Meaning == m {
			found = append(found, c)
		}
	}
	return found
}
