package newyork

import (
	_ "embed" // the data
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

// The shapes of the zones, and a point inside each, made by testdata/tools/zones.sh of TLC's map of taxi zones, as published at
// https://d37ci6vzurychx.cloudfront.net/misc/taxi_zones.zip. The borders are simplified, and neighbours share them. 264 and 265
// have no place.
//
//go:embed taxi_zones.topo.json
var shapeText []byte

//go:embed taxi_zone_points.csv
var pointTable string

// Point is a place on earth, in degrees.
type Point struct{ Longitude, Latitude float64 }

// Points returns a point inside each zone, by the zone's number.
var Points = sync.OnceValue(func() map[int]Point {
	rows, err := csv.NewReader(strings.NewReader(pointTable)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("newyork: the points of zones in this program: %v", err))
	}
	points := map[int]Point{}
	for _, row := range rows[1:] {
		id, err1 := strconv.Atoi(row[0])
		x, err2 := strconv.ParseFloat(row[1], 64)
		y, err3 := strconv.ParseFloat(row[2], 64)
		if err1 != nil || err2 != nil || err3 != nil {
			panic(fmt.Sprintf("newyork: the points of zones in this program: found the row %q", row))
		}
		points[id] = Point{x, y}
	}
	return points
})

// Outline is the shape of a zone on a map: rings of points, which are closed, in whole numbers from 0 to the size of the map. East is
// to the right and north at the top. A ring inside another is a hole.
type Outline struct {
	ID    int
	Rings [][][2]int
}

// MapWidth is the width of the map that Outlines are on.
const MapWidth = 4000

// Outlines returns the shapes of the zones that have one, by number, and the height of the map.
var Outlines = sync.OnceValues(func() ([]Outline, int) {
	var topology struct {
		Arcs      [][][2]int
		Transform struct{ Scale, Translate [2]float64 }
		Objects   map[string]struct {
			Geometries []struct {
				ID   int
				Type string
				Arcs json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(shapeText, &topology); err != nil || len(topology.Objects) != 1 {
		panic(fmt.Sprintf("newyork: the shapes of zones in this program: %d objects, %v", len(topology.Objects), err))
	}
	// The bounds of all points, and how many units of the map a unit of the file is. A degree of longitude is shorter than one of latitude.
	var most [2]int
	for _, arc := range topology.Arcs {
		var at [2]int
		for _, step := range arc {
			at[0], at[1] = at[0]+step[0], at[1]+step[1]
			most[0], most[1] = max(most[0], at[0]), max(most[1], at[1])
		}
	}
	scale := topology.Transform.Scale
	middle := topology.Transform.Translate[1] + scale[1]*float64(most[1])/2
	perX := MapWidth / float64(most[0])
	perY := perX * scale[1] / (scale[0] * math.Cos(middle*math.Pi/180))
	height := int(math.Ceil(perY * float64(most[1])))

	ring := func(arcs []int) (points [][2]int) {
		for _, number := range arcs {
			arc := topology.Arcs[max(number, ^number)]
			line := make([][2]int, len(arc))
			var at [2]int
			for i, step := range arc {
				at[0], at[1] = at[0]+step[0], at[1]+step[1]
				place := [2]int{int(math.Round(perX * float64(at[0]))), height - int(math.Round(perY*float64(at[1])))}
				if number < 0 { // this zone has the border in the other direction
					line[len(arc)-1-i] = place
				} else {
					line[i] = place
				}
			}
			if len(points) > 0 {
				line = line[1:] // where the arc before ends
			}
			points = append(points, line...)
		}
		return points[:len(points)-1] // the last point is the first
	}
	var outlines []Outline
	for _, object := range topology.Objects {
		for _, g := range object.Geometries {
			var parts [][][]int
			err := json.Unmarshal(g.Arcs, &parts)
			if g.Type == "Polygon" {
				parts = make([][][]int, 1)
				err = json.Unmarshal(g.Arcs, &parts[0])
			}
			if err != nil {
				panic(fmt.Sprintf("newyork: the shape of zone %d in this program: %v", g.ID, err))
			}
			o := Outline{ID: g.ID}
			for _, part := range parts {
				for _, arcs := range part {
					o.Rings = append(o.Rings, ring(arcs))
				}
			}
			outlines = append(outlines, o)
		}
	}
	return outlines, height
})
