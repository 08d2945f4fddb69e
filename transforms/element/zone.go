package element

// Zone is a part of a city in which trips begin and end. Texts that are empty are null in tables.
type Zone struct {
	ID                         int32
	Name, Borough, ServiceZone string

	// Longitude and Latitude are of a point inside the zone, in degrees. Placed tells whether it has one.
	Longitude, Latitude float64
	Placed              bool
}
