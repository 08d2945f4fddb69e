package group

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// The rows of many groups are made in pieces, side by side. The table, the order of its rows and its error must be the same as with one core.
func TestRowsInPiecesAreThoseOfOneCore(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	const from = " FROM trips GROUP BY month_start, pickup_location_id, dropoff_location_id"
	for name, text := range map[string]string{
		"every kind of column": `SELECT month_start, pickup_zone, dropoff_location_id, pickup_location_id, count(*) AS n, sum(CAST(pickup_location_id AS DECIMAL(9,3))) AS f, avg(trip_duration_minutes) AS m, max(pickup_datetime) AS p,
			count(*) > 2 AS often, CASE WHEN count(*) > 1 THEN pickup_zone END AS z, CASE WHEN count(*) > 1 THEN 1.5 END AS d` + from + `, pickup_zone`,
		"having":              "SELECT month_start, pickup_location_id, dropoff_location_id, count(*) AS n" + from + " HAVING count(*) > 1",
		"order":               "SELECT month_start, pickup_location_id, dropoff_location_id, count(*) AS n" + from + " ORDER BY n DESC, dropoff_location_id",
		"order and limit":     "SELECT month_start, pickup_location_id, dropoff_location_id, count(*) AS n" + from + " ORDER BY n DESC LIMIT 1000",
		"limit":               "SELECT month_start, pickup_location_id, dropoff_location_id, count(*) AS n" + from + " LIMIT 30000",
		"windows":             "SELECT month_start, pickup_location_id, dropoff_location_id, rank() OVER (PARTITION BY pickup_location_id ORDER BY count(*)) AS n" + from,
		"no value":            "SELECT pickup_location_id, dropoff_location_id, month_start, count(*) // (count(*) - 2) AS n" + from,
		"no value, not shown": "SELECT pickup_location_id, dropoff_location_id, month_start, count(*) // (count(*) - 2) AS n" + from + " LIMIT 10",
		"no value in having":  "SELECT pickup_location_id, dropoff_location_id, month_start" + from + " HAVING count(*) // (count(*) - 2) < 3",
	} {
		t.Run(name, func(t *testing.T) {
			q := sql(t, text)
			var states [][]byte
			rng := rand.New(rand.NewPCG(8, 1))
			for i := range 3 {
				state, err := stateOf(q, zoneBatches(rng, 2*i+2))
				if err != nil {
					t.Fatal(err)
				}
				states = append(states, state)
			}
			blocks, err := blocksOf(states...)
			if err != nil {
				t.Fatal(err)
			}
			in := &groups{finisher: newFinisher(q)}
			if _, err := in.open(blocks); err != nil || in.most < groupsInPieces {
				t.Fatalf("found %d groups and the error %v, expected at least %d groups, so that they are cut into pieces", in.most, err, groupsInPieces)
			}
			pieces, counted, err := Rows(q, blocks)
			cores := runtime.GOMAXPROCS(1)
			whole, wantCounted, wantErr := Rows(q, blocks)
			runtime.GOMAXPROCS(cores)
			if err != nil || wantErr != nil {
				if err == nil || wantErr == nil || err.Error() != wantErr.Error() {
					t.Errorf("found the error %v, expected %v", err, wantErr)
				}
				return
			}
			if counted != wantCounted || pieces.NumRows() == 0 || !array.RecordEqual(pieces, whole) {
				t.Errorf("found %d rows of %d trips, expected %d of %d with the same values", pieces.NumRows(), counted, whole.NumRows(), wantCounted)
			}
		})
	}
}

// Blocks that were damaged on their way are refused, also if the damage is where a piece ends.
func TestGroupsThatDoNotAscendAreNotCutIntoPieces(t *testing.T) {
	q := sql(t, "SELECT pickup_location_id, dropoff_location_id, count(*) AS n FROM trips GROUP BY ALL")
	state, err := stateOf(q, zoneBatches(rand.New(rand.NewPCG(8, 2)), 4))
	if err != nil {
		t.Fatal(err)
	}
	var h header
	rest, err := h.read(state)
	if err != nil {
		t.Fatal(err)
	}
	first, others, _, _ := next(rest)
	block := slices.Concat(h.append(nil), others, first.whole)
	if _, _, err := Rows(q, [][]byte{block}); err != errNotAscending {
		t.Errorf("found %v, expected %v", err, errNotAscending)
	}
}
