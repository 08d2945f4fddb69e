package group

import (
	"encoding/binary"
	"math"
	"testing"

	"tripstats/transforms/query"
)

// A set of ten trips comes from outside. What no set can have is refused: it would give values, counts, or places that there are not.
func TestASetThatCannotBeIsRefused(t *testing.T) {
	const min, max = math.MinInt64, math.MaxInt64
	u := func(list ...uint64) (b []byte) {
		for _, v := range list {
			b = binary.AppendUvarint(b, v)
		}
		return b
	}
	// spaced is a body: how many trips have no value, how many values differ, by how many thousands, the first value, the unit, and what follows.
	spaced := func(missing, different uint64, thousands byte, first int64, rest ...uint64) []byte {
		return append(binary.AppendVarint(append(u(missing, different), thousands), first), u(rest...)...)
	}
	written := func(list ...string) (b []byte) {
		for _, s := range list {
			b = appendText(b, s)
		}
		return b
	}
	first := []mark{markOf(&query.Aggregate{Func: &query.Function{Name: "min"}})} // the mark of the least value
	for name, c := range map[string]struct {
		body, tail []byte
		class      class
		marks      []mark
		good       bool
	}{
		"three values":                       {body: spaced(4, 3, 0, 7, 2, 0), tail: u(1<<1|1, 3, 5<<1), marks: first, good: true},
		"values at both ends":                {body: spaced(8, 2, 0, -1, max, 1), tail: u(1 << 1), marks: first, good: true},
		"no value":                           {body: u(10, 0), good: true},
		"one value":                          {body: spaced(0, 1, 6, 9), good: true},
		"two texts":                          {body: append(u(0, 2), listed), tail: append(append(written("a"), 4), append(written("b"), 6)...), class: text, good: true},
		"more missing than trips":            {body: u(11, 0)},
		"no value but none missing":          {body: u(0, 0)},
		"more different values than values":  {body: spaced(8, 3, 0, 7, 2), tail: u(1<<1, 1<<1)},
		"an unknown form":                    {body: spaced(0, 1, 8, 7)},
		"texts by distance":                  {body: spaced(0, 1, 0, 7), class: text},
		"a first value of more than 64 bits": {body: spaced(0, 1, 1, max/1000+1)},
		"a unit of more than 64 bits":        {body: spaced(0, 2, 1, 0, math.MaxUint64/1000+1), tail: u(1 << 1)},
		"no unit":                            {body: spaced(0, 2, 0, 7, 0), tail: u(1 << 1)},
		"a mark of more than 64 bits":        {body: spaced(0, 2, 0, 7, 1, max-7+1), tail: u(1 << 1), marks: first},
		"a value of more than 64 bits":       {body: spaced(0, 2, 0, 7, 1), tail: u((max - 7 + 1) << 1)},
		"a product of more than 64 bits":     {body: spaced(0, 2, 0, min, 1<<32), tail: u((1<<32 + 1) << 1)},
		"a value twice":                      {body: spaced(0, 2, 0, 7, 1), tail: u(0)},
		"a count of 0":                       {body: spaced(0, 2, 0, 7, 1), tail: u(1<<1|1, 0)},
		"counts of all values, and one more": {body: spaced(0, 2, 0, 7, 1), tail: u(1<<1|1, 10)},
		"a count of more than 63 bits":       {body: spaced(0, 2, 0, 7, 1), tail: u(1<<1|1, 1<<63)},
		"fewer values in the tail":           {body: spaced(0, 3, 0, 7, 1), tail: u(1 << 1)},
		"more values in the tail":            {body: spaced(0, 2, 0, 7, 1), tail: u(1<<1, 1<<1)},
		"very many values and a short tail":  {body: u(0, max)},
		"texts that do not ascend":           {body: append(u(0, 2), listed), tail: append(append(written("b"), 4), append(written("a"), 6)...), class: text},
		"a text twice":                       {body: append(u(0, 2), listed), tail: append(append(written("a"), 4), append(written("a"), 6)...), class: text},
		"fewer texts than counted":           {body: append(u(0, 2), listed), tail: append(append(written("a"), 4), append(written("b"), 5)...), class: text},
		"a text that occurs 0 times":         {body: append(u(0, 2), listed), tail: append(append(written("a"), 0), append(written("b"), 10)...), class: text},
		"NULL as a value":                    {body: append(u(0, 1), listed), tail: []byte{absent, 10}, class: text},
		"NULL as a mark":                     {body: append(u(0, 1), listed, absent), tail: append(written("a"), 10), class: text, marks: first},
	} {
		if c.class == 0 {
			c.class = exact
		}
		r := groupReader{reader: reader{in: c.body}, tail: reader{in: c.tail}, rows: 10}
		var head setHead
		var at, s set
		head.read(&r, c.class, c.marks, &at)
		s.read(&r, &head, c.class)
		if r.broken() == c.good {
			t.Errorf("%s: found %v, %v of the values %v, %s; expected a set: %v", name, s.values, s.counts, at.values, s.keys, c.good)
		}
	}
}
