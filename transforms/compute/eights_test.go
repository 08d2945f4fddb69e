package compute

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/transforms/eights"
	"tripstats/transforms/query"
	"tripstats/transforms/query/querytest"
	"tripstats/transforms/trip"
)

// TestKernelsMeanTheSameOneByOne evaluates random expressions as on a processor without AVX2.
func TestKernelsMeanTheSameOneByOne(t *testing.T) {
	defer eights.Disable()()
	rng := rand.New(rand.NewPCG(4, 4))
	g := querytest.Generator{Rand: rng}
	for n := range 200 {
		text := g.Any(rng.IntN(5))
		e := parse(text)
		if e == nil {
			continue
		}
		p := Compile([]*query.Expr{e})
		b := randomBatch(rng, rng.IntN(70), kind(n%int(kinds)))
		compareWithReference(t, p, []string{text}, b, randomRows(rng, b.Rows))
	}
}

// dayly are expressions that have the same value for all times of a day or month.
var dayly = []string{"pickup_date", "weekday", "month_start", "year", "CAST(month(pickup_datetime) AS BIGINT)"}

// timesOf returns a batch with the given pickups.
func timesOf(pickups []int64) *trip.Batch {
	b := randomBatch(rand.New(rand.NewPCG(1, 1)), len(pickups), ordinary)
	copy(b.Columns[trip.Pickup].Values, pickups)
	b.Columns[trip.Pickup].Valid, b.Columns[trip.Pickup].Nulls = nil, 0
	return b
}

// TestDaysAndMonthsEnd computes batches within a day, across midnight, across months, and with times far from the present.
func TestDaysAndMonthsEnd(t *testing.T) {
	const start = 1_709_164_800_000_000 // 2024-02-29
	rng := rand.New(rand.NewPCG(2, 2))
	var exprs []*query.Expr
	texts := append(slices.Clone(dayly), "weekday IN (6, 7)", "pickup_date > DATE '2024-02-29'", "CAST(year AS VARCHAR)")
	for _, text := range texts {
		exprs = append(exprs, mustParse(t, text))
	}
	one, together := Compile(exprs[:len(dayly)]), Compile(exprs)
	for range 300 {
		pickups := make([]int64, 1+rng.IntN(400))
		span := []int64{1, microsPerDay, 3 * microsPerHour, 40 * microsPerDay}[rng.IntN(4)]
		for i := range pickups {
			at := int64(i) * span / int64(len(pickups))
			pickups[i] = start + at + rng.Int64N(span-at)
			if span == 40*microsPerDay && rng.IntN(100) == 0 {
				pickups[i] = (rng.Int64() >> rng.IntN(60)) - 1
			}
		}
		b := timesOf(pickups)
		compareWithReference(t, one, texts, b, nil)
		compareWithReference(t, one, texts, b, randomRows(rng, b.Rows))
		compareWithReference(t, together, texts, b, nil)
	}
}

// TestADayIsOneValue demands a constant for a batch within one day or month, so that its users need not look at all rows.
func TestADayIsOneValue(t *testing.T) {
	const noon = 1_709_164_800_000_000 + 12*microsPerHour
	for _, text := range dayly {
		p := Compile([]*query.Expr{mustParse(t, text)})
		for _, c := range []struct {
			last int64
			is   bool
		}{{noon + microsPerHour, true}, {noon + 40*microsPerDay, false}, {noon + microsPerMinute, true}} {
			b := timesOf(slices.Repeat([]int64{noon, c.last}, 50))
			compareWithReference(t, p, []string{text}, b, nil)
			if found := p.Vector(0).Const; found != c.is {
				t.Errorf("%s, times up to %d: the value is a constant: found %t, expected %t", text, c.last, found, c.is)
			}
		}
		b := timesOf(slices.Repeat([]int64{noon}, 50))
		b.Columns[trip.Pickup] = trip.Column{Values: b.Columns[trip.Pickup].Values, Valid: slices.Repeat([]byte{0xfe}, 7), Nulls: 7}
		for i := 0; i < 50; i += 8 {
			b.Columns[trip.Pickup].Values[i] = 0
		}
		if compareWithReference(t, p, []string{text}, b, nil); p.Vector(0).Const {
			t.Errorf("%s with NULLs: found a constant, expected a value for each row", text)
		}
	}
}
