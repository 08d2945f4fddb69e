package compute

import (
	"math/rand/v2"
	"testing"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// TestAProgramForgetsTexts computes texts that are different in every trip: a program that kept them all would grow from batch to batch.
func TestAProgramForgetsTexts(t *testing.T) {
	texts := []string{
		"CAST(pickup_datetime AS VARCHAR)", "lower(CAST(pickup_datetime AS VARCHAR)) LIKE '%1'", "CASE WHEN taxi = 'green' THEN 'unusual' ELSE pickup_zone END",
		"store_and_fwd_flag", "upper(taxi)", "least(CAST(dropoff_datetime AS VARCHAR), 'unlikely', '2020')", "pickup_borough IN ('Queens', 'Bronx', 'Brooklyn', 'EWR')",
	}
	var exprs []*query.Expr
	for _, text := range texts {
		exprs = append(exprs, mustParse(t, text))
	}
	p := Compile(exprs)
	rng := rand.New(rand.NewPCG(8, 9))
	forgotten, texted := 0, p.texts
	for i := range 3 * mostTexts / 10_000 {
		b := randomBatch(rng, 10_000, ordinary)
		b.Taxi = "yellow"
		for row := range b.Rows {
			b.Columns[trip.Pickup].Values[row] = int64(i*b.Rows+row) * 1_000_003
		}
		if err := p.Run(b, nil); err != nil {
			t.Fatal(err)
		}
		for at, e := range exprs {
			v := p.Vector(at)
			if v.Texts != nil && v.Texts != p.texts {
				t.Fatalf("%s: found texts of an earlier run", texts[at])
			}
			for row := 0; row < b.Rows; row += 97 {
				want, err := e.Eval(func(c *query.Expr) (query.Value, error) { return p.leaf(b, row, c) })
				if err != nil || !equal(e.Type, v.Value(row), want) {
					t.Fatalf("%s, row %d: found %v, expected %v, %v", texts[at], row, v.Value(row), want, err)
				}
			}
		}
		if n := p.texts.Len(); n > mostTexts+30_000 {
			t.Fatalf("found %d texts, expected at most %d and those of a batch", n, mostTexts)
		}
		if p.texts != texted {
			forgotten, texted = forgotten+1, p.texts
		}
	}
	if forgotten < 2 {
		t.Errorf("found that texts were forgotten %d times, expected several times", forgotten)
	}
}
