package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// named returns cfg with the names of zones that the zones table of the output has. t is nil if the output has no such table.
func (cfg Config) named(t *rows) Config {
	if t == nil {
		return cfg
	}
	cfg.Zones, cfg.own = maps.Clone(cfg.Zones), map[string]map[int64]Zone{}
	for row := range int(t.NumRows()) {
		id, ok := whole(t.column("location_id"), row)
		if !ok {
			continue
		}
		name, borough := text(t.column("zone"), row), text(t.column("borough"), row)
		if taxi := text(t.column("taxi"), row); taxi != "" && !slices.Contains(cfg.ZonesOf, taxi) {
			if cfg.own[taxi] == nil {
				cfg.own[taxi] = map[int64]Zone{}
			}
			cfg.own[taxi][id] = Zone{Name: name, Borough: borough}
			continue
		}
		cfg.Zones[id] = Zone{Name: name, Borough: borough, Outline: cfg.Zones[id].Outline}
	}
	return cfg
}

// zones makes the map of location_stats. If there is none, why says so.
func zones(cfg Config, s *monthly, t *rows) (c *cube, why string) {
	if t == nil {
		return nil, "This output has no table location_stats, so there are no zones to show."
	}
	c = &cube{ID: "zones", Kind: "map", ViewBox: viewBox(cfg), Measures: []measure{
		{Label: "Pickups", Unit: "trips that began in the zone"},
		{Label: "Dropoffs", Unit: "trips that ended in the zone"},
		{Label: "Balance", Unit: "pickups less dropoffs", Minus: []int{0, 1}},
	}}
	places := map[month]int{}
	for i, m := range s.months {
		c.Months = append(c.Months, m.long())
		places[m] = i
	}
	type key struct {
		taxi string // "" of TLC's zones
		id   int64
		null bool
	}
	cells := map[key]int{}
	// All zones of the map are drawn, also those without trips.
	if slices.ContainsFunc(s.taxis, func(t taxi) bool { return slices.Contains(cfg.ZonesOf, t.Name) }) {
		for _, id := range mapped(cfg) {
			cells[key{id: id}] = len(c.Cells)
			c.Cells = append(c.Cells, zoneCell(cfg, "", id, true))
		}
	}
	type entry struct {
		taxi              string
		cell, month       int
		pickups, dropoffs int64
	}
	var all []entry
	for row := range int(t.NumRows()) {
		days, ok := whole(t.column("month_start"), row)
		at, inside := places[monthOf(days)]
		if !ok || !inside {
			continue
		}
		taxi := text(t.column("taxi"), row)
		id, known := whole(t.column("location_id"), row)
		k := key{id: id, null: !known}
		if !slices.Contains(cfg.ZonesOf, taxi) {
			k.taxi = taxi
		}
		cell, ok := cells[k]
		if !ok {
			cell = len(c.Cells)
			cells[k] = cell
			c.Cells = append(c.Cells, zoneCell(cfg, k.taxi, id, known))
		}
		pickups, _ := whole(t.column("pickups"), row)
		dropoffs, _ := whole(t.column("dropoffs"), row)
		all = append(all, entry{taxi, cell, at, pickups, dropoffs})
	}
	if len(all) == 0 {
		return nil, "The table location_stats has no trips in these months."
	}
	// The groups: all taxis of New York together, if there are several, then each.
	var taxis []string
	together := 0
	for _, t := range s.taxis {
		if slices.ContainsFunc(all, func(e entry) bool { return e.taxi == t.Name }) {
			taxis = append(taxis, t.Name)
			c.Groups = append(c.Groups, t.Label)
			if slices.Contains(cfg.ZonesOf, t.Name) {
				together++
			}
		}
	}
	if together > 1 {
		c.Groups = slices.Insert(c.Groups, 0, "All taxis")
		taxis = slices.Insert(taxis, 0, "")
	}
	for _, taxi := range taxis {
		values := [][]int64{blank(len(c.Cells), len(c.Months)), blank(len(c.Cells), len(c.Months))}
		for _, e := range all {
			if e.taxi != taxi && (taxi != "" || !slices.Contains(cfg.ZonesOf, e.taxi)) {
				continue
			}
			at := e.cell*len(c.Months) + e.month
			for i, n := range []int64{e.pickups, e.dropoffs} {
				values[i][at] = max(values[i][at], 0) + n
			}
		}
		c.values = append(c.values, values)
	}
	c.finish()
	return c, ""
}

// zoneCell is the cell of a zone. Taxi is empty for the zones of cfg.
func zoneCell(cfg Config, taxi string, id int64, known bool) cell {
	if !known {
		return cell{Label: "No zone", Sub: taxi}
	}
	z, named := cfg.Zones[id]
	if taxi != "" {
		z, named = cfg.own[taxi][id]
		z.Borough = strings.TrimPrefix(z.Borough+", "+taxi, ", ")
	}
	if !named {
		return cell{Label: fmt.Sprintf("Zone %d", id), Sub: taxi}
	}
	c := cell{Label: z.Name, Sub: z.Borough, sort: id}
	if c.Label == "" || c.Label == "N/A" {
		c.Label = fmt.Sprintf("Zone %d", id)
	}
	if c.Sub == "N/A" {
		c.Sub = ""
	}
	if len(z.Outline) > 0 {
		c.Shape = fmt.Sprint(id)
	}
	return c
}

// mapped are the zones of the map.
func mapped(cfg Config) (ids []int64) {
	for id, z := range cfg.Zones {
		if len(z.Outline) > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func viewBox(cfg Config) string { return fmt.Sprintf("0 0 %d %d", cfg.MapWidth, cfg.MapHeight) }
