package tlcgen

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTruthOfText compares the truth of CSV files, in every form and with every kind of dirt, with what a reader of its own finds.
func TestTruthOfText(t *testing.T) {
	plant := Plant{
		NaN: 7, Inf: 5, NotNumber: 9, NullPickup: 4, NullDropoff: 3, PickupNotTime: 6, DropoffNotTime: 8, Malformed: 21,
		NegativeDistance: 8, Over200Miles: 9, TotalOver5000: 10, TipOver5000: 11, NegativeTip: 12, ZeroPassengers: 13, PassengersOver9: 14,
	}
	var files []Options
	for _, p := range publishedCSVs {
		o, err := PublishedText(Options{Taxi: p.taxi, Month: p.from, Rows: 5_000, Plant: plant})
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, o)
	}
	for seed := range uint64(40) {
		o := Options{
			Taxi: Yellow, Month: YearMonth{2018 + int(seed%8), 11}, Rows: 4_000, Seed: seed,
			Format: []Format{CSV, CSVGzip}[seed%2], Text: RandomText(seed), Plant: plant,
		}
		if seed%3 == 0 {
			o.Taxi, o.Plant.UnknownDropoffZone, o.Plant.NullPickupZone = Green, 12, 15
		}
		files = append(files, o)
	}
	files = append(files,
		Options{Taxi: Yellow, Month: YearMonth{2019, 3}, Format: CSV, Rows: 0, Plant: plant, Text: Text{BlankLines: 1, StrayBlanks: 3}},
		Options{Taxi: Yellow, Month: YearMonth{2019, 3}, Format: CSV, Rows: 0, Text: Text{NoLastEnd: true}},
		Options{Taxi: Green, Month: YearMonth{2019, 3}, Format: CSVGzip, Rows: 30_000, Text: Text{Members: 3}})
	for _, o := range files {
		if o.Rows == 0 {
			o.Plant = Plant{}
		}
		b, got := makeFile(t, o)
		lines, cols := readText(t, o, b)
		compareTruth(t, o, got, recount(t, o, cols))
		if found := (textLines{got.Lines, got.Blank, got.Malformed, got.Rows}); found != lines {
			t.Errorf("%s %v %+v: truth has %+v, file %+v", o.Taxi, o.Month, o.Text, found, lines)
		}
		if t.Failed() {
			t.Fatalf("%s %v %+v:\n%.600s", o.Taxi, o.Month, o.Text, b)
		}
	}
}

// TestTruthOfTextTimes is about parquet files whose times are text that is no time.
func TestTruthOfTextTimes(t *testing.T) {
	for _, o := range []Options{
		{Taxi: Yellow, Month: YearMonth{2009, 5}, Rows: 5_000},
		{Taxi: Green, Month: YearMonth{2019, 5}, Rows: 5_000, StringTimes: true},
	} {
		o.Plant = Plant{PickupNotTime: 9, DropoffNotTime: 14}
		b, got := makeFile(t, o)
		compareTruth(t, o, got, recount(t, o, readFile(t, b)))
		if d := got.Dirt; d.PickupNotTime != 9 || d.DropoffNotTime != 14 {
			t.Errorf("planted %+v, found %+v", o.Plant, d)
		}
	}
}

// TestPlantedTextNeedsText checks that no dirt is left out silently.
func TestPlantedTextNeedsText(t *testing.T) {
	for _, p := range []Plant{{NotNumber: 1}, {Malformed: 1}, {PickupNotTime: 1}, {DropoffNotTime: 1}} {
		o := Options{Taxi: Yellow, Month: YearMonth{2019, 3}, Rows: 10, Plant: p}
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), "no text to plant into") {
			t.Errorf("%+v: error %v", p, err)
		}
	}
}

// TestTextIsDeterministic checks that the bytes do not depend on how many goroutines write them.
func TestTextIsDeterministic(t *testing.T) {
	for _, f := range []Format{CSV, CSVGzip} {
		o := Options{Taxi: Yellow, Month: YearMonth{2019, 3}, Rows: 40_000, Format: f, Text: RandomText(7), Plant: Plant{Malformed: 50}}
		many, _ := makeFile(t, o)
		before := runtime.GOMAXPROCS(1)
		one, _ := makeFile(t, o)
		runtime.GOMAXPROCS(before)
		if !bytes.Equal(one, many) {
			t.Errorf("%s: other bytes with one goroutine", f)
		}
	}
}

// TestTextHasTheSameTrips checks that a CSV file has the trips of the parquet file.
func TestTextHasTheSameTrips(t *testing.T) {
	o := Options{Taxi: Green, Month: YearMonth{2019, 3}, Rows: 5_000}
	_, want := makeFile(t, o)
	o.Format, o.Text = CSV, RandomText(2)
	if o.Text.Times.minutes() {
		t.Fatal("take a seed whose times have seconds")
	}
	_, got := makeFile(t, o)
	if !reflect.DeepEqual(got.Months, want.Months) {
		t.Error("the CSV file has other trips than the parquet file")
	}
}

// TestPublishedHeaders compares the first line and the blank lines after it with those of every CSV file that TLC published.
func TestPublishedHeaders(t *testing.T) {
	heads := publishedHeads(t)
	for name, head := range heads {
		taxi, month, _ := strings.Cut(strings.TrimSuffix(name, ".csv"), "_tripdata_")
		if !slices.ContainsFunc(publishedCSVs, func(p publishedCSV) bool { return p.taxi == Taxi(taxi) }) {
			continue
		}
		m, err := ParseMonth(month)
		if err != nil {
			t.Fatal(err)
		}
		o, err := PublishedText(Options{Taxi: Taxi(taxi), Month: m, Rows: 1, Clean: true})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := makeFile(t, o)
		if got, want := beginning(b), beginning(head); got != want {
			t.Errorf("%s: the generator begins\n%q, the published file\n%q", name, got, want)
		}
	}
}

// beginning returns the header and the blank lines of a file, its line ends, and how many cells the first row has.
func beginning(b []byte) string {
	var out strings.Builder
	for i, line := range bytes.SplitAfter(b, []byte("\n")) {
		if text := bytes.TrimSpace(line); i > 0 && len(text) > 0 {
			fmt.Fprintf(&out, "%d cells, CRLF %v", bytes.Count(line, []byte(","))+1, bytes.HasSuffix(line, []byte("\r\n")))
			break
		}
		out.Write(line)
	}
	return strings.ReplaceAll(out.String(), `"`, "")
}

// publishedHeads returns the first kilobyte of each CSV file that TLC published, by name.
func publishedHeads(t *testing.T) map[string][]byte {
	t.Helper()
	path := filepath.Join(os.Getenv("TRIPSTATS_DATA"), "csv", "tlc_csv_heads_2009_to_2021.tar.gz")
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("no published heads: %v (TRIPSTATS_DATA says where the real data are)", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	heads := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return heads
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			heads[filepath.Base(h.Name)] = content
		}
	}
}

// textLines counts the lines of a file.
type textLines struct{ all, blank, malformed, rows int64 }

// cellPattern is a cell: quoted, or without a quote at its start.
var cellPattern = regexp.MustCompile(`^ *"((?:[^"]|"")*)" *(,|$)|^([^,"]?[^,]*)(,|$)`)

// cellsOf returns the cells of a line, or nil if it has a quote that is wrong.
func cellsOf(line string) []string {
	cells := []string{}
	for more := true; more; {
		m := cellPattern.FindStringSubmatch(line)
		if m == nil || m[2] == "" && m[4] == "" && len(m[0]) < len(line) {
			return nil
		}
		cell, end := m[3], m[4]
		if strings.HasPrefix(strings.TrimLeft(line, " "), `"`) {
			if !strings.HasPrefix(strings.TrimLeft(m[0], " "), `"`) || m[3] != "" {
				return nil
			}
			cell, end = strings.ReplaceAll(m[1], `""`, `"`), m[2]
		}
		cells = append(cells, strings.Trim(cell, " "))
		line, more = line[len(m[0]):], end == ","
	}
	return cells
}

// readText reads a CSV file as the rules for it say.
func readText(t *testing.T, o Options, b []byte) (lines textLines, cols columns) {
	t.Helper()
	if o.Format == CSVGzip {
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	all := bytes.SplitAfter(b, []byte("\n"))
	if len(all[len(all)-1]) == 0 {
		all = all[:len(all)-1]
	}
	var names []string
	cols = columns{}
	for _, raw := range all {
		lines.all++
		line := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
		cells := cellsOf(line)
		switch {
		case line == "":
			lines.blank++
		case names == nil:
			names = cells
			for _, name := range names {
				cols[name] = newTextColumn(o, name)
			}
		case len(cells) < len(names) || strings.Join(cells[len(names):], "") != "":
			lines.malformed++
		default:
			lines.rows++
			for i, name := range names {
				cols[name].addText(t, o, cells[i])
			}
		}
	}
	return lines, cols
}

// newTextColumn returns an empty column of the type that a column has in the parquet file.
func newTextColumn(o Options, name string) *column {
	columns, _ := o.Columns()
	c := &column{bad: map[int]bool{}}
	i := slices.IndexFunc(columns, func(c Column) bool { return strings.TrimSpace(c.Name) == name })
	switch {
	case i < 0 || isText(columns[i]) && !isTime(columns[i]):
		c.strings = []string{}
	case isTime(columns[i]):
		c.ints = []int64{}
	case columns[i].Type == Double:
		c.doubles = []float64{}
	default:
		c.ints = []int64{}
	}
	return c
}

func (c *column) addText(t *testing.T, o Options, cell string) {
	t.Helper()
	row := len(c.valid)
	valid := cell != "" && cell != "N/A"
	switch {
	case c.strings != nil:
		c.strings = append(c.strings, cell)
	case c.doubles != nil:
		v, err := strconv.ParseFloat(cell, 64)
		if valid && err != nil {
			v, c.bad[row], valid = math.NaN(), true, false
		}
		c.doubles = append(c.doubles, v)
	default:
		v, err := strconv.ParseInt(cell, 10, 64)
		if valid && err != nil {
			if v, err = timeOf(cell, o.Text.Times); err != nil {
				c.bad[row], valid = true, false
			}
		}
		c.ints = append(c.ints, v)
	}
	c.valid = append(c.valid, valid)
}

// timeOf returns a time in microseconds.
func timeOf(cell string, form Times) (int64, error) {
	layout := map[Times]string{
		TimesT: "2006-01-02T15:04:05", TimesZ: "2006-01-02T15:04:05Z", TimesOffset: "2006-01-02T15:04:05.000+00:00",
		TimesFraction: "2006-01-02 15:04:05.000000", TimesMDY: "1/2/2006 15:04", TimesDMY: "2/1/2006 15:04",
	}[form]
	if layout == "" {
		layout = time.DateTime
	}
	at, err := time.Parse(layout, cell)
	return at.UnixMicro(), err
}

func BenchmarkWriteCSV(b *testing.B) {
	const rows = 500_000
	for _, f := range []Format{CSV, CSVGzip} {
		for _, m := range []YearMonth{{2014, 5}, {2019, 8}} {
			o, err := PublishedText(Options{Taxi: Yellow, Month: m, Rows: rows, Format: f})
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%v/%s", m, f), func(b *testing.B) {
				for b.Loop() {
					if _, err := Write(context.Background(), io.Discard, o); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}
