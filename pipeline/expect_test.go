package main_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tripstats/testdata/tlcgen"
)

// truthOf returns the truth about a generated file, without keeping the file.
func truthOf(t *testing.T, o tlcgen.Options) tlcgen.FileTruth {
	t.Helper()
	truth, err := tlcgen.Write(t.Context(), io.Discard, o)
	if err != nil {
		t.Fatal(err)
	}
	return truth
}

// monthKey sorts like the tables: the null month is last.
type monthKey struct{ taxi, start string }

const noMonth = "~" // sorts after every date

// monthTotal has the totals of one taxi's pickup month over some files.
type monthTotal struct {
	trips  int64
	sums   [5]tlcgen.Sum // passengers, distance, duration, amount, tip: in the order of the table
	zones  map[int32]*[2]int64
	noZone [2]int64
}

// totalOf adds up files.
func totalOf(files []tlcgen.FileTruth) map[monthKey]*monthTotal {
	total := map[monthKey]*monthTotal{}
	at := func(k monthKey) *monthTotal {
		if total[k] == nil {
			total[k] = &monthTotal{zones: map[int32]*[2]int64{}}
		}
		return total[k]
	}
	for _, f := range files {
		at(monthKey{string(f.Taxi), f.Month + "-01"}) // a file's month has a row, even if no trip counts
		for _, m := range f.Months {
			start := noMonth
			if m.Month != nil {
				start = *m.Month
			}
			sum := at(monthKey{string(f.Taxi), start})
			sum.trips += m.TripCount
			for i, s := range []tlcgen.Sum{m.Passengers, m.Distance, m.Duration, m.Amount, m.Tip} {
				sum.sums[i].Count += s.Count
				sum.sums[i].Sum += s.Sum
			}
			for _, z := range m.Zones {
				counts := &sum.noZone
				if z.Zone != nil {
					if counts = sum.zones[*z.Zone]; counts == nil {
						counts = new([2]int64)
						sum.zones[*z.Zone] = counts
					}
				}
				counts[0] += z.Pickups
				counts[1] += z.Dropoffs
			}
		}
	}
	return total
}

// expect returns the rows that both tables must have, as table.cells gives them.
func expect(files []tlcgen.FileTruth) (monthly, zones string) {
	total := totalOf(files)
	keys := slices.SortedFunc(maps.Keys(total), func(a, b monthKey) int {
		return cmp.Or(cmp.Compare(a.taxi, b.taxi), cmp.Compare(a.start, b.start))
	})
	var months, places []string
	for _, k := range keys {
		m, start := total[k], strings.Replace(k.start, noMonth, "-", 1)
		row := fmt.Sprintf("%s %s %d", k.taxi, start, m.trips)
		for i, s := range m.sums {
			unit := int64(1_000_000)
			if i == 2 {
				unit *= 60 // minutes
			}
			row += " " + average(s, unit)
		}
		months = append(months, row)
		for _, z := range slices.Sorted(maps.Keys(m.zones)) {
			if c := *m.zones[z]; c != [2]int64{} {
				places = append(places, fmt.Sprintf("%s %s %d %d %d", k.taxi, start, z, c[0], c[1]))
			}
		}
		if c := m.noZone; c != [2]int64{} {
			places = append(places, fmt.Sprintf("%s %s - %d %d", k.taxi, start, c[0], c[1]))
		}
	}
	return strings.Join(months, "; "), strings.Join(places, "; ")
}

// average returns the float64 nearest to the quotient.
func average(s tlcgen.Sum, unit int64) string {
	if s.Count == 0 {
		return "-"
	}
	divisor := new(big.Int).Mul(big.NewInt(s.Count), big.NewInt(unit))
	avg, _ := new(big.Rat).SetFrac(big.NewInt(s.Sum), divisor).Float64()
	return strconv.FormatFloat(avg, 'g', -1, 64)
}

// holdsTruth compares every bit of both published tables with what the generator put into the files.
func holdsTruth(t *testing.T, output string, files ...tlcgen.FileTruth) {
	t.Helper()
	monthly, zones := expect(files)
	if got := readTable(t, output, "trip_stats").cells(monthlyColumns...); got != monthly {
		t.Errorf("trip_stats: found\n%s\nexpected\n%s", got, monthly)
	}
	if got := readTable(t, output, "location_stats").cells(zoneColumns...); got != zones {
		t.Errorf("location_stats: found\n%s\nexpected\n%s", got, zones)
	}
}

// generated is a file of made-up trips in memory.
func generated(t *testing.T, o tlcgen.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := tlcgen.Write(t.Context(), &b, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
