package group

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

const (
	second = 1_000_000
	hour   = 3600 * second
	day    = 24 * hour
)

// randomBatches makes small batches of one taxi with nulls, ties, extremes and runs that a rule refuses.
func randomBatches(rng *rand.Rand, rows int, extremes bool) []*trip.Batch {
	return batchesOf(rng, rows, extremes, 40, []int{0, 5, 100})
}

// longBatches are random batches of which most rows follow one another, as few are NULL or refused.
func longBatches(rng *rand.Rand, rows int, extremes bool) []*trip.Batch {
	return batchesOf(rng, rows, extremes, 600, []int{0, 0, 1, 100})
}

// batchesOf makes batches of at most so many rows. In each column some percentage of the values is NULL.
func batchesOf(rng *rand.Rand, rows int, extremes bool, most int, percentages []int) []*trip.Batch {
	var batches []*trip.Batch
	taxi := []string{"yellow", "green"}[rng.IntN(2)]
	for first := 0; first < rows; {
		b := &trip.Batch{Source: "x.parquet", Taxi: taxi, FirstRow: int64(first), Rows: min(rows-first, 1+rng.IntN(most))}
		for f := range b.Columns {
			nulls := percentages[rng.IntN(len(percentages))]
			c := &b.Columns[f]
			c.Values = make([]int64, b.Rows)
			for i := range c.Values {
				if rng.IntN(100) < nulls {
					setNull(c, i)
					continue
				}
				c.Values[i] = randomOf(rng, trip.Field(f), extremes)
			}
		}
		d := &b.Columns[trip.Duration]
		for i := range b.Rows {
			if p, o := &b.Columns[trip.Pickup], &b.Columns[trip.Dropoff]; !p.IsNull(i) && !o.IsNull(i) {
				d.Values[i] = o.Values[i] - p.Values[i]
			} else if !d.IsNull(i) {
				setNull(d, i)
			}
		}
		for end := 0; end < b.Rows; {
			end = min(b.Rows, end+1+rng.IntN(most*3/4))
			b.Months = append(b.Months, trip.MonthRun{End: end, Refused: rng.IntN(4) == 0})
		}
		batches = append(batches, b)
		first += b.Rows
	}
	return batches
}

func setNull(c *trip.Column, i int) {
	if c.Valid == nil {
		c.Valid = make([]byte, (len(c.Values)+7)/8)
		for j := range c.Valid {
			c.Valid[j] = 0xff
		}
	}
	c.Valid[i>>3] &^= 1 << (i & 7)
	c.Values[i] = 0
	c.Nulls++
}

func randomOf(rng *rand.Rand, f trip.Field, extremes bool) int64 {
	pick := func(ordinary int, v ...int64) int64 {
		if !extremes {
			v = v[:ordinary]
		}
		return v[rng.IntN(len(v))]
	}
	const first = 1_700_000_000 * second
	switch trip.Fields[f].Type {
	case trip.Time:
		return pick(2, first+rng.Int64N(60*day), first+rng.Int64N(3)*hour, -1, 0, 951_782_399_999_999, -62_135_596_800_000_000)
	case trip.Measure:
		return pick(3, 12_500_000, rng.Int64N(100_000_000), rng.Int64N(100)*2_500_000, -rng.Int64N(50_000_000), 1, 100_000_000_000_000, -100_000_000_000_000, 0)
	case trip.Zone:
		return pick(5, 1, 132, 264, 265, 1+rng.Int64N(265), 0, 56, 57)
	case trip.Flag:
		return rng.Int64N(2)
	case trip.Part:
		return rng.Int64N(24)
	}
	return pick(5, 3, 1, 2, 4, 5, 99, -1, 0)
}

// valuesOf returns the trips of batches that no rule refuses, each with a value for each of query.Columns.
func valuesOf(t testing.TB, batches []*trip.Batch) (trips [][]query.Value) {
	t.Helper()
	for _, b := range batches {
		start := 0
		for _, m := range b.Months {
			for i := start; i < m.End && !m.Refused; i++ {
				trips = append(trips, valuesAt(t, b, i))
			}
			start = m.End
		}
	}
	return trips
}

func valuesAt(t testing.TB, b *trip.Batch, i int) []query.Value {
	row := make([]query.Value, len(query.Columns))
	for c, column := range query.Columns {
		source := &b.Columns[column.Source.Field]
		switch {
		case column.Derived != "":
		case column.Source.Taxi:
			row[c].Text = b.Taxi
		case source.IsNull(i):
			row[c].IsNull = true
		case column.Type.Kind == query.Decimal:
			row[c].Big = big.NewInt(source.Values[i])
		case column.Type.Kind == query.Varchar:
			row[c].Text = []string{"N", "Y"}[source.Values[i]]
		default:
			row[c].Int = source.Values[i]
		}
	}
	for c, column := range query.Columns {
		if column.Derived != "" {
			v, err := query.Derivation(c).Eval(func(e *query.Expr) (query.Value, error) { return row[e.Index], nil })
			if err != nil {
				t.Fatal(err)
			}
			row[c] = v
		}
	}
	return row
}
