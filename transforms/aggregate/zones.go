package aggregate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/element"
	"tripstats/transforms/newyork"
)

// ZonesName is the name of the table that says what the numbers of zones stand for.
const ZonesName = "zones"

func init() { beam.RegisterDoFn(reflect.TypeFor[zonesFn]()) }

// Zones are the zones of all places. The zero value stands for TLC's zones alone.
type Zones struct {
	TLC []string   // the taxis whose zones are TLC's
	Own []OwnZones // of all other taxis
}

// OwnZones are the zones of a taxi that is not TLC's, sorted by their numbers. There are none if they have no names.
type OwnZones struct {
	Taxi  string
	Zones []element.Zone
}

// zoneColumn is a column of the zones table. Other tables may have it too: see [Spec.Zone].
type zoneColumn struct {
	field arrow.Field
	set   func(b array.Builder, z element.Zone)
}

// zoneColumns are the columns of the zones table. To add a column, add an entry here.
var zoneColumns = []zoneColumn{
	{arrow.Field{Name: "location_id", Type: arrow.PrimitiveTypes.Int32}, func(b array.Builder, z element.Zone) { b.(*array.Int32Builder).Append(z.ID) }},
	{textOfZone("zone"), setText(func(z element.Zone) string { return z.Name })},
	{textOfZone("borough"), setText(func(z element.Zone) string { return z.Borough })},
	{textOfZone("service_zone"), setText(func(z element.Zone) string { return z.ServiceZone })},
	{placeOfZone("longitude"), setPlace(func(z element.Zone) float64 { return z.Longitude })},
	{placeOfZone("latitude"), setPlace(func(z element.Zone) float64 { return z.Latitude })},
}

func textOfZone(name string) arrow.Field {
	return arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
}

func placeOfZone(name string) arrow.Field {
	return arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64, Nullable: true}
}

func setText(of func(element.Zone) string) func(array.Builder, element.Zone) {
	return func(b array.Builder, z element.Zone) {
		text := of(z)
		appendOr(text != "", func() { b.(*array.StringBuilder).Append(text) }, b.AppendNull)
	}
}

func setPlace(of func(element.Zone) float64) func(array.Builder, element.Zone) {
	return func(b array.Builder, z element.Zone) {
		appendOr(z.Placed, func() { b.(*array.Float64Builder).Append(of(z)) }, b.AppendNull)
	}
}

// zoneColumnsNamed returns columns of the zones table by their names.
func zoneColumnsNamed(names []string) []zoneColumn {
	var columns []zoneColumn
	for _, c := range zoneColumns {
		if slices.Contains(names, c.field.Name) {
			columns = append(columns, c)
		}
	}
	return columns
}

// several tells whether there are zones of several places.
func (z Zones) several() bool {
	return slices.ContainsFunc(z.Own, func(own OwnZones) bool { return len(own.Zones) > 0 })
}

// Schema is the schema of the zones table. Zones of several places may have one number. So the table then has the taxi as its first column,
// and TLC's zones for each of TLC's taxis.
func (z Zones) Schema() *arrow.Schema {
	var fields []arrow.Field
	if z.several() {
		fields = append(fields, keyFields[0])
	}
	for _, c := range zoneColumns {
		fields = append(fields, c.field)
	}
	return arrow.NewSchema(fields, nil)
}

// tlcZones are TLC's zones, sorted by their numbers.
var tlcZones = sync.OnceValue(func() []element.Zone {
	var zones []element.Zone
	for id, z := range newyork.Zones() {
		if id == 0 {
			continue
		}
		p, placed := newyork.Points()[id]
		zones = append(zones, element.Zone{ID: int32(id), Name: z.Name, Borough: z.Borough, ServiceZone: z.ServiceZone, Longitude: p.Longitude, Latitude: p.Latitude, Placed: placed})
	}
	return zones
})

// of returns the zones of a taxi, sorted by their numbers.
func (z Zones) of(taxi string) []element.Zone {
	for _, own := range z.Own {
		if own.Taxi == taxi {
			return own.Zones
		}
	}
	return tlcZones()
}

// zoneNumbered returns the zone of a number.
func zoneNumbered(zones []element.Zone, id int64) (element.Zone, bool) {
	i, found := slices.BinarySearchFunc(zones, id, func(z element.Zone, id int64) int { return cmp.Compare(int64(z.ID), id) })
	if !found {
		return element.Zone{}, false
	}
	return zones[i], true
}

// Rows are the rows of the zones table, sorted by its keys.
func (z Zones) Rows() arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, z.Schema())
	defer b.Release()
	add := func(taxi string, zones []element.Zone) {
		for _, zone := range zones {
			columns := b.Fields()
			if z.several() {
				columns[0].(*array.StringBuilder).Append(taxi)
				columns = columns[1:]
			}
			for i, c := range zoneColumns {
				c.set(columns[i], zone)
			}
		}
	}
	if !z.several() {
		add("", tlcZones())
		return b.NewRecordBatch()
	}
	taxis := slices.Clone(z.TLC)
	for _, own := range z.Own {
		taxis = append(taxis, own.Taxi)
	}
	slices.Sort(taxis)
	for _, taxi := range taxis {
		add(taxi, z.of(taxi))
	}
	return b.NewRecordBatch()
}

// Digest identifies what decides the zones table, and the columns that other tables have of it.
func (z Zones) Digest(tables []*Spec) string {
	var all struct {
		Columns, Used []string
		TLC           []element.Zone
		Zones         Zones
	}
	for _, c := range zoneColumns {
		all.Columns = append(all.Columns, c.field.Name)
	}
	for _, t := range tables {
		all.Used = append(all.Used, t.Zone...)
	}
	all.TLC, all.Zones = tlcZones(), z
	b, err := json.Marshal(all)
	if err != nil {
		panic(fmt.Sprintf("aggregate: the zones table has no digest: %v", err)) // no content causes this
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// ZonesTable makes the zones table, of which no trip decides anything.
//
// ZonesTable makes a PCollection<element.Table> of one element.
func ZonesTable(s beam.Scope, zones Zones) beam.PCollection {
	s = s.Scope("aggregate.ZonesTable")
	return beam.ParDo(s, &zonesFn{Zones: zones}, beam.Impulse(s))
}

type zonesFn struct{ Zones Zones }

func (fn *zonesFn) ProcessElement(_ []byte, emit func(element.Table)) {
	emit(element.Table{Name: ZonesName, Record: fn.Zones.Rows()})
}
