package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/testdata/tlcgen"
	"tripstats/transforms/trip"
)

// inspected has the fields of inspect --json, which other programs read.
type inspected struct {
	Source    string
	URI       string
	Bytes     int64
	Taxi      string
	Month     string
	Variant   string
	Rows      int64
	RowGroups int `json:"row_groups"`
	Codecs    []string
	Columns   []struct {
		Name    string
		Type    string
		Bytes   int64
		Meaning string
		Known   bool
	}
	Problem string
}

func parseInspected(t *testing.T, stdout string) []inspected {
	t.Helper()
	var files []inspected
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&files); err != nil || d.More() {
		t.Fatalf("found %v in\n%s", err, stdout)
	}
	return files
}

// meanings returns, sorted, which columns of trips that the standing tables need the file has, and which coordinates.
func (f inspected) meanings() string {
	var found []string
	for _, c := range f.Columns {
		stands := slices.ContainsFunc(trip.Standing, func(f trip.Field) bool { return trip.Fields[f].Name == c.Meaning })
		if stands || strings.HasSuffix(c.Meaning, "itude") {
			found = append(found, c.Meaning)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

func sampleFile(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "testdata", "sample", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInspectSaysWhatAFileIs(t *testing.T) {
	path := sampleFile(t, "yellow_tripdata_2025-02.parquet")
	dir := t.TempDir()
	r := runOnce(t, command{args: []string{"inspect", path}, dir: dir}).succeeds(t)
	golden(t, "inspect", r.stdout)
	if got := treeOf(t, dir); len(got) != 0 || r.stderr != "" {
		t.Errorf("found files %v and stderr %q", got, r.stderr)
	}

	files := parseInspected(t, tripstats(t, "inspect", "--json", path).succeeds(t).stdout)
	if len(files) != 1 {
		t.Fatalf("found %d files, expected 1", len(files))
	}
	f := files[0]
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if f.Source != filepath.Base(path) || f.URI != path || f.Bytes != info.Size() || f.Taxi != "yellow" || f.Month != "2025-02" ||
		f.Variant != "yellow since 2011" || f.Rows != 12_000 || f.RowGroups != 1 || !slices.Equal(f.Codecs, []string{"ZSTD"}) || f.Problem != "" {
		t.Errorf("--json: found %+v, expected what the generator wrote", f)
	}
	columns, err := tlcgen.Columns(tlcgen.Yellow, tlcgen.MonthOf(2025, 2))
	if err != nil || len(f.Columns) != len(columns) {
		t.Fatalf("found %d columns, expected %d (%v)", len(f.Columns), len(columns), err)
	}
	total := int64(0)
	for i, c := range f.Columns {
		if c.Name != columns[i].Name || c.Type == "" || c.Bytes <= 0 || !c.Known {
			t.Errorf("found %+v, expected %s", c, columns[i].Name)
		}
		total += c.Bytes
	}
	if total > f.Bytes || total < f.Bytes*9/10 { // the rest is the footer
		t.Errorf("the columns have %d bytes of the file's %d", total, f.Bytes)
	}
}

func TestInspectKnowsEveryVariant(t *testing.T) {
	const (
		zones  = "dropoff_datetime dropoff_location_id passenger_count pickup_datetime pickup_location_id tip_amount total_amount trip_distance"
		places = "dropoff_datetime dropoff_latitude dropoff_longitude passenger_count pickup_datetime pickup_latitude pickup_longitude tip_amount total_amount trip_distance"
	)
	asText := func(o tlcgen.Options) tlcgen.Options { o.Coordinates, o.StringTimes = true, true; return o }
	oldNames := func(o tlcgen.Options) tlcgen.Options { o.OldNames = true; return o }
	for _, c := range []struct {
		name              string
		file              tlcgen.Options
		variant, meanings string
		timeType          string
	}{
		{"yellow 2009", month(tlcgen.Yellow, 2009, 3, 50), "yellow 2009", places, "string"},
		{"yellow 2010", month(tlcgen.Yellow, 2010, 1, 50), "yellow 2010", places, "string"},
		{"yellow 2010 with an index of pandas", month(tlcgen.Yellow, 2010, 2, 50), "yellow 2010", places, "string"},
		{"yellow 2011", month(tlcgen.Yellow, 2011, 1, 50), "yellow since 2011", zones, "timestamp[us]"},
		{"yellow 2013 with the names of 2010", oldNames(asText(month(tlcgen.Yellow, 2013, 5, 50))), "yellow 2010", places, "string"},
		{"yellow 2015 with coordinates", asText(month(tlcgen.Yellow, 2015, 3, 50)), "yellow since 2011", places, "string"},
		{"yellow 2023", month(tlcgen.Yellow, 2023, 5, 50), "yellow since 2011", zones, "timestamp[us]"},
		{"yellow 2025", month(tlcgen.Yellow, 2025, 1, 50), "yellow since 2011", zones, "timestamp[us]"},
		{"yellow 2026", month(tlcgen.Yellow, 2026, 6, 50), "yellow since 2011", zones, "timestamp[us]"},
		{"green 2013", month(tlcgen.Green, 2013, 8, 50), "green since 2013", zones, "timestamp[us]"},
		{"green 2014 with coordinates", asText(month(tlcgen.Green, 2014, 11, 50)), "green since 2013", places, "string"},
		{"green 2023", month(tlcgen.Green, 2023, 2, 50), "green since 2013", zones, "timestamp[us]"},
		{"green 2025", month(tlcgen.Green, 2025, 3, 0), "green since 2013", zones, "timestamp[us]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := generate(t, t.TempDir(), c.file)
			f := parseInspected(t, tripstats(t, "inspect", "--json", path).succeeds(t).stdout)[0]
			if f.Variant != c.variant || f.Taxi != string(c.file.Taxi) || f.Month != c.file.Month.String() || f.Rows != c.file.Rows {
				t.Errorf("found %s, %s, %s, %d rows, expected %s", f.Variant, f.Taxi, f.Month, f.Rows, c.variant)
			}
			if got := f.meanings(); got != c.meanings {
				t.Errorf("found %s, expected %s", got, c.meanings)
			}
			for _, column := range f.Columns {
				if !column.Known {
					t.Errorf("%s is a column of TLC's own and not known", column.Name)
				}
				if strings.HasSuffix(column.Meaning, "_datetime") && column.Type != c.timeType {
					t.Errorf("%s: found %s, expected %s", column.Name, column.Type, c.timeType)
				}
			}
		})
	}
}

func TestInspectShowsAColumnThatTLCHasAddedAsUnknown(t *testing.T) {
	columns := append(trips(t), column{"new_fee", of(t, doubles, "1 2")})
	columns = with(columns, "tip_amount", column{" tip_amount", of(t, doubles, "1 3")}) // old files have such names
	path := write(t, filepath.Join(t.TempDir(), "x.parquet"), columns)
	text := tripstats(t, "inspect", path).succeeds(t).stdout
	for _, want := range []string{"new_fee double unknown", "tip_amount double tip_amount", "trip_distance double trip_distance", "month -"} {
		if !slices.ContainsFunc(strings.Split(text, "\n"), func(l string) bool { return strings.HasPrefix(strings.Join(strings.Fields(l), " "), want) }) {
			t.Errorf("found no line %q in\n%s", want, text)
		}
	}
	f := parseInspected(t, tripstats(t, "inspect", "--json", path).succeeds(t).stdout)[0]
	for _, c := range f.Columns {
		if c.Known != (c.Name != "new_fee") {
			t.Errorf("a file with a new column: found %+v, expected that new_fee alone is unknown", c)
		}
	}
}

// TestInspectReportsAFileThatIsRefused checks that inspect prints its report even if a run that makes tables would refuse the file. The exit code
// is the same as that run's.
func TestInspectReportsAFileThatIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a_2019-08.parquet"), trips(t))
	write(t, filepath.Join(dir, "b_2019-08.parquet"), with(trips(t), "PULocationID"))
	if err := os.WriteFile(filepath.Join(dir, "c.parquet"), []byte("<?xml?>"), 0o666); err != nil {
		t.Fatal(err)
	}
	r := runOnce(t, command{args: []string{"inspect", "*.parquet"}, dir: dir}).with(2)
	if problem := r.problem(); r.code != 3 || problem != "" || len(r.lines()) != 2 || !strings.Contains(r.stderr, "b_2019-08.parquet") || !strings.Contains(r.stderr, "c.parquet") {
		t.Errorf("exit code %d (%s), stderr %q", r.code, problem, r.stderr)
	}
	parts := strings.Split(r.stdout, "file        ")[1:]
	if len(parts) != 3 {
		t.Fatalf("found %d reports, expected 3:\n%s", len(parts), r.stdout)
	}
	for i, words := range [][]string{
		{"a_2019-08.parquet", "yellow since 2011", "rows        2\n"},
		{"b_2019-08.parquet", "rows        2\n", "refused     b_2019-08.parquet: found columns tpep_pickup_datetime", "expected also PULocationID", "DOLocationID"},
		{"c.parquet", "rows        -\n", "refused     c.parquet: not a parquet file"},
	} {
		for _, word := range words {
			if !strings.Contains(parts[i], word) {
				t.Errorf("found no %q in\n%s", word, parts[i])
			}
		}
	}
	r = runOnce(t, command{args: []string{"inspect", "--json", "*.parquet"}, dir: dir})
	files := parseInspected(t, r.stdout)
	if r.code != 3 || len(files) != 3 || files[0].Problem != "" || !strings.Contains(files[1].Problem, "PULocationID") || len(files[1].Columns) != 7 || len(files[2].Columns) != 0 {
		t.Errorf("exit code %d, found %+v", r.code, files)
	}
}

func TestInspectTellsHowToReadTimesMarkedAsUTC(t *testing.T) {
	utc := &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}
	path := write(t, filepath.Join(t.TempDir(), "x.parquet"), with(trips(t), "tpep_pickup_datetime",
		column{"tpep_pickup_datetime", of(t, utc, "2019-08-01T10:00:00Z 2019-08-02T10:00:00Z")}))
	r := tripstats(t, "inspect", path)
	if r.code != 3 || !strings.Contains(r.stderr, "found timestamp[ms, UTC], expected a timestamp not adjusted to UTC") {
		t.Errorf("exit code %d, stderr %q", r.code, r.stderr)
	}
	tripstats(t, "inspect", "--utc=wall", path).succeeds(t)
}

// TestInspectKeepsHostileNamesOnTheirLine has a column whose name has a line break and would clear the screen.
func TestInspectKeepsHostileNamesOnTheirLine(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "x.parquet"), append(trips(t), column{"x\ntaxi  green\x1b[2J", of(t, doubles, "1 2")}))
	text := tripstats(t, "inspect", path).succeeds(t).stdout
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\ntaxi  green") {
		t.Errorf("a hostile column name: found %q, expected it quoted on one line", text)
	}
}

func TestInspectUnderstandsThePatternsOfInput(t *testing.T) {
	dir := t.TempDir()
	generate(t, filepath.Join(dir, "raw", "deep"), month(tlcgen.Yellow, 2019, 8, 50))
	generate(t, filepath.Join(dir, "raw"), month(tlcgen.Green, 2019, 8, 50))
	for _, c := range []struct {
		args    []string
		sources string
	}{
		{[]string{"raw/**/*.parquet"}, "deep/yellow_tripdata_2019-08.parquet green_tripdata_2019-08.parquet"},
		{[]string{"raw/{green,deep/yellow}*"}, "deep/yellow_tripdata_2019-08.parquet green_tripdata_2019-08.parquet"},
		{[]string{"raw/green_tripdata_2019-08.parquet", "raw/deep/*", "raw/g*"}, "green_tripdata_2019-08.parquet yellow_tripdata_2019-08.parquet"},
	} {
		r := runOnce(t, command{args: append([]string{"inspect", "--json"}, c.args...), dir: dir}).succeeds(t)
		var sources []string
		for _, f := range parseInspected(t, r.stdout) {
			sources = append(sources, f.Source)
		}
		if got := strings.Join(sources, " "); got != c.sources {
			t.Errorf("%v: found %s, expected %s", c.args, got, c.sources)
		}
	}
	if files := parseInspected(t, tripstats(t, "inspect", "--json", "sample").succeeds(t).stdout); len(files) != 8 {
		t.Errorf("sample: found %d files, expected 8", len(files))
	}
}

func TestInspectSaysWhatToWrite(t *testing.T) {
	for _, c := range []struct {
		name, args string
		code       int
		words      []string
	}{
		{"no file", "inspect", 2, []string{"inspect", "no file"}},
		{"unknown flag", "inspect --jsn x", 2, []string{"inspect", "-jsn"}},
		{"utc", "inspect --utc=maybe sample", 2, []string{"--utc", `"maybe"`, "wall", "convert"}},
		{"scheme", "inspect ftp://bucket/x.parquet", 2, []string{"inspect", `"ftp"`}},
		{"pattern that is none", "inspect [", 2, []string{"inspect", "pattern"}},
		{"missing file", "inspect missing.parquet", 4, []string{"inspect: missing.parquet", "no such file"}},
		{"one missing of two", "inspect sample missing.parquet", 4, []string{"missing.parquet"}},
		{"folder", "inspect .", 4, []string{"inspect", "no file in this folder"}},
	} {
		t.Run(c.name, func(t *testing.T) { tripstats(t, strings.Fields(c.args)...).fails(t, c.code, c.words...) })
	}
	for _, args := range []string{"inspect --help", "inspect -h"} {
		r := tripstats(t, strings.Fields(args)...).succeeds(t)
		if !strings.HasPrefix(r.stdout, "Usage: tripstats inspect ") || r.stderr != "" {
			t.Errorf("%s: found %q and %q", args, r.stdout, r.stderr)
		}
	}
}
