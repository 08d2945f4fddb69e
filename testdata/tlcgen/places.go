package tlcgen

// area is a parallelogram on the map, in millionths of a degree: a corner and
// the two sides from there.
type area struct {
	lon, lat   int64
	lon1, lat1 int64
	lon2, lat2 int64
	weights    [2]int64 // of yellow and green trips that begin or end there
}

// areas lie roughly where the taxis are. The first side of those in Manhattan
// follows the avenues, the second the streets.
var areas = [...]area{
	{-74_008000, 40_750000, 15500, 21500, 33000, -13800, [2]int64{45, 2}}, // Midtown
	{-74_017000, 40_705000, 9000, 45000, 25000, -8000, [2]int64{18, 1}},   // Downtown
	{-73_973500, 40_764500, 18000, 24500, 17500, -7500, [2]int64{15, 3}},  // Upper East Side
	{-73_992500, 40_771500, 23500, 33500, 10600, -3400, [2]int64{11, 2}},  // Upper West Side
	{-73_960000, 40_800000, 15000, 25000, 20000, -8000, [2]int64{3, 27}},  // Harlem
	{-73_995000, 40_665000, 45000, 50000, 25000, -20000, [2]int64{4, 30}}, // Brooklyn
	{-73_950000, 40_740000, 30000, 35000, 40000, -15000, [2]int64{3, 22}}, // western Queens
	{-73_870000, 40_700000, 30000, 50000, 50000, -10000, [2]int64{1, 6}},  // eastern Queens
	{-73_930000, 40_815000, 40000, 40000, 20000, -10000, [2]int64{1, 7}},  // the Bronx
	{-73_792000, 40_640000, 15000, 2000, 2000, 8000, [2]int64{}},          // JFK
	{-73_879000, 40_768000, 16000, 6000, 4000, -3000, [2]int64{}},         // LaGuardia
}

const (
	areaJFK       = int64(len(areas) - 2)
	areaLaGuardia = int64(len(areas) - 1)
)

// areasOf draws the area of a place that is in no airport's zone.
var areasOf = map[Taxi]*picker{Yellow: newPicker(areaShares(0)), Green: newPicker(areaShares(1))}

func areaShares(taxi int) []share {
	var shares []share
	for i, a := range areas {
		shares = append(shares, share{int64(i), a.weights[taxi]})
	}
	return shares
}

// places sets the coordinates of a trip. They have random numbers of their
// own, so that a file with coordinates has the trips of the one without.
func (s *stream) places(v *[numFields]int64) {
	u1, u2 := s.placing.Uint64(), s.placing.Uint64()
	v[fPickupLon], v[fPickupLat] = s.place(v[fPickupZone], u1)
	v[fDropoffLon], v[fDropoffLat] = s.place(v[fDropoffZone], u2)
	if s.o.Clean {
		return
	}
	switch lost := int64(s.placing.Uint64()>>32) * 1_000_000 >> 32; {
	case lost < rateNoPlaces:
		v[fPickupLon], v[fPickupLat] = 0, 0
		v[fDropoffLon], v[fDropoffLat] = 0, 0
	case lost < rateNoPlaces+rateNoDropoff:
		v[fDropoffLon], v[fDropoffLat] = 0, 0
	}
}

// place returns a point by 54 random bits: at the airport if the zone is one.
func (s *stream) place(zone int64, u uint64) (lon, lat int64) {
	i := s.areas.pick(u)
	switch zone {
	case zoneJFK:
		i = areaJFK
	case zoneLaGuardia:
		i = areaLaGuardia
	}
	a := &areas[i]
	x, y := int64(u>>14&(1<<20-1)), int64(u>>34&(1<<20-1))
	return a.lon + (a.lon1*x+a.lon2*y)>>20, a.lat + (a.lat1*x+a.lat2*y)>>20
}
