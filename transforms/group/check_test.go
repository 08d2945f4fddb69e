package group

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestStatesThatThisProgramMakesPassTheCheck(t *testing.T) {
	for _, text := range []string{everyKind, journeys, "SELECT median(speed_mph) AS a, min(speed_mph) AS b, count(DISTINCT speed_mph) AS c, quantile_cont(tip_amount, 1) AS d FROM trips"} {
		q := sql(t, text)
		var all []byte
		for _, batches := range fixedTrips() {
			state, err := stateOf(q, batches)
			if err != nil {
				t.Fatal(err)
			}
			if all == nil {
				all = state
			} else if all, err = Merge(all, state); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(Check(state), Check(all)); err != nil {
				t.Errorf("%s: found %v, expected a good state", text, err)
			}
		}
	}
	_, compact := stateForms(t, sql(t, journeys), zoneBatches(rand.New(rand.NewPCG(7, 7)), 2))
	if err := Check(compact); err != nil {
		t.Errorf("found %v, expected a good state", err)
	}
}

// A group that is merged with no other is finished without its set. So a state in which the value at a mark differs from the value in the set
// gives a wrong answer, unless the state is checked.
func TestValuesThatAreNotThoseOfTheSetAreFound(t *testing.T) {
	for _, text := range []string{
		"SELECT quantile_disc(fare_amount, 0.3) AS a FROM trips", "SELECT median(fare_amount) AS a FROM trips", "SELECT median(fare_amount) AS a, max(fare_amount) AS b FROM trips",
		"SELECT max(pickup_zone) AS a, count(DISTINCT pickup_zone) AS b FROM trips",
	} {
		q := sql(t, text)
		state, err := stateOf(q, fixedTrips()[0])
		if err != nil {
			t.Fatal(err)
		}
		rows, _, err := Rows(q, [][]byte{state})
		if err != nil {
			t.Fatal(err)
		}
		want, found := rowsText(rows), 0
		for at := range state {
			changed := bytes.Clone(state)
			changed[at] ^= 1
			if !errors.Is(Check(changed), errOtherValues) {
				continue
			}
			if rows, _, err := Rows(q, [][]byte{changed}); err == nil && !slices.Equal(rowsText(rows), want) {
				found++
			}
			if _, err := Finish(q, changed); err == nil {
				t.Errorf("%s: byte %d was changed: Finish found no error, expected one", text, at)
			}
		}
		if found == 0 {
			t.Errorf("%s: found no changed byte that Check refuses and that changes the answer, expected some", text)
		}
	}
}

// A group or a header with more or less than it should have is found, although who finishes the group may not read so far.
func TestWhatAStateHasTooMuchOfIsFound(t *testing.T) {
	q := sql(t, "SELECT median(fare_amount) AS a FROM trips")
	state, err := stateOf(q, fixedTrips()[0])
	if err != nil {
		t.Fatal(err)
	}
	var h header
	in, err := h.read(state)
	if err != nil {
		t.Fatal(err)
	}
	g, _, _, err := next(in)
	if err != nil {
		t.Fatal(err)
	}
	withFlags := func(flags byte) []byte {
		b := bytes.Clone(state)
		b[1] = flags
		return b
	}
	chunked := inOneChunk(t, state, false)
	h.chunked = true
	groups := chunked[len(h.append(nil)):]
	groups[1]++ // they are after the shard
	for name, b := range map[string][]byte{
		"a longer body":              appendRecord(OnlyHeader(state), g.key, append(bytes.Clone(g.body), 0), g.tail),
		"a longer tail":              appendRecord(OnlyHeader(state), g.key, g.body, append(bytes.Clone(g.tail), 0)),
		"no tail":                    appendRecord(OnlyHeader(state), g.key, g.body, nil),
		"more groups than it tells":  chunked,
		"coded but not in chunks":    withFlags(isCoded),
		"finished but not its parts": withFlags(isFinished),
		"an unknown flag":            withFlags(isCoded << 1),
	} {
		if err := Check(b); !errors.Is(err, errBroken) {
			t.Errorf("%s: found %v, expected %v", name, err, errBroken)
		}
	}
}
