package report

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/publish"
)

// tableOfRows makes a table. A value is nil, or of the type of its column: string, int (of a date, its year and month as 202403, or
// as 20240315), or float64.
func tableOfRows(t *testing.T, columns string, values ...[]any) *rows {
	t.Helper()
	var fields []arrow.Field
	for _, c := range strings.Fields(columns) {
		name, kind, _ := strings.Cut(c, ":")
		fields = append(fields, arrow.Field{Name: name, Nullable: true, Type: map[string]arrow.DataType{
			"text": arrow.BinaryTypes.String, "date": arrow.FixedWidthTypes.Date32, "int": arrow.PrimitiveTypes.Int64,
			"double": arrow.PrimitiveTypes.Float64, "decimal": &arrow.Decimal128Type{Precision: 38, Scale: 6},
		}[kind]})
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, row := range values {
		for i, v := range row {
			switch to := b.Field(i).(type) {
			case *array.StringBuilder:
				if v == nil {
					to.AppendNull()
				} else {
					to.Append(v.(string))
				}
			case *array.Date32Builder:
				if v == nil {
					to.AppendNull()
					continue
				}
				n := v.(int)
				if n < 1e6 {
					n = n*100 + 1
				}
				to.Append(dateOf(n/10000, n/100%100, n%100))
			case *array.Int64Builder:
				if v == nil {
					to.AppendNull()
				} else {
					to.Append(int64(v.(int)))
				}
			case *array.Float64Builder:
				if v == nil {
					to.AppendNull()
				} else {
					to.Append(v.(float64))
				}
			case *array.Decimal128Builder:
				to.Append(decimal128.FromI64(int64(v.(float64) * 1e6)))
			}
		}
	}
	return &rows{b.NewRecordBatch()}
}

const (
	tripColumns   = "taxi:text month_start:date trip_count:int avg_trip_distance_miles:double avg_trip_duration_minutes:double avg_amount:double avg_tip:double"
	zoneColumns   = "taxi:text month_start:date location_id:int pickups:int dropoffs:int"
	ledgerColumns = "taxi:text source:text month_start:date rule:text scope:text rows:int"
)

// configOf describes tables, whose inputs are files of a taxi and a month, written yellow 2024-03.
func configOf(tables map[string]*rows, inputs ...string) Config {
	m := &publish.Manifest{Program: publish.Program{Name: "tripstats", Version: "v1"}, Quality: "standard", Rules: &publish.Rules{Digest: "d1"}}
	for _, in := range inputs {
		taxi, month, _ := strings.Cut(in, " ")
		m.Inputs = append(m.Inputs, publish.Input{Source: in + ".parquet", Taxi: taxi, Month: month, Rows: 100, Counted: 98})
		m.Rows += 100
	}
	var names []string
	for name := range tables {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		m.Outputs = append(m.Outputs, publish.Output{Table: name, Rows: tables[name].NumRows(), Bytes: 1234, SHA256: strings.Repeat("ab", 32)})
	}
	cfg := Config{Manifest: m, ZonesOf: []string{"yellow", "green", "fhvhv", "fhv"}, MapWidth: 100, MapHeight: 80, Zones: map[int64]Zone{}}
	for id := int64(1); id <= 265; id++ {
		z := Zone{Name: fmt.Sprintf("Name of %d", id), Borough: "Queens"}
		if id < 264 {
			x := int(id) % 16
			z.Outline = [][][2]int{{{x, 0}, {x + 1, 0}, {x + 1, 3}}}
		}
		cfg.Zones[id] = z
	}
	return cfg
}

// written is the page of tables.
func written(t *testing.T, cfg Config, tables map[string]*rows) string {
	t.Helper()
	var b strings.Builder
	if err := pageTemplate.Execute(&b, pageOf(cfg, tables)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// tablesIn returns the texts of the cells of each table of a part of a page, by the table's caption.
func tablesIn(t *testing.T, page, id string) map[string][][]string {
	t.Helper()
	_, part, found := strings.Cut(page, `<section id="`+id+`"`)
	if !found {
		t.Fatalf("the page has no part %s", id)
	}
	part, _, _ = strings.Cut(part, "</section>")
	tags := regexp.MustCompile(`<[^>]*>`)
	all := map[string][][]string{}
	for _, text := range strings.Split(part, "<table")[1:] {
		text, _, _ = strings.Cut(text, "</table>")
		_, text, _ = strings.Cut(text, "<caption>")
		caption, text, _ := strings.Cut(text, "</caption>")
		var rows [][]string
		for _, row := range strings.Split(text, "<tr")[1:] {
			var cells []string
			for _, cell := range regexp.MustCompile(`<t[hd][ >]`).Split(row, -1)[1:] {
				if i := strings.IndexByte(cell, '>'); strings.HasPrefix(cell, "scope") || strings.HasPrefix(cell, "class") {
					cell = cell[i+1:]
				}
				cells = append(cells, strings.TrimSpace(html.UnescapeString(tags.ReplaceAllString(cell, ""))))
			}
			rows = append(rows, cells)
		}
		all[html.UnescapeString(caption)] = rows
	}
	return all
}

// expectTable compares a table of the page.
func expectTable(t *testing.T, got [][]string, want ...string) {
	t.Helper()
	var lines []string
	for _, row := range got {
		lines = append(lines, strings.Join(row, " | "))
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("found the table\n%s\nexpected\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func good(t *testing.T) (Config, map[string]*rows) {
	tables := map[string]*rows{
		"trip_stats": tableOfRows(t, tripColumns,
			[]any{"green", 202401, 1234, 2.5, 12.344, 20.0, 1.5},
			[]any{"yellow", 202401, 7654321, 3.125, 15.5, 25.456, nil},
			[]any{"yellow", 202403, 7000000, 3.25, 16.0, 26.0, 3.0}),
		"location_stats": tableOfRows(t, zoneColumns,
			[]any{"green", 202401, 7, 1000, 30},
			[]any{"yellow", 202401, 7, 5, 2000},
			[]any{"yellow", 202401, 265, 1, 4},
			[]any{"yellow", 202403, 9, 11, 12}),
		"quality": tableOfRows(t, ledgerColumns,
			[]any{"yellow", "a", 202401, "rows_counted", "file", 900},
			[]any{"yellow", "a", 202401, "rows_read", "file", 1000},
			[]any{"yellow", "a", 200101, "pickup_stray", "row", 70},
			[]any{"yellow", "a", 202402, "pickup_stray", "row", 30},
			[]any{"yellow", "a", 202401, "duration_over", "cell", 5},
			[]any{"yellow", "b", 202403, "rows_counted", "file", 1000},
			[]any{"yellow", "b", 202403, "rows_read", "file", 1000}),
	}
	return configOf(tables, "green 2024-01", "yellow 2024-01", "yellow 2024-03"), tables
}

func TestFiguresByMonthAreThoseOfTheTable(t *testing.T) {
	cfg, tables := good(t)
	page := written(t, cfg, tables)
	got := tablesIn(t, page, "months")
	expectTable(t, got["Trips by month: a month"], "Month | Yellow | Green", "2024-01 | 7,654,321 | 1,234", "2024-03 | 7,000,000 | –")
	expectTable(t, got["Minutes by month: mean of a trip"], "Month | Yellow | Green", "2024-01 | 15.50 | 12.34", "2024-03 | 16.00 | –")
	expectTable(t, got["Cost by month: in dollars, mean of a trip"], "Month | Yellow | Green", "2024-01 | $25.46 | $20.00", "2024-03 | $26.00 | –")
	expectTable(t, got["Tip by month: in dollars, mean of a trip"], "Month | Yellow | Green", "2024-01 | – | $1.50", "2024-03 | $3.00 | –")
	expectTable(t, got["Figures of the month"], "Taxi | Trips | Minutes | Miles | Cost | Tip", "Yellow | 7,000,000 | 16.00 | 3.25 | $26.00 | $3.00", "Green | – | – | – | – | –")
	if want := "Taxi trips in New York, January 2024 to March 2024"; !strings.Contains(page, "<h1>"+want+"</h1>") {
		t.Errorf("the page has not the title %s", want)
	}
}

func TestTheMapHasTheFiguresOfTheTable(t *testing.T) {
	cfg, tables := good(t)
	p := pageOf(cfg, tables)
	c := p.Zones
	if want := []string{"All taxis", "Yellow", "Green"}; !slices.Equal(c.Groups, want) {
		t.Fatalf("found the groups %q, expected %q", c.Groups, want)
	}
	at := func(group, measure int, label string, month int) int64 {
		i := slices.IndexFunc(c.Cells, func(c cell) bool { return c.Label == label })
		if measure < 2 {
			if decoded := decode(t, c.Data[group][measure], len(c.Cells), len(c.Months)); decoded[i*len(c.Months)+month] != c.value(group, measure, i, month) {
				t.Errorf("%s: the form for the script has %d", label, decoded[i*len(c.Months)+month])
			}
		}
		return c.value(group, measure, i, month)
	}
	for _, want := range []struct {
		group, measure int
		label          string
		month          int
		value          int64
	}{
		{0, 0, "Name of 7", 0, 1005},
		{0, 1, "Name of 7", 0, 2030},
		{0, 2, "Name of 7", 0, -1025},
		{1, 0, "Name of 7", 0, 5},
		{2, 1, "Name of 7", 0, 30},
		{0, 0, "Name of 9", 0, none},
		{0, 0, "Name of 9", 1, 11},
		{2, 2, "Name of 9", 1, none},
		{1, 1, "Name of 265", 0, 4},
	} {
		if got := at(want.group, want.measure, want.label, want.month); got != want.value {
			t.Errorf("group %d, measure %d, %s, month %d: found %d, expected %d", want.group, want.measure, want.label, want.month, got, want.value)
		}
	}
	got := tablesIn(t, written(t, cfg, tables), "zones")
	expectTable(t, got["Zones in order"], "Zone | Pickups | Dropoffs | Balance", "Name of 9 Queens | 11 | 12 | −1")
}

// TestRowsOfTheLedgerStandInTheMonthOfTheirFile protects the picture from the months of stray pickups.
func TestRowsOfTheLedgerStandInTheMonthOfTheirFile(t *testing.T) {
	cfg, tables := good(t)
	got := tablesIn(t, written(t, cfg, tables), "quality")
	expectTable(t, got["Rows by month and rule"], "Month | pickup_stray | duration_over", "2024-01 | 100 | 5")
	expectTable(t, got["What each rule did"], "Rule | Rows by month | Rows | Of all rows",
		"pickup_strayrefuses the row | at most 100 in 2024-01 | 100 | 5.000 %", "duration_overleaves a value out | at most 5 in 2024-01 | 5 | 0.250 %")
	expectTable(t, got["Share of rows refused, in hundredths"], "Month | Yellow | Green", "2024-01 | 10.0000 % | –", "2024-02 | – | –", "2024-03 | 0.0000 % | –")
}

// TestZonesOfAnotherCityHaveNoMap protects readers from names that are those of New York.
func TestZonesOfAnotherCityHaveNoMap(t *testing.T) {
	city := tableOfRows(t, zoneColumns, []any{"chicago", 202401, 7, 10, 30})
	tables := map[string]*rows{"location_stats": city}
	page := written(t, configOf(tables, "chicago 2024-01"), tables)
	keep(t, "another-city", page)
	if strings.Contains(page, "<use") || strings.Contains(page, "Name of 7") {
		t.Error("found a map, or a name of New York's")
	}
	expectTable(t, tablesIn(t, page, "zones")["Zones in order"], "Zone | Pickups | Dropoffs | Balance", "Zone 7 chicago | 10 | 30 | −20")
	tables["location_stats"] = tableOfRows(t, zoneColumns, []any{"chicago", 202401, 7, 10, 30}, []any{"yellow", 202401, 7, 1, 2})
	page = written(t, configOf(tables, "chicago 2024-01", "yellow 2024-01"), tables)
	keep(t, "two-cities", page)
	if n := strings.Count(page, "<use"); n != 263 {
		t.Errorf("found %d zones on the map, expected 263", n)
	}
}

func TestMissingMonthsAreNamed(t *testing.T) {
	cfg, tables := good(t)
	got := tablesIn(t, written(t, cfg, tables), "missing")
	expectTable(t, got["Months by taxi"], "Taxi | Months | In words", "Yellow |  | 2024-01 to 2024-03: 1 month missing: 2024-02", "Green |  | 2024-01 to 2024-01: none is missing")
}

func TestThePageSaysWhereItsFiguresComeFrom(t *testing.T) {
	cfg, tables := good(t)
	page := written(t, cfg, tables)
	for _, want := range []string{"digest <code>d1</code>", "yellow 2024-01.parquet", strings.Repeat("ab", 32), "tripstats v1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
}

// TestAPageIsMadeOfWhateverAnOutputHas asks for a page of outputs without some tables, months or rows.
func TestAPageIsMadeOfWhateverAnOutputHas(t *testing.T) {
	_, all := good(t)
	only := func(names ...string) map[string]*rows {
		tables := map[string]*rows{}
		for _, name := range names {
			tables[name] = all[name]
		}
		return tables
	}
	undated := tableOfRows(t, tripColumns, []any{"yellow", nil, 5, 1.0, 2.0, 3.0, 4.0}, []any{"yellow", 208801, 1, 1.0, 2.0, 3.0, 4.0}, []any{"yellow", 202401, 5000, 1.0, 2.0, 3.0, 4.0})
	for name, test := range map[string]struct {
		tables map[string]*rows
		inputs []string
		want   string
	}{
		"nothing":            {only(), nil, "no table trip_stats"},
		"no location_stats":  {only("trip_stats", "quality"), []string{"yellow 2024-01"}, "no table location_stats"},
		"no trip_stats":      {only("location_stats"), []string{"yellow 2024-01"}, "no table trip_stats"},
		"raw":                {only("trip_stats", "location_stats"), []string{"yellow 2024-01"}, "no ledger"},
		"an empty month":     {map[string]*rows{"trip_stats": tableOfRows(t, tripColumns, []any{"yellow", 202401, 0, nil, nil, nil, nil})}, []string{"yellow 2024-01"}, "without trips: 2024-01"},
		"a file of no month": {map[string]*rows{"trip_stats": undated}, []string{"yellow"}, "In the tables, but not in the pictures: 1 trip of 1 other month."},
		"no rows":            {map[string]*rows{"trip_stats": tableOfRows(t, tripColumns), "location_stats": tableOfRows(t, zoneColumns), "quality": tableOfRows(t, ledgerColumns)}, nil, "No rule applied"},
	} {
		page := written(t, configOf(test.tables, test.inputs...), test.tables)
		keep(t, strings.ReplaceAll(name, " ", "-"), page)
		if !strings.Contains(page, test.want) {
			t.Errorf("%s: the page does not say %q", name, test.want)
		}
	}
}

// TestHostileNamesAreText gives each place of a name a text that would end its element.
func TestHostileNamesAreText(t *testing.T) {
	hostile := []string{`"><script>alert(1)</script>`, `</script><img src=x onerror=alert(1)>`, "\u202eab\u2066", strings.Repeat("x", 300), "`${1}`'\\u003c"}
	for i, name := range hostile {
		tables := map[string]*rows{
			"trip_stats":     tableOfRows(t, tripColumns, []any{name, 202401, 10, 1.0, 2.0, 3.0, 4.0}),
			"location_stats": tableOfRows(t, zoneColumns, []any{name, 202401, 1, 10, 10}, []any{"yellow", 202401, 1, 10, 10}),
			"quality":        tableOfRows(t, ledgerColumns, []any{name, name, 202401, name, "row", 10}),
			"own":            tableOfRows(t, "month_start:date what:text trips:int", []any{202401, name, 5}),
			"zoned":          tableOfRows(t, "location_id:int what:text trips:int", []any{1, name, 5}),
			"zones":          tableOfRows(t, "taxi:text location_id:int zone:text borough:text", []any{name, 1, name, name}, []any{"yellow", 2, name, name}),
		}
		cfg := configOf(tables, "yellow 2024-01")
		cfg.Zones[1] = Zone{Name: name, Borough: name}
		cfg.Manifest.Inputs[0].Source, cfg.Manifest.LeftOut, cfg.Manifest.Flags = name, []string{name}, map[string]string{"input": name}
		cfg.Tables = map[string]Table{"own": {Meaning: name}}
		page := written(t, cfg, tables)
		keep(t, fmt.Sprintf("hostile%d", i), page)
		if n := strings.Count(page, "<script"); n != 2 || strings.Count(page, "</script") != 2 || strings.Contains(page, "<img") {
			t.Errorf("%q: found %d scripts, expected 2", name, n)
		}
		if !strings.Contains(html.UnescapeString(page), name) {
			t.Errorf("%q is not on the page", name)
		}
	}
}

// TestADecadeIsLessThanTwoMegabytes makes a page of 120 months of four taxis in all zones.
func TestADecadeIsLessThanTwoMegabytes(t *testing.T) {
	var trips, zones, ledger [][]any
	var inputs []string
	random := rand.New(rand.NewPCG(1, 2))
	for i, taxi := range []string{"fhv", "fhvhv", "green", "yellow"} {
		level := make([]float64, 266)
		for id := range level {
			level[id] = []float64{2e6, 2e7, 1e6, 1e7}[i] / 1500 * (0.01 + random.ExpFloat64()*random.ExpFloat64())
		}
		for n := range 120 {
			m := (2014+n/12)*100 + n%12 + 1
			inputs = append(inputs, fmt.Sprintf("%s %d-%02d", taxi, m/100, m%100))
			total := 0
			for id := 1; id <= 265; id++ {
				level[id] *= 0.95 + 0.1*random.Float64()
				p, d := int(level[id]*(0.9+0.2*random.Float64())), int(level[id]*(0.9+0.2*random.Float64()))
				total += p
				zones = append(zones, []any{taxi, m, id, p, d})
			}
			trips = append(trips, []any{taxi, m, total, 2 + random.Float64(), 14 + random.Float64(), 20 + random.Float64(), 2 + random.Float64()})
			source := inputs[len(inputs)-1] + ".parquet"
			ledger = append(ledger, []any{taxi, source, m, "rows_read", "file", total + 50}, []any{taxi, source, m, "rows_counted", "file", total})
			for r, rule := range []string{"pickup_stray", "pickup_adjacent_month", "duration_over", "duration_zero", "distance_over", "amount_over", "amount_negative", "tip_over", "passengers_zero", "passengers_over"} {
				scope := "cell"
				if r < 2 {
					scope = "row"
				}
				ledger = append(ledger, []any{taxi, source, m, rule, scope, random.IntN(100_000)})
			}
		}
	}
	tables := map[string]*rows{"trip_stats": tableOfRows(t, tripColumns, trips...), "location_stats": tableOfRows(t, zoneColumns, zones...), "quality": tableOfRows(t, ledgerColumns, ledger...)}
	page := written(t, configOf(tables, inputs...), tables)
	if len(page) > 1_900_000 { // the real shapes take 60,000 bytes more than those here
		t.Errorf("found a page of %d bytes, expected at most 1,900,000", len(page))
	}
	t.Logf("%d bytes", len(page))
	keep(t, "decade", page)
}

// keep writes a page to the folder TRIPSTATS_REPORT, if it is set: make report-test opens it in a browser.
func keep(t *testing.T, name, page string) {
	t.Helper()
	if dir := os.Getenv("TRIPSTATS_REPORT"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, text string, cells, months int) (values []int64) {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for range cells {
		before := int64(0)
		for range months {
			n, size := binary.Uvarint(b)
			b = b[size:]
			if n == 0 {
				values = append(values, none)
				continue
			}
			n--
			before += int64(n>>1) ^ -int64(n&1)
			values = append(values, before)
		}
	}
	if len(b) > 0 {
		t.Errorf("%d bytes are left", len(b))
	}
	return values
}

func TestTheDataOfThePageIsJSON(t *testing.T) {
	cfg, tables := good(t)
	var data struct {
		Cubes  []cube
		Months []string
		At     []float64
	}
	if err := json.Unmarshal([]byte(pageOf(cfg, tables).Data), &data); err != nil {
		t.Fatal(err)
	}
	if want := []string{"January 2024", "March 2024"}; !slices.Equal(data.Months, want) || len(data.Cubes) != 1 || !slices.Equal(data.At, []float64{0, 1}) {
		t.Errorf("found %v, %v and %d cubes", data.Months, data.At, len(data.Cubes))
	}
}
