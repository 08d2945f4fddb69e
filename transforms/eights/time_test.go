package eights

import (
	"math/rand/v2"
	"testing"

	"tripstats/testdata/guard"
)

// floorDiv divides and rounds down.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

const (
	hour = 3_600_000_000
	day  = 24 * hour
)

// randomTime returns a random time. It is often close to the start of an hour, and often close to the limit of 51 bits.
func randomTime() int64 {
	v := rand.Int64N(1<<52) - 1<<51
	switch rand.IntN(6) {
	case 0:
		return oddInts[rand.IntN(len(oddInts))]
	case 1, 2, 3:
		return floorDiv(v, hour)*hour + rand.Int64N(3) - 1
	case 4:
		return floorDiv((1-2*rand.Int64N(2))*(1<<51-rand.Int64N(1<<40)), hour)*hour + rand.Int64N(3) - 1
	}
	return v
}

func TestHoursAndDays(t *testing.T) {
	for _, n := range lengths {
		to, times := guard.AtEnd[int64](t, n), guard.AtEnd[int64](t, n)
		for range 20_000 {
			for i := range times {
				times[i] = randomTime()
			}
			testTimes(t, to, times)
		}
	}
}

func testTimes(t *testing.T, to, times []int64) {
	done := HoursMany(to, times)
	for i, found := range to[:done] {
		if want := floorDiv(times[i], hour) - 24*floorDiv(times[i], day); found != want {
			t.Fatalf("time %d: found hour %d, expected %d", times[i], found, want)
		}
	}
	if again := DaysMany(to, times); again != done {
		t.Fatalf("%v: %d hours and %d days were computed, expected equal numbers", times, done, again)
	}
	for i, found := range to[:done] {
		if want := floorDiv(times[i], day); found != want {
			t.Fatalf("time %d: found day %d, expected %d", times[i], found, want)
		}
	}
	if next := times[done:]; len(next) >= 8 && DaysMany(to[:8], make([]int64, 8)) == 8 {
		for _, v := range next[:8] {
			if v < -(1<<51) || v >= 1<<51 {
				return
			}
		}
		t.Fatalf("%v: %d times were computed, expected more", times, done)
	}
}

func FuzzTimes(f *testing.F) {
	f.Add(int64(0), int64(1))
	f.Add(int64(1<<51-8), int64(1))
	f.Add(int64(-hour), int64(hour/2))
	f.Fuzz(func(t *testing.T, first, step int64) {
		times := make([]int64, 16)
		for i := range times {
			times[i] = first + int64(i)*step
		}
		testTimes(t, make([]int64, 16), times)
	})
}
