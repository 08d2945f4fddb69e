package tlcgen

import "slices"

// lognormal tabulates, at cumulative probability p of 1<<20, two log-normal
// distributions with median 1000: trip durations (sigma 0.68) and speeds
// (sigma 0.42). Between the rows they are linear. Integers instead of math.Exp
// keep every platform at the same rows.
var lognormal = [...]struct{ p, duration, speed int32 }{
	{0, 66, 186},
	{507, 106, 250},
	{1415, 130, 284},
	{3635, 159, 322},
	{8596, 196, 365},
	{18732, 240, 414},
	{37676, 294, 470},
	{70052, 361, 533},
	{120659, 442, 604},
	{193001, 542, 685},
	{287575, 665, 777},
	{400649, 815, 882},
	{524288, 1000, 1000},
	{647927, 1226, 1134},
	{761001, 1504, 1287},
	{855575, 1844, 1459},
	{927917, 2261, 1655},
	{978524, 2773, 1878},
	{1010900, 3401, 2130},
	{1029844, 4170, 2416},
	{1039980, 5114, 2740},
	{1044941, 6271, 3108},
	{1047161, 7691, 3525},
	{1048069, 9431, 3999},
	{1 << 20, 15180, 5366},
}

// quantiles is lognormal laid out for lookup: entry i is the value at
// probability i/1024, times 16.
type quantiles [1025]int32

var durationQuantiles, speedQuantiles = layOut()

func layOut() (d, s quantiles) {
	k := 1
	for i := range d {
		p := int32(i) << 10
		for lognormal[k].p < p {
			k++
		}
		a, b := lognormal[k-1], lognormal[k]
		at := func(from, to int32) int32 {
			return from*16 + int32(int64(to-from)*16*int64(p-a.p)/int64(b.p-a.p))
		}
		d[i], s[i] = at(a.duration, b.duration), at(a.speed, b.speed)
	}
	return d, s
}

// at returns the value, with median 1000, at probability u/1<<20. u has 20 bits.
func (q *quantiles) at(u uint64) int64 {
	i, f := u>>10&1023, int64(u&1023)
	lo, hi := int64(q[i]), int64(q[i+1])
	return (lo + (hi-lo)*f>>10) >> 4
}

// hourWeights gives the relative number of pickups in each hour of a weekday
// and of a Saturday or Sunday.
var hourWeights = [2][24]int64{
	{26, 16, 11, 8, 7, 10, 24, 41, 51, 50, 48, 50, 53, 52, 55, 54, 48, 58, 69, 70, 66, 64, 59, 44},
	{62, 52, 42, 31, 20, 11, 11, 15, 23, 34, 43, 49, 53, 54, 54, 54, 52, 56, 60, 56, 49, 48, 52, 50},
}

// share is a value and its weight among all values of its table.
type share struct {
	value  int64
	weight int64
}

// picker draws values by weight: value u of 14 bits picks.
type picker [1 << 14]uint16

func newPicker(shares []share) *picker {
	total := int64(0)
	for _, s := range shares {
		total += s.weight
	}
	p := new(picker)
	sum, next := int64(0), int64(0)
	for _, s := range shares {
		sum += s.weight
		for end := sum * int64(len(p)) / total; next < end; next++ {
			p[next] = uint16(s.value)
		}
	}
	return p
}

func (p *picker) pick(u uint64) int64 { return int64(p[u&(1<<14-1)]) }

// zoneCount is the number of taxi zones. 264 means unknown, 265 outside the
// city.
const zoneCount = 265

const (
	zoneJFK       = 132
	zoneLaGuardia = 138
)

// yellowZones and greenZones list popular zones with rough weights per 10,000
// trips. All other zones share a small weight each, given in zonesOf.
var yellowZones = []share{
	{237, 410},
	{161, 390},
	{236, 380},
	{162, 350},
	{186, 330},
	{230, 320},
	{170, 315},
	{48, 310},
	{234, 305},
	{142, 300},
	{239, 270},
	{138, 260},
	{79, 250},
	{132, 250},
	{141, 240},
	{163, 230},
	{107, 230},
	{68, 220},
	{238, 200},
	{140, 200},
	{164, 200},
	{100, 190},
	{43, 190},
	{249, 190},
	{231, 190},
	{263, 190},
	{229, 180},
	{246, 170},
	{90, 160},
	{264, 155},
	{143, 150},
	{113, 150},
	{114, 140},
	{158, 130},
	{137, 130},
	{233, 130},
	{262, 130},
	{50, 120},
	{144, 110},
	{148, 110},
	{151, 110},
	{13, 100},
	{211, 100},
	{87, 90},
	{75, 90},
	{125, 80},
	{224, 50},
	{166, 50},
	{261, 60},
	{4, 40},
	{88, 40},
	{74, 40},
	{209, 30},
	{41, 30},
	{24, 30},
	{45, 25},
	{145, 20},
	{232, 20},
	{226, 18},
	{265, 12},
	{7, 15},
	{25, 10},
	{33, 10},
	{42, 10},
	{116, 10},
	{112, 8},
	{255, 8},
}

var greenZones = []share{
	{74, 1300},
	{75, 1150},
	{41, 700},
	{95, 560},
	{82, 540},
	{42, 470},
	{97, 430},
	{166, 420},
	{7, 420},
	{43, 300},
	{244, 270},
	{129, 260},
	{66, 220},
	{25, 220},
	{65, 210},
	{181, 200},
	{33, 200},
	{260, 190},
	{116, 180},
	{255, 150},
	{49, 120},
	{152, 110},
	{112, 100},
	{226, 90},
	{130, 90},
	{80, 80},
	{223, 70},
	{17, 60},
	{61, 60},
	{40, 60},
	{92, 50},
	{196, 50},
	{134, 40},
	{56, 40},
	{83, 40},
	{168, 40},
	{169, 30},
	{69, 30},
	{247, 30},
	{24, 30},
	{151, 30},
	{159, 25},
	{119, 25},
	{47, 20},
	{193, 20},
	{264, 15},
	{265, 12},
}

// zonePickers draws the zones of a trip.
type zonePickers struct{ pickup, dropoff *picker }

// zonesOf holds each taxi's distribution of zones. Dropoffs spread wider than
// pickups.
var zonesOf = map[Taxi]zonePickers{
	Yellow: {newPicker(allZones(yellowZones, 2, noZones)), newPicker(allZones(yellowZones, 7, noZones))},
	Green:  {newPicker(allZones(greenZones, 4, notGreen)), newPicker(allZones(greenZones, 28, notGreen))},
	FHVHV:  forHirePickers,
	FHV:    forHirePickers,
}

var passengersOf = map[Taxi]*picker{
	Yellow: newPicker(passengerShares[Yellow]),
	Green:  newPicker(passengerShares[Green]),
}

// noZones are the zones that published files do not name: both share the name
// of 105. notGreen adds some that green taxis hardly see, on Staten Island and
// in the harbour: the published green files have fewer than 256 zones, so the
// dictionary index of a zone fits into one byte.
var (
	noZones  = []int64{103, 104}
	notGreen = []int64{103, 104, 5, 6, 23, 44, 84, 99, 105, 109, 110, 115, 118, 156, 172, 176}
)

// allZones adds the zones that are neither popular nor absent.
func allZones(popular []share, rest int64, absent []int64) []share {
	shares := slices.Clone(popular)
	for z := int64(1); z <= zoneCount; z++ {
		known := slices.ContainsFunc(popular, func(s share) bool { return s.value == z })
		if !known && !slices.Contains(absent, z) {
			shares = append(shares, share{z, rest})
		}
	}
	return shares
}
