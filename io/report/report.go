// Package report draws the tables of an output as one page of HTML, which needs nothing else: no network, no other file. It opens by a
// double click, prints, and can be sent by mail.
//
// A picture is SVG that this package writes. The lines and bars of a chart are stretched to the width of the screen; its texts are HTML
// beside it, so that they keep their size. Every picture has its figures as a table. A small script of our own, page.js, moves the month and
// the choices; without it the page shows the latest month. The page forbids the browser to load anything, or to run another script.
//
// What was compared, for drawing: github.com/go-echarts/go-echarts/v2 (v2.6.7, November 2025) writes pages that load a script of 1 MB from
// elsewhere. github.com/go-analyze/charts (v0.6.4, October 2026) and github.com/wcharczuk/go-chart/v2 (v2.1.2, August 2024) draw a chart of a
// fixed size, whose texts shrink with it on a phone, in fixed colours, without a dark form or a map. gonum.org/v1/plot (v0.17.0, September
// 2025) draws for paper: its SVG has texts at fixed places too. github.com/ajstarks/svgo has had no release with a number. The charts of
// this page are lines, bars, coloured cells and shapes of zones: a path each.
package report

import (
	"context"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/publish"
)

// Config says what is drawn.
type Config struct {
	Access   objstore.Access
	Output   string // the folder or address
	Manifest *publish.Manifest

	// The zones of the taxis in ZonesOf, by number. Those of other taxis have no map. The names of the zones table, if the output has it, take
	// precedence; it has the names of the zones of other taxis too.
	Zones               map[int64]Zone
	ZonesOf             []string
	MapWidth, MapHeight int

	own map[string]map[int64]Zone // the zones of other taxis, by taxi

	Rules  []Rule
	Tables map[string]Table // what is known of declared tables, by name
}

// Zone is an area in which trips begin and end.
type Zone struct {
	Name, Borough string
	Outline       [][][2]int // closed rings of points on the map
}

// Rule is one by which rows are judged.
type Rule struct {
	Name    string
	Refuses bool   // the row; otherwise it leaves one value out
	Limit   string // with its unit; "" if there is none
	Reason  string
}

// Table is what is known of a declared table.
type Table struct {
	Meaning string
	Keys    []string // columns; nil if they are not known
}

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"count": func(n any) string { return group(fmt.Sprint(n)) },
}).Parse(pageText))

// page is what the template shows.
type page struct {
	Title, Lead string
	Sample      bool
	Policy      string // what the browser may load and run
	Style       template.CSS
	Script      template.JS
	Data        template.JS // what the script needs

	Taxis    []taxi
	Months   []string // the slider's, as people read them
	Latest   int      // of Months
	Notes    []string // about all pictures
	Charts   []chart
	Now      []nowRow // the figures of the latest month
	Shapes   []shape
	Zones    *cube
	NoZones  string // why there is no map
	Ledger   *ledger
	Gaps     *gaps
	Own      []declared
	Manifest *publish.Manifest
	Version  int64
	Known    []Rule
}

// shape is a zone's path, which maps refer to.
type shape struct {
	ID   int64
	Path string
}

// Write reads the tables of an output and writes the page.
func Write(ctx context.Context, w io.Writer, cfg Config) error {
	tables := map[string]*rows{}
	for _, o := range cfg.Manifest.Outputs {
		record, err := publish.ReadRows(ctx, cfg.Access, cfg.Output, o)
		if err != nil {
			return err
		}
		defer record.Release()
		tables[o.Table] = &rows{record}
	}
	p := pageOf(cfg, tables)
	var b strings.Builder
	if err := pageTemplate.Execute(&b, p); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// pageOf makes the page of the tables.
func pageOf(cfg Config, tables map[string]*rows) *page {
	p := &page{Manifest: cfg.Manifest, Sample: cfg.Manifest.Sample, Known: cfg.Rules, Style: template.CSS(pageStyle), Script: template.JS(pageScript)}
	if cfg.Manifest.Commit != nil {
		p.Version = cfg.Manifest.Commit.Version
	}
	sum := sha256.Sum256([]byte(pageScript))
	p.Policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"

	cfg = cfg.named(tables["zones"])
	s := stats(cfg, tables)
	p.Taxis, p.Notes = s.taxis, s.notes
	p.Charts, p.Now = s.charts(), s.now()
	var at []float64 // where the months stand on the horizontal axis
	for _, m := range s.months {
		p.Months = append(p.Months, m.long())
		at = append(at, float64(m-s.first)/float64(max(1, s.last-s.first)))
	}
	p.Latest = len(p.Months) - 1
	p.Title, p.Lead = s.title(cfg), s.lead(cfg)
	p.Gaps = s.gaps()
	p.Zones, p.NoZones = zones(cfg, s, tables["location_stats"])
	p.Ledger = ledgerOf(cfg, s, tables["quality"])

	var cubes []*cube
	if p.Zones != nil {
		cubes = append(cubes, p.Zones)
	}
	for _, o := range cfg.Manifest.Outputs {
		if t := tables[o.Table]; o.Table != "trip_stats" && o.Table != "location_stats" && o.Table != "quality" && o.Table != "zones" {
			d := declaredOf(cfg, o, t, len(p.Own))
			if d.Cube != nil {
				cubes = append(cubes, d.Cube)
			}
			p.Own = append(p.Own, d)
		}
	}
	if slices.ContainsFunc(cubes, func(c *cube) bool { return c.Kind == "map" }) {
		p.Shapes = shapes(cfg)
	}
	data, err := json.Marshal(map[string]any{"cubes": cubes, "months": p.Months, "at": at})
	if err != nil {
		panic(err) // no field can fail
	}
	p.Data = template.JS(data)
	return p
}

// shapes returns the paths of the zones. Each point is written as the difference from the one before, which is short.
func shapes(cfg Config) []shape {
	var all []shape
	for id, z := range cfg.Zones {
		if len(z.Outline) == 0 {
			continue
		}
		var b strings.Builder
		for _, ring := range z.Outline {
			fmt.Fprintf(&b, "M%d %d", ring[0][0], ring[0][1])
			for i, p := range ring[1:] {
				if i == 0 {
					b.WriteByte('l')
				} else if dx := p[0] - ring[i][0]; dx >= 0 {
					b.WriteByte(' ')
				}
				dy := p[1] - ring[i][1]
				fmt.Fprint(&b, p[0]-ring[i][0])
				if dy >= 0 {
					b.WriteByte(' ')
				}
				fmt.Fprint(&b, dy)
			}
			b.WriteByte('z')
		}
		all = append(all, shape{id, b.String()})
	}
	sortBy(all, func(s shape) int64 { return s.ID })
	return all
}
