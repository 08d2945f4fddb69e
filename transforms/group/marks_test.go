package group

import (
	"math/rand/v2"
	"strings"
	"testing"

	"tripstats/transforms/trip"
)

// Aggregates of the same values share a set, and each has its own mark there. Some marks have one value in the body of a group, others two.
func TestAggregatesOfOneSetHaveTheirOwnMarks(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 3))
	for _, of := range []string{"fare_amount", "speed_mph", "trip_duration_minutes", "trip_duration_seconds", "pickup_zone", "CAST(total_amount AS DECIMAL(18,2)) * 1000000000000.5"} {
		texts := []string{
			"quantile_disc(VALUE, 0.3) AS a, max(VALUE) AS b, min(VALUE) AS c, count(VALUE) AS d, quantile_disc(VALUE, 0) AS e, quantile_disc(VALUE, 1) AS f",
			"median(VALUE) AS a, quantile_disc(VALUE, 0.3) AS b, quantile_cont(VALUE, 0.9) AS c, max(VALUE) AS d, quantile_cont(VALUE, 1) AS e, min(VALUE) AS f",
			"count(DISTINCT VALUE) AS a, quantile_cont(VALUE, 0.25) AS b, quantile_disc(VALUE, 0.25) AS c, min(VALUE) AS d",
			"quantile_cont(VALUE, 0.4) FILTER (WHERE tip_amount > 1) AS a, max(VALUE) FILTER (WHERE tip_amount > 1) AS b, quantile_disc(VALUE, 0.4) AS c, count(DISTINCT VALUE) FILTER (WHERE tip_amount > 1) AS d",
		}
		if of == "pickup_zone" { // there is nothing between two texts
			texts = texts[:1]
		}
		for _, text := range texts {
			text = "SELECT taxi, pickup_location_id, " + strings.ReplaceAll(text, "VALUE", of) + " FROM trips GROUP BY taxi, pickup_location_id"
			q := sql(t, text)
			for _, extremes := range []bool{false, true} {
				check(t, rng, text, q, [][]*trip.Batch{randomBatches(rng, 100, extremes), randomBatches(rng, 150, extremes)})
			}
		}
	}
}
