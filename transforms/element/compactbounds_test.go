package element

import (
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"
)

type namedNumber struct {
	Name   string
	Number float64
}

func TestACompactListTellsZeroFromMinusZero(t *testing.T) {
	list := []namedNumber{{"a", 0}, {"a", math.Copysign(0, -1)}, {"a", 0}}
	b, err := CompactList(list)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ExpandList[namedNumber](b)
	if err != nil || len(got) != 3 || math.Signbit(got[0].Number) || !math.Signbit(got[1].Number) || math.Signbit(got[2].Number) {
		t.Errorf("found %v, %v, expected %v", got, err, list)
	}
}

func TestLongTextsOfACompactListAreTheSameAgain(t *testing.T) {
	long := strings.Repeat("x", 3*mostSame)
	roundTrip(t, []namedNumber{{Name: long}, {Name: long}, {Name: long + "y"}, {Name: long[:mostSame]}, {Name: long[:mostSame-1]}})
}

// TestFewDamagedBytesDoNotExpandToMuch protects from lists that claim to be long, and from a long text that is told again and again.
func TestFewDamagedBytesDoNotExpandToMuch(t *testing.T) {
	const entries = 1 << 16
	many := append(binary.AppendUvarint(nil, entries), make([]byte, entries)...)
	again := append(binary.AppendUvarint(nil, entries), 0, 1, 0) // a text that has nothing of another
	again = AppendString(again, strings.Repeat("x", 1<<20))
	for range entries - 1 {
		again = append(again, 1, 1)
		again = append(binary.AppendUvarint(again, 1<<20), 0)
	}
	expandsToLittle(t, "more entries than there can be", func() error { _, err := ExpandList[Recognised](many); return err })
	expandsToLittle(t, "a long text again and again", func() error { _, err := ExpandList[namedNumber](again); return err })
}

func expandsToLittle(t *testing.T, what string, expand func() error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := expand()
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > 8<<20 {
		t.Errorf("%s: found %v and %d bytes of memory, expected an error and at most 8 MiB", what, err, took)
	}
}
