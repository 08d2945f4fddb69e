package aggregate

import (
	"bytes"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/group"
)

// A group that is merged with no other is finished without reading all of its state. So a state from outside of the process is checked when it is
// read: a state whose parts contradict each other must be an error there. Otherwise the table would have a wrong value.
func TestStatesFromOutsideAreChecked(t *testing.T) {
	spec := declaredOf(t, "medians", "SELECT quantile_disc(pickup_location_id, 0.5) AS zone FROM trips", false)
	q := spec.query()
	b := tripsOf("a", march, c64(1, 2, 3, 40, 50), c64(1, 2, 3, 4, 5), c64(7, 8, 9, 70, 80))
	a := group.NewAdder(q, 10)
	if err := a.Add(&b); err != nil {
		t.Fatal(err)
	}
	state, err := a.State()
	if err != nil {
		t.Fatal(err)
	}
	tables := []*Spec{spec}
	packedOf := func(state []byte) element.Packed {
		enc, err := newEncoder()
		if err != nil {
			t.Fatal(err)
		}
		s := Source{Source: "a", Rows: 5, Size: 1 << 30, States: []TableState{{Table: spec.Name, State: state, Declared: true}}}
		p, err := packSources(enc, []waitingSource{{result: s}}, tables, digestsOf(tables), "")
		if err != nil {
			t.Fatal(err)
		}
		return p[0]
	}
	entrances := map[string]func(state []byte) error{
		"another worker": func(state []byte) error {
			coded, err := encodeBlocks(Blocks{Others: [][]byte{state}})
			if err == nil {
				_, err = decodeBlocks(coded)
			}
			return err
		},
		"what was kept": func(state []byte) error {
			_, err := unpack(packedOf(state), tables, digestsOf(tables))
			return err
		},
	}
	for from, enter := range entrances {
		if err := enter(state); err != nil {
			t.Errorf("a good state from %s: found %v, expected no error", from, err)
		}
	}
	changed := 0
	for at := range state {
		bad := bytes.Clone(state)
		bad[at] ^= 1
		if group.Check(bad) == nil {
			continue
		}
		if _, _, err := group.Rows(q, [][]byte{bad}); err != nil {
			continue
		}
		changed++
		for from, enter := range entrances {
			if enter(bad) == nil {
				t.Errorf("a state from %s whose byte %d was changed: found no error, expected one", from, at)
			}
		}
	}
	if changed == 0 {
		t.Error("every changed byte is found without a check, expected one that is not")
	}
}
