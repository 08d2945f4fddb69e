package tlc

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
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
		"2014":               "error",
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

// cdn is a web server with some months, that answers 403 for all others, and, when it is asked too often, for all.
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

func listing(found []Month) string {
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
	if err == nil || !strings.Contains(err.Error(), "surely exists") {
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
