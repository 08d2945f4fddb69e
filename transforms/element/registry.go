package element

// Meaning is what a column of a file means to a trip. A column without one is known and not needed.
type Meaning string

// The meanings: the eight columns of the domain, and the coordinates that older files have instead of zones.
const (
	PickupTime       Meaning = "pickup_time"
	DropoffTime      Meaning = "dropoff_time"
	PickupZone       Meaning = "pickup_zone"
	DropoffZone      Meaning = "dropoff_zone"
	Passengers       Meaning = "passengers"
	Distance         Meaning = "distance"
	Amount           Meaning = "amount"
	Tip              Meaning = "tip"
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
}

// Variant is a form in which a taxi's files come. Exported fields only: it travels in DoFns.
type Variant struct {
	Name    string // of the variant
	Taxi    string
	Columns []Known
}

// Find returns the name of the variant's column with a meaning, or "".
func (v Variant) Find(m Meaning) string {
	for _, c := range v.Columns {
		if c.Meaning == m {
			return c.Name
		}
	}
	return ""
}
