package newyork

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestEachZoneHasAShapeAndAPoint protects the map: all zones but Unknown and Outside of NYC are on it, in order.
func TestEachZoneHasAShapeAndAPoint(t *testing.T) {
	outlines, height := Outlines()
	if len(outlines) != NumZones-2 || len(Points()) != NumZones-2 {
		t.Fatalf("found %d shapes and %d points, expected %d", len(outlines), len(Points()), NumZones-2)
	}
	for i, o := range outlines {
		if o.ID != i+1 || len(o.Rings) == 0 {
			t.Errorf("shape %d: found zone %d with %d rings", i, o.ID, len(o.Rings))
		}
		for _, ring := range o.Rings {
			if len(ring) < 3 {
				t.Errorf("zone %d has a ring of %d points", o.ID, len(ring))
			}
			for _, p := range ring {
				if p[0] < 0 || p[0] > MapWidth || p[1] < 0 || p[1] > height {
					t.Fatalf("zone %d: found the point %v, expected one within %d by %d", o.ID, p, MapWidth, height)
				}
			}
		}
		p := Points()[o.ID]
		if p.Longitude < -74.3 || p.Longitude > -73.6 || p.Latitude < 40.4 || p.Latitude > 41 {
			t.Errorf("zone %d: found the point %v, expected one in New York", o.ID, p)
		}
	}
}

// TestNeighboursShareTheirBorder protects the map from gaps: most steps of borders are in two shapes, in opposite directions. The others
// are shores and the city's limits.
func TestNeighboursShareTheirBorder(t *testing.T) {
	outlines, _ := Outlines()
	type step [2][2]int
	steps, shared := map[step]int{}, 0
	for _, o := range outlines {
		for _, ring := range o.Rings {
			for i, p := range ring {
				if q := ring[(i+1)%len(ring)]; p != q {
					steps[step{p, q}]++
				}
			}
		}
	}
	for s := range steps {
		if steps[step{s[1], s[0]}] > 0 {
			shared++
		}
	}
	if shared < len(steps)*6/10 {
		t.Errorf("found %d of %d steps shared, expected most", shared, len(steps))
	}
}

// TestPointsAreInsideTheZonesAsTheyArePublished compares with the borders before they were simplified.
func TestPointsAreInsideTheZonesAsTheyArePublished(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(os.Getenv("TRIPSTATS_DATA"), "zones/taxi_zones.geojson"))
	if err != nil {
		t.Skip("skipped: the real data are not there: ", err)
	}
	var published struct {
		Features []struct {
			Properties struct{ LocationID int }
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(content, &published); err != nil {
		t.Fatal(err)
	}
	for _, f := range published.Features {
		var parts [][][][2]float64
		err := json.Unmarshal(f.Geometry.Coordinates, &parts)
		if f.Geometry.Type == "Polygon" {
			parts = make([][][][2]float64, 1)
			err = json.Unmarshal(f.Geometry.Coordinates, &parts[0])
		}
		if err != nil {
			t.Fatal(err)
		}
		inside, p := false, Points()[f.Properties.LocationID]
		for _, part := range parts {
			for _, ring := range part {
				for i, a := range ring {
					b := ring[(i+1)%len(ring)]
					if (a[1] > p.Latitude) != (b[1] > p.Latitude) && p.Longitude < (b[0]-a[0])*(p.Latitude-a[1])/(b[1]-a[1])+a[0] {
						inside = !inside
					}
				}
			}
		}
		if !inside {
			t.Errorf("zone %d: %v is outside", f.Properties.LocationID, p)
		}
	}
	if len(published.Features) != NumZones-2 {
		t.Errorf("found %d zones, expected %d", len(published.Features), NumZones-2)
	}
}
