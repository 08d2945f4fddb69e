package report

import (
	"strings"
	"testing"
)

// TestZonesHaveTheNamesOfTheOutput has names that the program does not have, as an output of another version may.
func TestZonesHaveTheNamesOfTheOutput(t *testing.T) {
	tables := map[string]*rows{
		"location_stats": tableOfRows(t, zoneColumns, []any{"yellow", 202401, 7, 1, 2}, []any{"yellow", 202401, 8, 3, 4}),
		"zones":          tableOfRows(t, "location_id:int zone:text borough:text", []any{7, "Astoria of old", "Queens County"}),
	}
	cfg := configOf(tables, "yellow 2024-01")
	page := written(t, cfg, tables)
	expectTable(t, tablesIn(t, page, "zones")["Zones in order"], "Zone | Pickups | Dropoffs | Balance", "Name of 8 Queens | 3 | 4 | −1", "Astoria of old Queens County | 1 | 2 | −1")
	if n := strings.Count(page, "<use"); n != 263 {
		t.Errorf("found %d zones on the map, expected 263", n)
	}
	if cfg.Zones[7].Name != "Name of 7" {
		t.Errorf("found %+v, expected that the names of the caller stay", cfg.Zones[7])
	}
}

// TestZonesOfAnotherCityHaveTheirNames has two cities with zones of one number.
func TestZonesOfAnotherCityHaveTheirNames(t *testing.T) {
	tables := map[string]*rows{
		"location_stats": tableOfRows(t, zoneColumns, []any{"chicago", 202401, 7, 10, 30}, []any{"chicago", 202401, 8, 5, 5}, []any{"chicago", 202401, 9, 4, 4}, []any{"yellow", 202401, 7, 1, 2}),
		"zones": tableOfRows(t, "taxi:text location_id:int zone:text borough:text",
			[]any{"chicago", 7, "Lincoln Park", "North"}, []any{"chicago", 8, "The Loop", nil}, []any{"yellow", 7, "Astoria", "Queens"}),
	}
	page := written(t, configOf(tables, "chicago 2024-01", "yellow 2024-01"), tables)
	keep(t, "two-cities-with-names", page)
	for _, want := range []string{"Lincoln Park", "North, chicago", "The Loop", "Astoria", "Zone 9"} {
		if !strings.Contains(page, want) {
			t.Errorf("found no %s on the page", want)
		}
	}
}
