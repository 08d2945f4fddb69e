package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

// decadeOf makes the small months of ten years, as a source of --months has them.
func decadeOf(t *testing.T) (files map[string][]byte, months []string) {
	t.Helper()
	files = map[string][]byte{}
	for year := 2014; year < 2024; year++ {
		for m := 1; m <= 12; m++ {
			var b bytes.Buffer
			month := tlcgen.YearMonth{Year: year, Month: m}
			if _, err := tlcgen.Write(t.Context(), &b, tlcgen.Options{Taxi: tlcgen.Green, Month: month, Rows: 40, Codec: tlcgen.Snappy, JobColumns: true}); err != nil {
				t.Fatal(err)
			}
			files[tlcgen.FileName(tlcgen.Green, month)] = b.Bytes()
			months = append(months, fmt.Sprintf("%d-%02d", year, m))
		}
	}
	return files, months
}

// TestMonthByMonthGivesTheTablesOfOneRun adds the months of ten years to an output, one with each run. Each run asks the source for the
// content of its own month alone, and the last one leaves the bytes of a run over all months.
func TestMonthByMonthGivesTheTablesOfOneRun(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	files, months := decadeOf(t)
	web := fakes.NewWeb(t, files)
	var mu sync.Mutex
	read := map[string]bool{}
	web.Before = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodGet {
			mu.Lock()
			read[strings.TrimPrefix(r.URL.Path, "/")] = true
			mu.Unlock()
		}
		return false
	}
	runs := func(out string, args ...string) (stdout string) {
		t.Helper()
		var o, e bytes.Buffer
		if code := run(t.Context(), append(args, "--taxi=green", "--source="+web.URL, "--output="+out), &o, &e, new(progress)); code != 0 {
			t.Fatalf("%q: exit code %d: %s", args, code, e.String())
		}
		return o.String()
	}
	dir := t.TempDir()
	grown, once := filepath.Join(dir, "grown"), filepath.Join(dir, "once")
	var last string
	for i, m := range months {
		clear(read)
		last = runs(grown, "--months="+m, "--existing=extend")
		if want := "green_tripdata_" + m + ".parquet"; len(read) != 1 || !read[want] {
			t.Fatalf("%s was added: found that %v was read, expected %s alone", m, slices.Collect(maps.Keys(read)), want)
		}
		head, err := publish.ReadHead(t.Context(), objstore.Access{}, grown)
		if err != nil || head.Version != int64(i+1) {
			t.Fatalf("%s was added: found version %d, expected %d: %v", m, head.Version, i+1, err)
		}
	}
	want := runs(once, "--months=2014-01..2023-12")
	if strings.ReplaceAll(last, grown, "") != strings.ReplaceAll(want, once, "") {
		t.Errorf("found on stdout\n%s\nexpected\n%s", last, want)
	}
	if found, expected := published(t, grown), published(t, once); len(expected) == 0 || !maps.Equal(found, expected) {
		t.Errorf("found the tables %v, expected %v", found, expected)
	}
	versions, err := os.ReadDir(filepath.Join(grown, ".tripstats", "v"))
	if err != nil {
		t.Fatal(err)
	}
	// Kept results of versions that are gone are in few files.
	if most := publish.DefaultVersions + 8; len(versions) > most {
		t.Errorf("found the folders of %d versions, expected at most %d", len(versions), most)
	}
	// The monthly job names all months, and reads the new one alone.
	runs(once, "--months=2014-01..2023-11", "--existing=replace")
	clear(read)
	runs(once, "--months=2014-01..2023-12")
	if want := "green_tripdata_2023-12.parquet"; len(read) != 1 || !read[want] {
		t.Errorf("a month more: found that %v was read, expected %s alone", slices.Collect(maps.Keys(read)), want)
	}
	if found, expected := published(t, grown), published(t, once); !maps.Equal(found, expected) {
		t.Errorf("a month more: found the tables %v, expected %v", found, expected)
	}
}
