package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"tripstats/testdata/tlcgen"
)

// TestMemoryDoesNotGrowWithTheRowGroup reads one file with a single row group of a million rows. With TRIPSTATS_SOAK=1 the row group
// has 14 million rows, like the largest published months.
func TestMemoryDoesNotGrowWithTheRowGroup(t *testing.T) {
	o := month(tlcgen.Yellow, 2014, 5, 1_000_000)
	if soaking() {
		o.Rows = 14_000_000
	}
	path, truth := kept(t, o)
	remote := served(t, path)
	for i, runner := range []string{"direct", "prism", "direct", "prism", "direct", "prism"} {
		quality := []string{"raw", "raw", "standard", "standard", "raw", "standard"}[i]
		input := []string{path, path, path, path, remote, remote}[i]
		output := t.TempDir()
		lowerOwnPeak()
		r := tripstats(t, "--quality="+quality, "--input="+input, "--output="+output, "--runner="+runner).succeeds(t)
		t.Logf("%s, %s, over the network %v: %d rows, %d MiB, %.1f s", runner, quality, input == remote, o.Rows, r.maxRSS>>20, r.elapsed.Seconds())
		if r.maxRSS > mostMemory {
			t.Errorf("%s: took %d MiB of memory for %d rows, at most %d are allowed", runner, r.maxRSS>>20, o.Rows, mostMemory>>20)
		}
		if truth != nil && quality == "raw" {
			holdsTruth(t, output, *truth)
		}
		if rows := readManifest(t, output).Rows; rows != o.Rows {
			t.Errorf("%s: found %d rows, expected %d", runner, rows, o.Rows)
		}
	}
}

// served returns the address of a file on a web server.
func served(t *testing.T, path string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeFile(w, r, path) // from the disk, as what this process has resident counts as the program's
	}))
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(path)
}

// toldPeak is the peak memory in MiB that a run told. What the system says of a child counts the memory of this process until the program
// is loaded, and this process may be larger than the program.
func toldPeak(t *testing.T, r result) int64 {
	t.Helper()
	m := regexp.MustCompile(` peak_memory_mib=(\d+) `).FindStringSubmatch(r.stderr)
	if m == nil {
		t.Fatalf("found no peak_memory_mib in %s", r.stderr)
	}
	mib, _ := strconv.ParseInt(m[1], 10, 64) //nolint:errcheck // digits
	return mib
}

// TestTheLeastMemoryIsHeld runs with the smallest accepted --max-memory. Prism on many busy cores may exceed it, so it is allowed more.
func TestTheLeastMemoryIsHeld(t *testing.T) {
	path := generate(t, t.TempDir(), month(tlcgen.Yellow, 2014, 5, 1_000_000))
	remote := served(t, path)
	for _, c := range []struct {
		runner, input string
		least, room   int64 // MiB
	}{
		{"direct", path, 112, 16},
		{"direct", remote, 144, 16},
		{"prism", path, 144, 64},
		{"prism", remote, 192, 64},
	} {
		r := tripstats(t, fmt.Sprintf("--max-memory=%dMiB", c.least), "--input="+c.input, "--output="+t.TempDir(), "--runner="+c.runner).succeeds(t)
		took := toldPeak(t, r)
		t.Logf("%s, %s: told %d MiB, took %d", c.runner, c.input, c.least, took)
		if took > c.least+c.room {
			t.Errorf("%s, %s: told %d MiB, took %d", c.runner, c.input, c.least, took)
		}
	}
}

// kept generates a file and returns its path and truth. A file that takes minutes to make is kept in the repository's cache.
func kept(t *testing.T, o tlcgen.Options) (string, *tlcgen.FileTruth) {
	t.Helper()
	if !soaking() {
		path := filepath.Join(t.TempDir(), tlcgen.FileName(o.Taxi, o.Month))
		truth, err := tlcgen.WriteFile(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		return path, &truth
	}
	dir := filepath.Join("..", ".cache", "soak")
	path, err := filepath.Abs(filepath.Join(dir, tlcgen.FileName(o.Taxi, o.Month)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	truth, err := tlcgen.WriteFile(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return path, &truth
}
