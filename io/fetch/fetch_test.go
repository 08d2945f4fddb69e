package fetch

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/fault"
)

const (
	may2014  = "yellow_tripdata_2014-05.parquet"
	june2014 = "yellow_tripdata_2014-06.parquet"
	may2015  = "yellow_tripdata_2015-05.parquet"
)

var three = map[string]string{"2014/" + may2014: may2014, "2014/" + june2014: june2014, "2015/" + may2015: may2015}

func TestACleanFetchEqualsTheOrigin(t *testing.T) {
	o := newOrigin(t, may2014, june2014, may2015, "other.parquet")
	dir := filepath.Join(t.TempDir(), "new")
	sum, l := fetchTo(t, dir, o.jobs())
	want := maps.Clone(three)
	want["other.parquet"] = "other.parquet"
	o.wantTree(dir, want)
	if sum.Fetched != 4 || len(l.lines) != 4 || sum.Bytes != int64(len(o.content[may2014])+len(o.content[june2014])+len(o.content[may2015])+len(o.content["other.parquet"])) {
		t.Errorf("found %+v\n%s", sum, l)
	}
	if o.most != 1 {
		t.Errorf("found %d downloads at once, expected 1", o.most)
	}
	if len(o.log()) != 4 {
		t.Error("found more than a request a file")
	}
}

func TestUnchangedFilesAreNotFetchedAgain(t *testing.T) {
	o := newOrigin(t, may2014, june2014, may2015)
	dir := t.TempDir()
	fetchTo(t, dir, o.jobs())
	before := treeOf(t, dir)
	o.log()
	sum, l := fetchTo(t, dir, o.jobs())
	if sum.Unchanged != 3 || sum.Bytes != 0 || strings.Count(l.String(), "unchanged") != 3 {
		t.Errorf("found %+v\n%s", sum, l)
	}
	if !maps.Equal(before, treeOf(t, dir)) {
		t.Error("something has changed")
	}
	// One file is cut short, one is missing, and one was published again.
	if err := os.Truncate(filepath.Join(dir, "2014", may2014), 10); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "2014", june2014)); err != nil {
		t.Fatal(err)
	}
	o.put(may2015, parquet(t, 9))
	sum, l = fetchTo(t, dir, o.jobs())
	if sum.Fetched != 2 || sum.Republished != 1 || !strings.Contains(l.String(), "re-published 2015/"+may2015) {
		t.Errorf("found %+v\n%s", sum, l)
	}
	o.wantTree(dir, three)
}

func TestServersThatIgnoreConditionsDoNotSendUnchangedFilesInVain(t *testing.T) {
	o := newOrigin(t, may2014)
	o.fault = func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		w.Write(content) //nolint:errcheck // cut off by the client
		return true
	}
	dir := t.TempDir()
	fetchTo(t, dir, o.jobs())
	o.fault = func(_ int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		r.Header.Del("If-None-Match")
		return false
	}
	if sum, _ := fetchTo(t, dir, o.jobs()); sum.Unchanged != 1 || sum.Bytes != 0 {
		t.Errorf("found %+v", sum)
	}
}

func TestMonthsOfASource(t *testing.T) {
	o := newOrigin(t, may2014, june2014, "yellow_tripdata_2014-08.parquet")
	dir := t.TempDir()
	for _, c := range []struct {
		months, places, missing string
	}{
		{"2014-05..2014-06", "2014/" + may2014 + " 2014/" + june2014, ""},
		{"2014-06..", "2014/" + june2014 + " 2014/yellow_tripdata_2014-08.parquet", "2014-07"},
		{"2014-04..2014-05", "2014/" + may2014, "2014-04"},
	} {
		r, err := tlc.ParseRange(c.months, "yellow")
		if err != nil {
			t.Fatal(err)
		}
		jobs, missing, err := Months(t.Context(), tlc.Finder{Source: o.server.URL, Taxi: "yellow", Pause: time.Millisecond}, r)
		var places []string
		for _, j := range jobs {
			places = append(places, j.Place)
		}
		if err != nil || strings.Join(places, " ") != c.places || strings.Join(missing, " ") != c.missing {
			t.Errorf("%s: found %v, missing %v, %v", c.months, places, missing, err)
		}
		fetchTo(t, dir, jobs)
		o.log()
		if sum, _ := fetchTo(t, dir, jobs); sum.Unchanged != len(jobs) || len(o.log()) != 0 { // HEAD requests were enough
			t.Errorf("%s: found %+v again", c.months, sum)
		}
	}
	// The source is a folder in the layout of fetch.
	copied := t.TempDir()
	jobs, _, err := Months(t.Context(), tlc.Finder{Source: dir, Taxi: "yellow"}, tlc.Range{First: jobMonth(t, "2014-05"), Last: jobMonth(t, "2014-06")})
	if err != nil {
		t.Fatal(err)
	}
	fetchTo(t, copied, jobs)
	o.wantTree(copied, map[string]string{"2014/" + may2014: may2014, "2014/" + june2014: june2014})
}

func jobMonth(t *testing.T, s string) int32 {
	t.Helper()
	m, ok := tlc.MonthOf(s)
	if !ok {
		t.Fatal(s)
	}
	return m
}

func TestDownloadsAtOnceFromOneHost(t *testing.T) {
	o := newOrigin(t, may2014, june2014, may2015, "a.parquet", "b.parquet", "c.parquet")
	for perHost, most := range map[int]int{0: 1, 1: 1, 3: 3} {
		var asked atomic.Int32
		together := make(chan struct{})
		o.fault = func(int, http.ResponseWriter, *http.Request, []byte) bool { // requests are answered only when the allowed number has arrived
			switch n := int(asked.Add(1)); {
			case n == most:
				close(together)
			case n < most:
				select {
				case <-together:
				case <-time.After(time.Minute):
				}
			}
			return false
		}
		o.most = 0
		cfg, _ := quick(t.TempDir())
		cfg.PerHost = perHost
		if _, err := Run(t.Context(), cfg, o.jobs()); err != nil || o.most != most {
			t.Errorf("--per-host=%d: found %d at once, %v, expected %d", perHost, o.most, err, most)
		}
	}
}

func TestABucketAsDestination(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	store := newMemory()
	objstore.Register("mem", store)
	o := newOrigin(t, may2014, june2014, may2015)
	fetchTo(t, "mem://bucket/raw", o.jobs())
	for place, name := range three {
		if got := store.content["mem://bucket/raw/"+place]; string(got) != string(o.content[name]) {
			t.Errorf("%s: found %d bytes", place, len(got))
		}
	}
	local := t.TempDir()
	fetchTo(t, local, o.jobs())
	if got := treeOf(t, local)[ManifestName]; got != string(store.content["mem://bucket/raw/"+ManifestName]) {
		t.Errorf("the manifest is another one than in a folder: %s", got)
	}
	if left := treeOf(t, os.Getenv("XDG_CACHE_HOME")); len(left) != 0 {
		t.Errorf("left behind: %v", slices.Collect(maps.Keys(left)))
	}
	puts := store.puts
	if sum, _ := fetchTo(t, "mem://bucket/raw", o.jobs()); sum.Unchanged != 3 || store.puts != puts {
		t.Errorf("again: found %+v", sum)
	}
	// From a bucket, through the same code.
	jobs, err := ParseList(objstore.Access{}, strings.NewReader("mem://bucket/raw/2014/"+may2014))
	if err != nil {
		t.Fatal(err)
	}
	back := t.TempDir()
	fetchTo(t, back, jobs)
	o.wantTree(back, map[string]string{"2014/" + may2014: may2014})

	// Another machine writes the manifest meanwhile: the entries of both are kept.
	b, err := newBucket(objstore.Access{}, "mem://bucket/raw")
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.readManifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	delete(m, "2014/"+may2014)
	if _, err := store.Put(t.Context(), "mem://bucket/raw/"+ManifestName, store.content["mem://bucket/raw/"+ManifestName], objstore.Condition{}); err != nil {
		t.Fatal(err)
	}
	if err := b.writeManifest(t.Context(), m); err != nil || len(m) != 3 {
		t.Errorf("found %d files, %v", len(m), err)
	}
	if err := b.close(); err != nil {
		t.Error(err)
	}
}

func TestTwoFetchesToOneFolderDoNotMix(t *testing.T) {
	o := newOrigin(t, may2014)
	dir := t.TempDir()
	held, err := newTarget(objstore.Access{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	cfg, _ := quick(dir)
	if _, err := Run(t.Context(), cfg, o.jobs()); fault.Find(err) == nil || fault.Find(err).Code != fault.Conflict {
		t.Errorf("found %v", err)
	}
	if err := held.close(); err != nil {
		t.Fatal(err)
	}
	fetchTo(t, dir, o.jobs())
	o.wantTree(dir, map[string]string{"2014/" + may2014: may2014})
}

// TestWhatAKilledRunLeavesIsTakenUp puts the destination into each state in which a killed run may leave it.
func TestWhatAKilledRunLeavesIsTakenUp(t *testing.T) {
	o := newOrigin(t, may2014)
	clean := t.TempDir()
	fetchTo(t, clean, o.jobs())
	content, place := o.content[may2014], "2014/"+may2014
	whole := sidecar{Version: o.tag[may2014], Size: int64(len(content)), Kept: int64(len(content)), SHA256: "x"}
	for name, c := range map[string]struct {
		part     int // bytes, -1 for no part file
		final    bool
		sidecar  func(*sidecar) // nil for none
		manifest bool
		asks     string // Range, or 304
	}{
		"nothing":                          {-1, false, nil, false, ""},
		"an empty part":                    {0, false, nil, false, ""},
		"a part without sidecar":           {5000, false, nil, false, ""},
		"a part":                           {5000, false, func(s *sidecar) { s.Kept = 5000 }, false, "bytes=5000-"},
		"a part, not all of it for sure":   {5000, false, func(s *sidecar) { s.Kept = 4000 }, false, "bytes=4000-"},
		"a part of another address":        {5000, false, func(s *sidecar) { s.URL = strings.Repeat("0", 64) }, false, ""},
		"a part of an old version":         {5000, false, func(s *sidecar) { s.Version = `"old"` }, false, "bytes=5000-"},
		"a whole part":                     {len(content), false, func(s *sidecar) { s.SHA256 = "" }, false, "last byte"},
		"a whole part, verified":           {len(content), false, func(*sidecar) {}, false, "last byte"},
		"renamed, not in the manifest":     {-1, true, func(*sidecar) {}, false, "304"},
		"renamed and in the manifest":      {-1, true, func(*sidecar) {}, true, "304"},
		"all done but an empty part":       {0, true, nil, true, "304"},
		"part of what is there already":    {5000, true, func(s *sidecar) { s.Kept = 5000 }, true, "bytes=5000-"},
		"a sidecar that promises too much": {10, false, func(s *sidecar) { s.Kept = 5000 }, false, "bytes=10-"},
		"there, but not in the manifest":   {-1, true, nil, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(place string, b []byte) {
				t.Helper()
				if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(place)), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, place), b, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			m, err := decodeManifest([]byte(treeOf(t, clean)[ManifestName]))
			if err != nil {
				t.Fatal(err)
			}
			p := newPart(filepath.Join(dir, "2014", "."+may2014+".part"), o.url(may2014))
			if c.part >= 0 {
				write("2014/."+may2014+".part", content[:c.part])
			}
			if c.final {
				write(place, content)
			}
			if c.sidecar != nil {
				write("2014/."+may2014+".part", content[:max(0, c.part)])
				p.sidecar = whole
				p.URL, p.SHA256 = p.url, m[place].SHA256
				c.sidecar(&p.sidecar)
				p.url = p.URL // which is what save writes
				if err := p.save(); err != nil {
					t.Fatal(err)
				}
				if c.part < 0 {
					os.Remove(filepath.Join(dir, "2014", "."+may2014+".part"))
				}
			}
			if c.manifest {
				write(ManifestName, m.encode())
			}
			write("."+ManifestName+".tmp", []byte("half"))
			write(".fetch.lock", nil)
			o.log()
			sum, l := fetchTo(t, dir, o.jobs())
			if !maps.Equal(treeOf(t, dir), treeOf(t, clean)) {
				t.Errorf("found %v", slices.Sorted(maps.Keys(treeOf(t, dir))))
			}
			asked := o.log()
			switch {
			case len(asked) != 1:
				t.Errorf("found requests %v", asked)
			case c.asks == "304":
				if sum.Bytes != 0 {
					t.Errorf("found %d bytes fetched\n%s", sum.Bytes, l)
				}
			case c.asks == "last byte":
				if sum.Bytes != 1 {
					t.Errorf("found %d bytes fetched", sum.Bytes)
				}
			case asked[0] != strings.TrimSpace("GET "+may2014+" "+c.asks):
				t.Errorf("found request %s, expected %s", asked[0], c.asks)
			}
		})
	}
}
