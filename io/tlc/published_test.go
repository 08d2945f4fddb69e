package tlc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tripstats/io/objstore"
)

func TestRangesOfMonths(t *testing.T) {
	for s, want := range map[string]string{
		"2014-01..2023-12":   "2014-01 2023-12 false",
		"2024-01":            "2024-01 2024-01 false",
		"2024-01..":          "2024-01 1970-01 true",
		"..2010-12":          "2009-01 2010-12 false",
		" 2024-01..2024-01":  "2024-01 2024-01 false",
		"":                   "error",
		"..":                 "error",
		"2014":               "2014-01 2014-12 false",
		"2014..2015-03":      "2014-01 2015-03 false",
		"2014..":             "2014-01 1970-01 true",
		"1999":               "error",
		"2014-13..2015-01":   "error",
		"2014-1..2015-01":    "error",
		"2015-01..2014-12":   "error",
		"2015-01...2016-01":  "error",
		"2015-01..2016-01..": "error",
		"x2015-01":           "error",
	} {
		r, err := ParseRange(s, "yellow")
		got := fmt.Sprintf("%s %s %v", FormatMonth(r.First), FormatMonth(r.Last), r.Open)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: found %s (%v), expected %s", s, got, err, want)
		}
	}
}

// cdn is a web server with some months. It answers 403 for all others, and for all if requests come too often.
type cdn struct {
	mu       sync.Mutex
	there    func(name string) bool
	throttle func(n int) bool // the n-th request
	n        int
}

func (c *cdn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.n++
	slow := c.throttle != nil && c.throttle(c.n)
	c.mu.Unlock()
	if slow || !c.there(strings.TrimPrefix(r.URL.Path, "/")) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Content-Length", "100")
}

func find(t *testing.T, c *cdn, months string) (string, error) {
	t.Helper()
	server := httptest.NewServer(c)
	defer server.Close()
	r, err := ParseRange(months, "yellow")
	if err != nil {
		t.Fatal(err)
	}
	found, err := Finder{Source: server.URL, Taxi: "yellow", Pause: time.Millisecond}.Find(t.Context(), r)
	return listing(found), err
}

func listing(found []MonthFile) string {
	var parts []string
	for _, m := range found {
		text := FormatMonth(m.Month)
		if m.Absent {
			text = "-" + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func until(last string) func(string) bool {
	return func(name string) bool { return name <= "yellow_tripdata_"+last+".parquet" }
}

func TestAMonthThatIsNotPublishedIsToldFromBeingSlowedDown(t *testing.T) {
	all := "2023-08 2023-09 2023-10 2023-11 2023-12"
	for name, c := range map[string]struct {
		cdn    *cdn
		months string
		want   string
	}{
		"all there":                      {&cdn{there: until("2023-12")}, "2023-08..2023-12", all},
		"the last is not":                {&cdn{there: until("2023-11")}, "2023-08..2023-12", "2023-08 2023-09 2023-10 2023-11 -2023-12"},
		"an open end":                    {&cdn{there: until("2023-12")}, "2023-08..", all},
		"an open end with a hole":        {&cdn{there: func(n string) bool { return until("2023-12")(n) && !strings.Contains(n, "2023-10") }}, "2023-08..", "2023-08 2023-09 -2023-10 2023-11 2023-12"},
		"slowed down now and then":       {&cdn{there: until("2023-11"), throttle: func(n int) bool { return n%3 == 0 && n < 12 }}, "2023-08..2023-12", "2023-08 2023-09 2023-10 2023-11 -2023-12"},
		"slowed down for a while":        {&cdn{there: until("2023-12"), throttle: func(n int) bool { return n > 3 && n < 9 }}, "2023-08..2023-12", all},
		"slowed down at the open end":    {&cdn{there: until("2023-12"), throttle: func(n int) bool { return n > 4 && n < 12 }}, "2023-08..", all},
		"slowed down from the beginning": {&cdn{there: until("2023-12"), throttle: func(n int) bool { return n < 9 }}, "2023-08..2023-12", all},
	} {
		got, err := find(t, c.cdn, c.months)
		if got != c.want || err != nil {
			t.Errorf("%s: found %s, %v, expected %s", name, got, err, c.want)
		}
	}
	for every := 2; every < 7; every++ { // for ever: the answer is right, or there is none
		got, err := find(t, &cdn{there: until("2023-12"), throttle: func(n int) bool { return n%every == 0 }}, "2023-08..2023-12")
		if err == nil && got != all {
			t.Errorf("slowed down every %d requests: found %s, expected all or an error", every, got)
		}
	}
	got, err := find(t, &cdn{there: until("2023-12"), throttle: func(int) bool { return true }}, "2023-08..2023-12")
	if err == nil || !strings.Contains(err.Error(), "which is published") {
		t.Errorf("slowed down for ever: found %s, %v, expected an error", got, err)
	}
}

func TestMonthsInAFolder(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []string{"2023/yellow_tripdata_2023-12.parquet", "yellow_tripdata_2024-01.parquet", "2024/yellow_tripdata_2024-03.parquet"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, p)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, p), []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Finder{Source: dir, Taxi: "yellow"}.Find(t.Context(), Range{First: monthOf(2023, 12), Open: true})
	if got := listing(found); err != nil || got != "2023-12 2024-01 -2024-02 2024-03" {
		t.Errorf("found %s, %v", got, err)
	}
	for _, m := range found {
		if !m.Absent && m.Object.Name != FileName("yellow", m.Month) {
			t.Errorf("found name %s", m.Object.Name)
		}
	}
	found, err = Finder{Source: filepath.Join(dir, "{year}"), Taxi: "yellow"}.Find(t.Context(), Range{First: monthOf(2023, 12), Last: monthOf(2024, 1)})
	if got := listing(found); err != nil || got != "2023-12 -2024-01" {
		t.Errorf("with {year}: found %s, %v", got, err)
	}
}

// bucket is a store of empty objects that can only be listed and found.
type bucket struct {
	objstore.Store
	names []string
	lists error
}

func (b bucket) List(_ context.Context, prefix string) (out []objstore.Object, err error) {
	for _, n := range b.names {
		if strings.HasPrefix(n, prefix) {
			out = append(out, objstore.Object{URI: n, Version: "1"})
		}
	}
	return out, b.lists
}

func (b bucket) Stat(_ context.Context, uri string) (objstore.Object, error) {
	if slices.Contains(b.names, uri) {
		return objstore.Object{URI: uri, Version: "1"}, nil
	}
	return objstore.Object{}, fs.ErrNotExist
}

// TestAnOpenRangeEndsWithTheLastMonthThatIsThere has months after long gaps, in each layout of folders.
func TestAnOpenRangeEndsWithTheLastMonthThatIsThere(t *testing.T) {
	paths := []string{
		"raw/2023/yellow_tripdata_2023-12.parquet",
		"raw/yellow_tripdata_2024-10.parquet",
		"raw/2025/yellow_tripdata_2025-08.parquet",
		"raw/2025/yellow_tripdata_2026-01.parquet", // not in the folder of its year
		"raw/2026/green_tripdata_2026-01.parquet",
		"raw/2026/yellow_tripdata_2026-02.parquet.part",
		"raw/deep/2026/yellow_tripdata_2026-03.parquet",
		"raw2/yellow_tripdata_2026-04.parquet",
		"raw/y2025/x/yellow_tripdata_2025-11.parquet",
	}
	root := t.TempDir()
	var names []string
	for _, p := range paths {
		full := filepath.Join(root, p)
		if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		names = append(names, "open://b/"+p)
	}
	objstore.Register("open", bucket{names: names})
	for _, base := range []string{root, "file://" + root, "open://b"} {
		for _, c := range []struct{ source, months, there string }{
			{base + "/raw", "2023-11..", "2023-12 2024-10 2025-08"},
			{base + "/raw/", "2024-11..", "2025-08"},
			{base + "/raw", "2009-01..", "2023-12 2024-10 2025-08"},
			{base + "/raw", "2025-09..", ""},
			{base + "/nothing", "2025-09..", ""},
			{base + "/raw/{year}", "2023-12..", "2023-12 2025-08"},
			{base + "/raw/y{year}/x/", "2023-12..", "2025-11"},
		} {
			r, err := ParseRange(c.months, "yellow")
			if err != nil {
				t.Fatal(err)
			}
			found, err := Finder{Source: c.source, Taxi: "yellow"}.Find(t.Context(), r)
			var there []string
			for i, m := range found {
				if m.Month != r.First+int32(i) {
					t.Errorf("%s: found %s at %d", c.source, FormatMonth(m.Month), i)
				}
				if !m.Absent {
					there = append(there, FormatMonth(m.Month))
				}
			}
			if got := strings.Join(there, " "); got != c.there || err != nil || len(found) > 0 && found[len(found)-1].Absent {
				t.Errorf("%s, %s: found %s, %v, expected %s and no gap at the end", c.source, c.months, got, err, c.there)
			}
		}
	}
	objstore.Register("open", bucket{names: names, lists: fs.ErrPermission})
	if _, err := (Finder{Source: "open://b/raw", Taxi: "yellow"}).Find(t.Context(), Range{First: monthOf(2023, 12), Open: true}); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "open://b/raw/yellow_tripdata_: to list it") {
		t.Errorf("found %v", err)
	}
}

// TestAnOpenRangeOfAWebServerPassesGaps has a server that cannot be listed.
func TestAnOpenRangeOfAWebServerPassesGaps(t *testing.T) {
	for months, there := range map[string][]string{
		"2023-01..": {"2023-01", "2023-07", "2023-08"}, // a gap of five
		"2016-05..": {"2019-01", "2019-02"},            // no month before the one that TLC published long ago
		"2022-10..": {"2023-01", "2023-04"},            // no months after a long gap
	} {
		c := &cdn{there: func(name string) bool {
			m, _ := MonthOf(name)
			return m == probeMonth("yellow") || slices.Contains(there, FormatMonth(m)) || m > monthOf(2040, 1)
		}}
		if got, err := find(t, c, months); err != nil || !slices.Equal(present(got), there) {
			t.Errorf("%s: found %v, %v, expected %v", months, present(got), err, there)
		}
	}
}

func present(listing string) []string {
	return slices.DeleteFunc(strings.Fields(listing), func(s string) bool { return s[0] == '-' })
}

// TestCredentialsThatAreNotAcceptedEndTheSearch has answers 401, which mean neither "not there" nor "slow down".
func TestCredentialsThatAreNotAcceptedEndTheSearch(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	source := strings.Replace(server.URL, "http://", "http://someuser:verysecret@", 1)
	_, err := Finder{Source: source, Taxi: "yellow", Pause: time.Millisecond}.Find(t.Context(), Range{First: monthOf(2023, 1), Open: true})
	if !errors.Is(err, objstore.ErrCredentials) || asked.Load() > 4 {
		t.Errorf("found %v after %d requests", err, asked.Load())
	}
	text := fmt.Sprint(err)
	if strings.Contains(text, "secret") || strings.Contains(text, "someuser") || strings.Count(text, "401") != 1 || !strings.Contains(text, "the user and password in the address") {
		t.Errorf("found %s", text)
	}
}

func TestPrefixes(t *testing.T) {
	for source, want := range map[string]string{
		"https://h/trip-data":     "https://h/trip-data/",
		"https://h/trip-data//":   "https://h/trip-data/",
		"https://h/raw/{year}":    "https://h/raw/",
		"https://h/raw/y{year}/x": "https://h/raw/y",
		"gs://b":                  "gs://b/",
	} {
		f := Finder{Source: source, Taxi: "yellow"}
		if got := Prefix(source); got != want || !strings.HasPrefix(f.places(probeMonth("yellow"))[0], got) {
			t.Errorf("%s: found %s, expected %s, and of %v", source, got, want, f.places(probeMonth("yellow")))
		}
	}
}
