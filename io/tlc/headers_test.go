package tlc_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"tripstats/io/tlc"
	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// TestEveryHeaderThatTLCWroteIsRecognised reads the headers of the CSV files that TLC published from 2009 to 2020. The name of each file
// says its taxi and month.
func TestEveryHeaderThatTLCWroteIsRecognised(t *testing.T) {
	archive, err := os.Open(filepath.Join(os.Getenv("TRIPSTATS_DATA"), "csv/tlc_csv_heads_2009_to_2021.tar.gz"))
	if os.Getenv("TRIPSTATS_DATA") == "" || errors.Is(err, os.ErrNotExist) {
		t.Skip("TRIPSTATS_DATA has no headers of TLC's CSV files")
	} else if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	unpacked, err := gzip.NewReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	opts := trip.Options{Registry: registry, UTC: trip.UTCRefuse, Judged: true, Wanted: trip.Standing}
	files := 0
	for in := tar.NewReader(unpacked); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		month, ok := tlc.MonthOf(h.Name)
		if !ok {
			continue // a folder
		}
		files++
		described := element.Described{Found: element.Found{Source: path.Base(h.Name), Month: month}}
		for _, name := range headerOf(t, in) {
			described.Columns = append(described.Columns, element.Column{Name: name, Type: element.String})
		}
		f, err := trip.Recognise(described, opts)
		i := slices.IndexFunc(tlc.Registry, func(d element.Dataset) bool { return d.Name == f.Variant })
		switch want := tlc.TaxiOf(h.Name); {
		case err != nil:
			t.Error(err)
		case f.Taxi != want || month < tlc.Registry[i].First || tlc.Registry[i].Last != 0 && month > tlc.Registry[i].Last:
			t.Errorf("%s: found %s taxis, %s; expected %s of that month", f.Source, f.Taxi, f.Variant, want)
		case len(f.Unknown) > 0:
			t.Errorf("%s: found columns %q that are not known", f.Source, f.Unknown)
		}
	}
	if files != 303 {
		t.Errorf("found %d files, expected 303", files)
	}
}

// headerOf reads the first line of a CSV file.
func headerOf(t *testing.T, file io.Reader) []string {
	t.Helper()
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\n"))
	names, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil {
		t.Fatal(err)
	}
	return names
}
