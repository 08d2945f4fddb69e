package dataset

import (
	"maps"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// The keys of a column that is declared by a mapping.
var columnKeys = []string{"column", "columns", "unit", "values"}

// units are the units that columns of files may have, by the unit of the column of trips. A mile has exactly 1,609,344 millimetres.
var units = map[string]map[string]element.Scale{
	"miles": {
		"miles": {}, "kilometres": {Times: 1_000_000, Over: 1_609_344}, "kilometers": {Times: 1_000_000, Over: 1_609_344}, "km": {Times: 1_000_000, Over: 1_609_344},
		"metres": {Times: 1_000, Over: 1_609_344}, "meters": {Times: 1_000, Over: 1_609_344}, "m": {Times: 1_000, Over: 1_609_344}, "feet": {Times: 1, Over: 5280},
	},
	"dollars":    {"dollars": {}, "cents": {Times: 1, Over: 100}},
	"passengers": {"passengers": {}},
}

// spans are the units of a dropoff that is declared as the time since the pickup.
var spans = map[string]element.Scale{
	"milliseconds": {Times: 1, Over: 1000}, "seconds": {}, "minutes": {Times: 60, Over: 1}, "hours": {Times: 3600, Over: 1},
}

// mostSummed is how many columns of a file may be added up for one column of trips.
const mostSummed = 32

// columns reads which columns of files are which columns of trips. needed are the names of the columns of the two times, without which a
// file cannot be read; all are the names of all declared columns of a file.
func (r *reader) columns(n *yaml.Node) (known []element.Known, needed, all []string) {
	var names []string
	for _, info := range trip.Fields {
		if len(info.From) == 0 {
			names = append(names, info.Name)
		}
	}
	keys := r.mapping(n, names)
	for at, info := range trip.Fields {
		value, f := keys[info.Name].value, trip.Field(at)
		if value == nil {
			continue
		}
		of := r.column(value, f)
		for _, k := range of {
			if !has(all, k.Name) {
				all = append(all, k.Name)
			}
		}
		if f == trip.Pickup || f == trip.Dropoff {
			for _, k := range of {
				needed = append(needed, k.Name)
			}
		}
		known = append(known, of...)
	}
	if n.Kind == yaml.MappingNode && keys[trip.Fields[trip.Pickup].Name].value == nil {
		r.add(n, "found no %s, expected the column with the time of the pickup", trip.Fields[trip.Pickup].Name)
	}
	return known, needed, all
}

// column reads which columns of a file are the column f of trips: a name, a list of names that are added up, or a mapping that also has a
// unit or the numbers that texts stand for.
func (r *reader) column(n *yaml.Node, f trip.Field) []element.Known {
	info := trip.Fields[f]
	form := element.Known{Meaning: f.Meaning()}
	names := n
	if n.Kind == yaml.MappingNode {
		keys := r.mapping(n, columnKeys)
		names = keys["column"].value
		switch list := keys["columns"]; {
		case list.value != nil && names != nil:
			r.add(list.key, "found column and columns, expected one of them")
		case list.value != nil:
			names = list.value
		case names == nil:
			r.add(n, "found no column, expected column: NAME, or columns: [NAME, NAME]")
			return nil
		}
		if unit := keys["unit"]; unit.value != nil {
			r.unit(unit.value, f, &form)
		}
		if values := keys["values"]; values.value != nil {
			if info.Type != trip.Code && info.Type != trip.Flag {
				r.add(values.key, "found values of %s, expected none: only columns of codes have texts that stand for numbers", info.Name)
			}
			form.Codes = r.codes(values.value)
		}
	}
	items := []*yaml.Node{names}
	if names.Kind == yaml.SequenceNode {
		items = r.list(names)
		if len(items) != 1 && info.Type != trip.Measure {
			r.add(names, "found %d columns, expected one, because %s cannot be added up", len(items), info.Name)
			return nil
		}
		if len(items) > mostSummed {
			r.add(names, "found %d columns, expected at most %d", len(items), mostSummed)
			return nil
		}
	}
	var known []element.Known
	var seen []string
	for _, item := range items {
		name, ok := r.text(item)
		switch {
		case !ok:
			continue
		case strings.TrimSpace(name) == "":
			r.add(item, "found nothing, expected the name of a column")
		case has(seen, name):
			r.add(item, "found the column %q twice, expected each once", shortened(name))
		}
		seen = append(seen, name)
		form.Name = name
		known = append(known, form)
	}
	return known
}

// unit reads the unit of the file's columns for the column f of trips.
func (r *reader) unit(n *yaml.Node, f trip.Field, form *element.Known) {
	info := trip.Fields[f]
	known := units[info.Unit]
	if f == trip.Dropoff {
		known, form.SincePickup = spans, true
	}
	unit, ok := r.text(n)
	switch scale, is := known[unit]; {
	case !ok:
	case len(known) == 0:
		r.add(n, "found the unit %q of %s, expected none: it has no unit", shortened(unit), info.Name)
	case !is:
		r.add(n, "found the unit %q of %s, expected one of %s", shortened(unit), info.Name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	default:
		form.Scale = scale
	}
}

// codes reads the numbers that texts stand for.
func (r *reader) codes(n *yaml.Node) map[string]int64 {
	codes := map[string]int64{}
	for name, p := range r.mapping(n, nil) {
		if number, ok := r.number(p.value, math.MinInt32, math.MaxInt32); ok {
			codes[name] = number
		}
	}
	return codes
}
