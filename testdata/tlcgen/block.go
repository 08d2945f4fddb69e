package tlcgen

import "math"

// field is one value of a trip, whatever column it ends up in.
type field uint8

const (
	fVendor      field = iota // 1 or 2; 3 is DDS, in 2009
	fPickup                   // microseconds since 1970, wall clock
	fDropoff                  // the same
	fPassengers               //
	fDistance                 // hundredths of a mile
	fRate                     // TLC's RatecodeID
	fFlag                     // 0 is N, 1 is Y
	fPickupZone               //
	fDropoffZone              //
	fPayment                  // 0 flex fare, 1 card, 2 cash, 3 no charge, 4 dispute
	fFare                     // cents, as all money
	fExtra
	fMTATax
	fTip
	fTolls
	fImprovement
	fTotal
	fCongestion
	fAirport
	fCBD
	fEhail    // never has a value
	fTripType // 1 street hail, 2 dispatch

	// Blocks of files without columns for them leave out the fields below.
	fPickupLon // millionths of a degree, as all coordinates
	fPickupLat
	fDropoffLon
	fDropoffLat
	fIndex  // the number that pandas gave the row
	fSource // the app that the trip was ordered in: 0 or 1

	// Of trips for hire.
	fLicence
	fBase       // a number of its own, as the next
	fOriginBase // of fhv the base that the vehicle belongs to
	fRequest    // microseconds since 1970, wall clock
	fOnScene    // the same
	fTripTime   // seconds
	fFund       // cents, as all money
	fSalesTax
	fDriverPay
	fSharedRequest // 0 is N, 1 is Y, as all flags
	fSharedMatch
	fAccess // 2 is a blank
	fChairRequest
	fChairMatch
	fShared  // 1
	fNothing // never has a value
	numFields

	numTripFields = fPickupLon
	numTaxiFields = fLicence
)

// money lists the fields that a refund negates.
var money = [...]field{
	fFare, fExtra, fMTATax, fTip, fTolls, fImprovement, fTotal, fCongestion, fAirport, fCBD,
}

// Values of distance and money fields that stand for what is not a number.
const (
	valueNaN = math.MinInt64
	valueInf = math.MinInt64 + 1
)

// fieldSet has bit 1<<f set for each field f in it.
type fieldSet uint64

func setOf(fields ...field) fieldSet {
	var s fieldSet
	for _, f := range fields {
		s |= 1 << f
	}
	return s
}

func (s fieldSet) has(f field) bool { return s>>f&1 != 0 }

// row is one trip in integers. The value of a null field is meaningless.
type row struct {
	v     [numFields]int64
	nulls fieldSet
}

// blockRows is the number of rows that are made and written at a time.
const blockRows = 2048

// block holds rows column by column.
type block struct {
	n     int
	used  field // fields from here on are not in the block
	v     [numFields][blockRows]int64
	nulls [blockRows]fieldSet
	any   fieldSet // fields that are null in some row
	all   fieldSet // fields that are null in every row
}

func (b *block) reset() { b.n, b.any, b.all = 0, 0, ^fieldSet(0) }

func (b *block) append(r *row) {
	i := b.n
	for f, v := range r.v[:b.used] {
		b.v[f][i] = v
	}
	b.nulls[i] = r.nulls
	b.any |= r.nulls
	b.all &= r.nulls
	b.n++
}
