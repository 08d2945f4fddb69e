package main_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// foundFile is what becomes of one input: lines of testdata/found.txt.
type foundFile struct {
	input, flags string
	months       [][]string // taxi, month, trips, averages, zones
	counted      map[string]string
	refused      string // words of the message
}

// TestFilesThatWereFound compares what the program makes of files that others wrote with testdata/found.txt. No taxi and no month is there
// that the table lacks. So nothing counts twice, or under another taxi.
func TestFilesThatWereFound(t *testing.T) {
	data := realData(t)
	files := foundFiles(t)
	for _, pattern := range []string{"csv/*", "wild/*"} {
		paths, err := filepath.Glob(filepath.Join(data, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			name := filepath.ToSlash(path[len(data)+1:])
			if !slices.ContainsFunc(files, func(f *foundFile) bool { return f.input == name }) {
				t.Errorf("testdata/found.txt does not say what becomes of %s", name)
			}
		}
	}
	for _, f := range files {
		t.Run(strings.TrimSpace(f.input+" "+f.flags), func(t *testing.T) {
			input := "--input=" + unpackFound(t, data, f.input)
			args := []string{input}
			if f.flags != "" {
				args = append(args, f.flags)
			}
			for _, quality := range []string{"raw", "standard"} {
				output := t.TempDir()
				r := tripstats(t, append(args, "--quality="+quality, "--output="+output)...)
				if f.refused != "" {
					r.with(len(r.lines())).fails(t, 3, f.refused)
					continue
				}
				r.succeeds(t)
				if quality == "raw" {
					f.holdsRaw(t, output)
				} else {
					f.holdsStandard(t, output)
				}
			}
		})
	}
}

// foundFiles reads the table.
func foundFiles(t *testing.T) []*foundFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "found.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*foundFile
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if words[0] == "#" {
			continue
		}
		flags := strings.TrimPrefix(words[2], "-")
		if flags != "" {
			flags = words[2]
		}
		if n := len(files); n == 0 || words[0] == "refused" || files[n-1].refused != "" || files[n-1].input != words[1] || files[n-1].flags != flags {
			files = append(files, &foundFile{input: words[1], flags: flags, counted: map[string]string{}})
		}
		f := files[len(files)-1]
		switch words[0] {
		case "read":
			f.months = append(f.months, words[3:])
		case "counted":
			f.counted[words[3]] = words[4]
		case "refused":
			f.refused = strings.Join(words[3:], " ")
		}
	}
	return files
}

// unpackFound returns the path of an input. One that is in an archive is unpacked.
func unpackFound(t *testing.T, data, input string) string {
	t.Helper()
	archive, inside, packed := strings.Cut(input, ".tar.gz/")
	if !packed {
		return filepath.Join(data, filepath.FromSlash(input))
	}
	f, err := os.Open(filepath.Join(data, filepath.FromSlash(archive)+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return filepath.Join(dir, filepath.FromSlash(inside))
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(r)
		if err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755)); err == nil {
			err = os.WriteFile(path, content, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// holdsRaw compares the tables of all rows.
func (f *foundFile) holdsRaw(t *testing.T, output string) {
	t.Helper()
	monthly, zones := readTable(t, output, "trip_stats"), readTable(t, output, "location_stats")
	var found [][]string
	for _, row := range monthly.rows {
		if row[3] != "0" { // the month of a file's name has a row anyhow
			found = append(found, row)
		}
	}
	if len(found) != len(f.months) {
		t.Fatalf("found\n%s\nexpected %v", monthly, f.months)
	}
	for i, want := range f.months {
		row := found[i]
		if row[0] != want[0] || row[2] != want[1]+"-01" || row[3] != want[2] {
			t.Errorf("found %v, expected %v", row, want)
			continue
		}
		for j, text := range want[3:8] {
			if !near(row[4+j], numberOr(text, math.NaN())) {
				t.Errorf("%s %s: %s: found %s, expected %s", want[0], want[1], monthly.schema[4+j], row[4+j], text)
			}
		}
		of := table{names: zones.names}
		for _, z := range zones.rows {
			if z[0] == row[0] && z[2] == row[2] && z[zones.names["location_id"]] != "-" {
				of.rows = append(of.rows, z)
			}
		}
		if p, d := of.sum(t, "pickups"), of.sum(t, "dropoffs"); float64(p) != numberOr(want[8], -1) || float64(d) != numberOr(want[9], -1) {
			t.Errorf("%s %s: found zones of %d pickups and %d dropoffs, expected %s and %s", want[0], want[1], p, d, want[8], want[9])
		}
	}
}

// holdsStandard compares how many rows were read and counted of each taxi.
func (f *foundFile) holdsStandard(t *testing.T, output string) {
	t.Helper()
	read, counted := map[string]int64{}, map[string]int64{}
	for _, row := range f.months {
		read[row[0]] += int64(numberOr(row[2], 0))
	}
	ledger := readTable(t, output, "quality")
	for _, row := range ledger.rows {
		n, _ := strconv.ParseInt(row[ledger.names["rows"]], 10, 64)
		switch row[ledger.names["rule"]] {
		case "rows_read":
			read[row[0]] -= n
		case "rows_counted":
			counted[row[0]] += n
		}
	}
	for taxi, n := range read {
		if n != 0 {
			t.Errorf("%s: %+d rows in the ledger than the file has", taxi, -n)
		}
	}
	for taxi, n := range counted {
		if want := f.counted[taxi]; want != strconv.FormatInt(n, 10) {
			t.Errorf("%s: found %d rows counted, expected %s", taxi, n, want)
		}
	}
}

// numberOr returns the number in a text, or another if it is "-".
func numberOr(text string, other float64) float64 {
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		return v
	}
	return other
}
