package fetch

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// status answers the first GET requests for a file with a status.
func status(code, times int, header ...string) func(int, http.ResponseWriter, *http.Request, []byte) bool {
	return func(n int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		if n > times {
			return false
		}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		return true
	}
}

// page answers with something other than the file.
func page(content string, header ...string) func(int, http.ResponseWriter, *http.Request, []byte) bool {
	return func(_ int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		io.WriteString(w, content) //nolint:errcheck // the test sees what came
		return true
	}
}

// breaking sends some bytes of each answer and then resets the connection, or ends it.
func breaking(times, bytesEach int, reset bool) func(int, http.ResponseWriter, *http.Request, []byte) bool {
	return func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if n > times {
			return false
		}
		from := rangeOf(r)
		if from > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)-from))
		if from > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(content[from:min(len(content), from+bytesEach)]) //nolint:errcheck // it breaks off
		w.(http.Flusher).Flush()
		if reset {
			panic(http.ErrAbortHandler)
		}
		return true
	}
}

func rangeOf(r *http.Request) (from int) {
	fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from) //nolint:errcheck // 0 without
	return from
}

type faultFunc = func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool

func TestFaultsGiveTheRightFileOrAClearError(t *testing.T) {
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	zip.Write(parquet(t, 0)) //nolint:errcheck // to memory
	zip.Close()              //nolint:errcheck // to memory
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(parquet(t, 0)) //nolint:errcheck // the test sees what came
	}))
	t.Cleanup(elsewhere.Close)
	redirect := func(to string) faultFunc { return status(http.StatusFound, 99, "Location", to) }
	for name, c := range map[string]struct {
		fault faultFunc
		code  fault.Code // OK for the right file
		words string     // words of the error, or the most that may have been sent, in multiples of the file
	}{
		"403":                              {status(403, 99), fault.Input, "403"},
		"404":                              {status(404, 99), fault.Input, "404"},
		"410":                              {status(410, 99), fault.Input, "410"},
		"418":                              {status(418, 99), fault.Input, "418"},
		"206 unasked":                      {status(206, 99), fault.Input, "206"},
		"304 unasked":                      {status(304, 99), fault.Input, "304"},
		"429 for a while":                  {status(429, 3), fault.OK, ""},
		"429 for ever":                     {status(429, 99), fault.Unavailable, "429"},
		"500 for a while":                  {status(500, 3), fault.OK, ""},
		"500 for ever":                     {status(500, 99), fault.Unavailable, "500"},
		"503 for a while":                  {status(503, 3, "Retry-After", "nonsense"), fault.OK, ""},
		"503 for ever":                     {status(503, 99), fault.Unavailable, "tried 5 times"},
		"reset before anything comes":      {breaking(3, 0, true), fault.OK, ""},
		"reset in the middle":              {breaking(3, 20_000, true), fault.OK, ""},
		"reset in the magic bytes":         {breaking(3, 3, true), fault.OK, ""},
		"reset for ever":                   {breaking(99, 10, true), fault.Unavailable, "breaks off"},
		"short body":                       {breaking(3, 20_000, false), fault.OK, ""},
		"short body for ever":              {breaking(99, 10, false), fault.Unavailable, "breaks off"},
		"an HTML page":                     {page("<!DOCTYPE html><html>sig=topsecret</html>", "Content-Type", "text/html"), fault.Input, "HTML page"},
		"an HTML page of a parquet ending": {page("<html>PAR1"), fault.Input, "HTML page"},
		"an error as XML":                  {page("<?xml version='1.0'?><Error/>"), fault.Input, "XML"},
		"JSON":                             {page(`{"error":"x"}`), fault.Input, "JSON"},
		"nothing":                          {page(""), fault.Input, "found nothing"},
		"two bytes":                        {page("PA"), fault.Input, "not a parquet file"},
		"magic bytes alone":                {page("PAR1"), fault.Input, "not a parquet file"},
		"a footer that is none":            {page("PAR1" + strings.Repeat("x", 100) + "\x10\x00\x00\x00PAR1"), fault.Input, "footer"},
		"gzip in transit":                  {page(zipped.String(), "Content-Encoding", "gzip"), fault.Input, "gzip"},
		"a gzip file":                      {page(zipped.String()), fault.Input, "gzip"},
		"sent on to another host":          {redirect(elsewhere.URL + "/x.parquet"), fault.OK, ""},
		"sent on without encryption":       {redirect("http://192.0.2.1/x.parquet?sig=topsecret"), fault.Input, "not encrypted"},
		"sent on to a file":                {redirect("file:///etc/passwd"), fault.Input, "scheme"},
		"sent on to itself": {func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return true
		}, fault.Input, "sent on"},
		"no answer at all":                  {func(_ int, _ http.ResponseWriter, r *http.Request, _ []byte) bool { <-r.Context().Done(); return true }, fault.Unavailable, "too slow"},
		"chunks, of no known length":        {chunked(false), fault.OK, ""},
		"chunks that break off":             {chunked(true), fault.Unavailable, "breaks off"},
		"a server without ranges":           {withoutRanges(2), fault.OK, ""},
		"a server without ranges, for ever": {withoutRanges(99), fault.Unavailable, "breaks off"},
		"a wrong range":                     {wrongRange, fault.OK, ""},
		"another version in between":        {newVersion, fault.OK, ""},
		"another version in every answer":   {newVersions, fault.Unavailable, "tried"},
		"206 of another version":            {ignoresIfRange, fault.OK, ""},
		"a slow drip":                       {drip, fault.OK, ""},
		"a stall in the middle":             {stalls(2), fault.OK, ""},
		"a stall for ever":                  {stalls(99), fault.Unavailable, "too slow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t, may2014, june2014)
			o.fault = func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
				return strings.HasSuffix(r.URL.Path, may2014) && c.fault(n, w, r, content)
			}
			dir := t.TempDir()
			cfg, l := quick(dir)
			_, err := Run(t.Context(), cfg, o.jobs())
			found := treeOf(t, dir)
			if found["2014/"+june2014] != string(o.content[june2014]) {
				t.Error("the other file was not fetched")
			}
			for place := range found {
				if strings.Contains(place, ".part") && c.code == fault.Input {
					t.Errorf("%s was left behind", place)
				}
			}
			text := fmt.Sprint(err, l, found[ManifestName])
			if strings.Contains(text, "topsecret") {
				t.Errorf("a secret is shown: %s", text)
			}
			if c.code == fault.OK {
				if err != nil {
					t.Fatalf("found %v", err)
				}
				o.wantTree(dir, map[string]string{"2014/" + may2014: may2014, "2014/" + june2014: june2014})
				return
			}
			if f := fault.Find(err); f == nil || f.Code != c.code || !strings.Contains(f.Message, c.words) || !strings.Contains(f.Message, may2014) {
				t.Errorf("found %v, expected exit code %d and %q", err, c.code, c.words)
			}
			if _, there := found["2014/"+may2014]; there {
				t.Error("something stands under the final name")
			}
			// When the server works again, the same fetch succeeds.
			o.mu.Lock()
			o.fault = nil
			o.mu.Unlock()
			fetchTo(t, dir, o.jobs())
			o.wantTree(dir, map[string]string{"2014/" + may2014: may2014, "2014/" + june2014: june2014})
		})
	}
}

func chunked(broken bool) faultFunc {
	return func(_ int, w http.ResponseWriter, _ *http.Request, content []byte) bool {
		w.Write(content[:len(content)/2]) //nolint:errcheck // the test sees what came
		w.(http.Flusher).Flush()
		if broken {
			panic(http.ErrAbortHandler)
		}
		w.Write(content[len(content)/2:]) //nolint:errcheck // the test sees what came
		return true
	}
}

func withoutRanges(times int) faultFunc {
	return func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		r.Header.Del("Range")
		return breaking(times, 50_000, true)(n, w, r, content)
	}
}

func wrongRange(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
	if n == 2 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(content)-1, len(content)))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(content) //nolint:errcheck // it is refused
		return true
	}
	return breaking(1, 50_000, true)(n, w, r, content)
}

// newVersion serves another version from the second request on. http.ServeContent honours If-Range.
func newVersion(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
	if n == 1 {
		w.Header().Set("ETag", `"older"`)
		other := bytes.Repeat([]byte("x"), len(content))
		copy(other, "PAR1")
		return breaking(1, 50_000, true)(n, w, r, other)
	}
	return false
}

func newVersions(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
	r.Header.Del("Range")
	w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
	return breaking(99, 50_000, true)(n, w, r, content)
}

func ignoresIfRange(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
	if n == 2 {
		r.Header.Del("If-Range")
	}
	if n == 1 {
		w.Header().Set("ETag", `"older"`)
	}
	return breaking(1, 50_000, true)(n, w, r, content)
}

func drip(_ int, w http.ResponseWriter, _ *http.Request, content []byte) bool {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	for part := range 20 {
		w.Write(content[len(content)*part/20 : len(content)*(part+1)/20]) //nolint:errcheck // the test sees what came
		w.(http.Flusher).Flush()
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

func stalls(times int) faultFunc {
	return func(n int, w http.ResponseWriter, r *http.Request, content []byte) bool {
		if n > times {
			return false
		}
		breaking(99, 50, false)(n, w, r, content)
		<-r.Context().Done()
		return true
	}
}

func TestRetryAfterIsMinded(t *testing.T) {
	for _, code := range []int{429, 503} {
		o := newOrigin(t, may2014)
		o.fault = status(code, 1, "Retry-After", "1")
		start := time.Now()
		fetchTo(t, t.TempDir(), o.jobs())
		if took := time.Since(start); took < time.Second {
			t.Errorf("%d: asked again after %v, expected a second", code, took)
		}
	}
}

func TestAFileThatIsRefusedThoughItIsThereIsAskedForAgain(t *testing.T) {
	o := newOrigin(t, may2014)
	o.fault = status(403, 3)
	jobs := o.jobs()
	jobs[0].Object.URI, jobs[0].Object.Size = jobs[0].URI, int64(len(o.content[may2014]))
	dir := t.TempDir()
	fetchTo(t, dir, jobs)
	o.wantTree(dir, map[string]string{"2014/" + may2014: may2014})
}

func TestAHostThatIsDownIsGivenUp(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("f%02d.parquet", i))
	}
	o := newOrigin(t, names...)
	o.fault = status(500, 99)
	cfg, _ := quick(t.TempDir())
	if _, err := Run(t.Context(), cfg, o.jobs()); err == nil || !strings.Contains(err.Error(), "20 of 20") {
		t.Errorf("found %v", err)
	}
	if n := len(o.log()); n != mostInRow*cfg.Patience.Attempts {
		t.Errorf("found %d requests", n)
	}
}

func TestADamagedPartIsFetchedAnewOnce(t *testing.T) {
	o := newOrigin(t, may2014)
	dir := t.TempDir()
	p := newPart(filepath.Join(dir, "2014", "."+may2014+".part"), o.url(may2014))
	bad := bytes.Repeat([]byte{0}, len(o.content[may2014])-10)
	if err := os.MkdirAll(filepath.Join(dir, "2014"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.path, bad, 0o666); err != nil {
		t.Fatal(err)
	}
	p.sidecar = sidecar{Version: o.tag[may2014], Size: int64(len(o.content[may2014])), Kept: int64(len(bad))}
	if err := p.save(); err != nil {
		t.Fatal(err)
	}
	fetchTo(t, dir, o.jobs())
	o.wantTree(dir, map[string]string{"2014/" + may2014: may2014})
}

func TestADestinationThatCannotBeWritten(t *testing.T) {
	o := newOrigin(t, may2014)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "2014"), nil, 0o666); err != nil { // where the folder should be
		t.Fatal(err)
	}
	cfg, _ := quick(dir)
	if _, err := Run(t.Context(), cfg, o.jobs()); fault.Find(err) == nil || fault.Find(err).Code != fault.Failed {
		t.Errorf("found %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, ManifestName), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), cfg, o.jobs()); fault.Find(err) == nil || fault.Find(err).Code != fault.Input || !strings.Contains(err.Error(), ManifestName) {
		t.Errorf("found %v", err)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	o := newOrigin(t, may2014, june2014)
	o.fault = func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if strings.HasSuffix(r.URL.Path, june2014) {
			w.Header().Set("Location", "http://%zz/"+r.URL.RawQuery) // which package net/http quotes
			w.WriteHeader(http.StatusFound)
			return true
		}
		return false
	}
	host := strings.TrimPrefix(o.server.URL, "http://")
	var list strings.Builder
	for _, name := range []string{may2014, june2014} {
		fmt.Fprintf(&list, "http://someuser:pass%%20word@%s/%s?sig=topsecret&X-Amz-Credential=AKIAKEY#part\n", host, name)
	}
	jobs, err := ParseList(objstore.Access{}, strings.NewReader(list.String()))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cfg, l := quick(dir)
	_, err = Run(t.Context(), cfg, jobs)
	if err == nil {
		t.Error("found no error")
	}
	shown := fmt.Sprint(err, l, treeOf(t, dir)[ManifestName])
	for _, word := range []string{"someuser", "pass", "word", "topsecret", "AKIAKEY", "#part"} {
		if strings.Contains(shown, word) {
			t.Errorf("found %q in %s", word, shown)
		}
	}
	if !strings.Contains(shown, `"source": "http://`+host+"/"+may2014+`"`) {
		t.Errorf("found %s", shown)
	}
}
