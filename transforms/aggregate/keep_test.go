package aggregate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// packedBatches are the packed results of batches, each file in one bundle, without a runner.
func packedBatches(t *testing.T, tables []*Spec, files []element.AdmittedFiles, batches []trip.Batch) (results []element.Packed) {
	t.Helper()
	acc := map[string]Source{}
	add := func(key string, s Source) {
		merged, err := mergeSources(acc[key], s)
		if err != nil {
			t.Fatal(err)
		}
		acc[key] = merged
	}
	for _, list := range files {
		if err := (&seedFn{Tables: tables}).ProcessElement(list, add); err != nil {
			t.Fatal(err)
		}
	}
	partial := &partialFn{Tables: tables}
	partial.StartBundle(add)
	for _, b := range batches {
		if err := partial.ProcessElement(listOf(b), add); err != nil {
			t.Fatal(err)
		}
	}
	if err := partial.FinishBundle(add); err != nil {
		t.Fatal(err)
	}
	fn, keep := &packFn{Tables: tables}, func(r element.Remembered) { results = append(results, r.Results...) }
	fn.Setup()
	fn.StartBundle(nil, nil)
	emit := func(string, Source) {}
	for _, key := range sortedKeys(acc) {
		if err := fn.ProcessElement(key, acc[key], emit, keep); err != nil {
			t.Fatal(err)
		}
	}
	if err := fn.FinishBundle(emit, keep); err != nil {
		t.Fatal(err)
	}
	return results
}

// TestKeptSourcesGiveTheSameTables takes the results of some sources from packed ones, and reads the others.
func TestKeptSourcesGiveTheSameTables(t *testing.T) {
	const byZone = "SELECT taxi, month_start, pickup_location_id AS zone, count(*) AS n, sum(tip_amount) AS tips FROM trips GROUP BY ALL"
	for _, monthOfB := range []int32{april, march} { // march: a and b are of one month
		tables := append(Tables(true), declaredOf(t, "by_zone", byZone, true))
		fileList, batches := zonedTrips(monthOfB)
		for i := range fileList[0].Files {
			fileList[0].Files[i].Size = 1 << 30 // all that is not finished is small then
		}
		packed := packedBatches(t, tables, fileList, batches)
		if len(packed) != len(fileList[0].Files) {
			t.Fatalf("found %d results, expected %d", len(packed), len(fileList[0].Files))
		}
		for mask := range 1 << len(packed) {
			name := fmt.Sprintf("b of %d, kept %b", monthOfB, mask)
			t.Run(name, func(t *testing.T) {
				list := element.AdmittedFiles{Files: slices.Clone(fileList[0].Files)}
				var some element.Remembered
				var left []trip.Batch
				read := 0
				for i := range list.Files {
					f := &list.Files[i]
					if f.Kept = mask>>i&1 == 1; f.Kept {
						some.Results = append(some.Results, packed[slices.IndexFunc(packed, func(p element.Packed) bool { return p.Source == f.Source && p.Taxi == f.Taxi })])
						continue
					}
					read++
					for _, b := range batches {
						if b.Source == f.Source && b.Taxi == f.Taxi {
							left = append(left, b)
						}
					}
				}
				p, s, files := ptest.CreateList([]element.AdmittedFiles{list})
				partials := beam.Flatten(s, Partials(s, tables, beam.CreateList(s, oneByOne(left))), Unpacked(s, tables, beam.CreateList(s, []element.Remembered{some})))
				settled, kept := Packed(s, tables, PerSource(s, tables, files, partials))
				passert.Count(s, beam.ParDo(s, eachResult, kept), "results", read)
				all, _ := Packed(s, tables, PerSource(s, tables, files, Partials(s, tables, beam.CreateList(s, oneByOne(batches)))))
				for _, spec := range tables {
					passert.Equals(s, beam.ParDo(s, text, Table(s, spec, Zones{}, settled)), beam.ParDo(s, text, Table(s, spec, Zones{}, all)))
				}
				passert.Equals(s, beam.ParDo(s, text, Ledger(s, settled)), beam.ParDo(s, text, Ledger(s, all)))
				passert.Equals(s, beam.ParDo(s, sortedTallies, Tallies(s, tables, settled)), beam.ParDo(s, sortedTallies, Tallies(s, tables, all)))
				ptest.RunAndValidate(t, p)
			})
		}
	}
}

func init() { register.Function2x0(eachResult) }

func eachResult(r element.Remembered, emit func(string)) {
	for _, p := range r.Results {
		emit(p.Source)
	}
}

// TestUnfinishedStatesAreKeptUpToAPartOfTheFile gives files of several sizes, whose groups are finished or not.
func TestUnfinishedStatesAreKeptUpToAPartOfTheFile(t *testing.T) {
	const byZone = "SELECT taxi, month_start, pickup_location_id AS zone, count(*) AS n FROM trips GROUP BY ALL"
	tables := append(Tables(true), declaredOf(t, "by_zone", byZone, true))
	for _, c := range []struct {
		monthOfB int32
		size     int64
		want     string // the tables that are kept of file a, those with finished groups with !
	}{
		{april, 1, "trip_stats location_stats by_zone!"},
		{march, 1, "trip_stats location_stats"},
		{march, 50 * 30, "trip_stats location_stats"},
		{march, 50 * 100, "trip_stats location_stats by_zone"},
	} {
		files, batches := zonedTrips(c.monthOfB)
		for i := range files[0].Files {
			files[0].Files[i].Size = c.size
		}
		var names []string
		for _, table := range packedBatches(t, tables, files, batches)[0].Tables {
			if table.Alone {
				table.Name += "!"
			}
			names = append(names, table.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%+v: found %s, expected %s", c, got, c.want)
		}
	}
}

// TestPackedBytesThatAreDamagedAreAnError cuts and changes packed bytes.
func TestPackedBytesThatAreDamagedAreAnError(t *testing.T) {
	tables := append(Tables(true), declaredOf(t, "by_zone", "SELECT pickup_location_id AS zone, count(*) AS n FROM trips GROUP BY zone", true))
	files, batches := zonedTrips(april)
	for i := range files[0].Files {
		files[0].Files[i].Size = 1 << 30
	}
	p := packedBatches(t, tables, files, batches)[0]
	fn := &unpackFn{Tables: tables}
	fn.Setup()
	unpacked := func(b []byte) (s Source, err error) {
		p := p
		p.Bytes = b
		err = fn.ProcessElement(element.Remembered{Results: []element.Packed{p}}, func(_ string, got Source) { s = got })
		return s, err
	}
	want, err := unpacked(p.Bytes)
	if err != nil || want.Rows != 5 || want.Source != "a" || !want.Kept || len(want.States) != 3 {
		t.Fatalf("found %+v, %v, expected the result of a", want, err)
	}
	for n := range p.Bytes {
		if _, err := unpacked(p.Bytes[:n]); err == nil {
			t.Errorf("%d of %d bytes: no error", n, len(p.Bytes))
		} else if source, _, ok := element.DamagedIn(err); !ok || source != "a" {
			t.Errorf("%d of %d bytes: found %v, expected that the result of a is damaged", n, len(p.Bytes), err)
		}
		changed := slices.Clone(p.Bytes)
		changed[n] ^= 0x55
		_, _ = unpacked(changed) // the index has a digest of the bytes; here it is enough not to panic
	}
}

// TestTheDigestOfATableIsOfWhatDecidesItsState changes a table in every field.
func TestTheDigestOfATableIsOfWhatDecidesItsState(t *testing.T) {
	same := map[string]bool{"Step": true, "Place": true, "MostGroups": true, "MostBytes": true, "Answer": true, "RowBytes": true, "Zone": true}
	spec := *Tables(true)[0]
	before := spec.Digest()
	for i := range reflect.TypeFor[Spec]().NumField() {
		other, name := spec, reflect.TypeFor[Spec]().Field(i).Name
		switch f := reflect.ValueOf(&other).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(!f.Bool())
		case reflect.Int64:
			f.SetInt(77)
		case reflect.Slice:
			f.Set(reflect.Append(f, reflect.Zero(f.Type().Elem())))
		}
		if equal := other.Digest() == before; equal != same[name] {
			t.Errorf("another %s: found the same digest %t, expected %t", name, equal, same[name])
		}
	}
	digests := map[string]string{}
	for _, judged := range []bool{true, false} {
		for _, table := range Tables(judged) {
			digests[table.Digest()] = table.Name
		}
	}
	if len(digests) != 3 {
		t.Errorf("found digests %v, expected one of location_stats and two of trip_stats, which has more columns with rules", digests)
	}
}

func TestNumbersNamesTheColumnsBesideTheStandardOnes(t *testing.T) {
	fares := declaredOf(t, "fares", "SELECT payment_type, sum(fare_amount) AS f, avg(tip_amount) AS t, max(extra) AS e FROM trips GROUP BY ALL", true)
	for want, tables := range map[string][]*Spec{"standard": Tables(true), "standard,fare_amount,extra": append(Tables(true), fares)} {
		if got := Numbers(tables); got != want {
			t.Errorf("found %s, expected %s", got, want)
		}
	}
}
