package parquetio

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// TestPiecesCoverWhatIsNeeded protects the bounds that reading from a store is held to, for column chunks of any sizes.
func TestPiecesCoverWhatIsNeeded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		var chunks []chunkSpan
		off, needed := int64(4), int64(0)
		for column := range 1 + r.IntN(30) {
			size := r.Int64N(1 << r.IntN(27))
			if r.IntN(2) == 0 && size > 0 {
				chunks = append(chunks, chunkSpan{span{off, off + size}, column})
				needed += size
			}
			off += size
		}
		planned := planRequests(chunks)
		if !slices.IsSortedFunc(planned, func(a, b span) int { return int(a.end - b.off - 1) }) {
			t.Fatalf("round %d: requests overlap: %v", round, planned)
		}
		fetched := int64(0)
		for _, p := range planned {
			if fetched += p.len(); p.len() > 2*requestBytes {
				t.Fatalf("round %d: a request of %d bytes", round, p.len())
			}
		}
		if most := needed + needed/20 + 256<<10 - tailBytes; fetched > most {
			t.Errorf("round %d: %d bytes to fetch for %d, at most %d", round, fetched, needed, most)
		}
		for _, c := range chunks {
			at := c.off
			for _, p := range planned {
				if p.off <= at && at < p.end {
					at = p.end
				}
			}
			if at < c.end {
				t.Fatalf("round %d: %v is not covered by %v", round, c, planned)
			}
		}
	}
}

// web serves a folder, and counts.
type web struct {
	requests, bytes atomic.Int64
	latency         time.Duration
	handler         http.Handler
}

func (w *web) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	time.Sleep(w.latency)
	w.requests.Add(1)
	counted := &countingWriter{ResponseWriter: out, bytes: &w.bytes}
	if f, err := os.Stat(filepath.Join(string(w.handler.(folder)), r.URL.Path)); err == nil {
		out.Header().Set("ETag", fmt.Sprintf(`"%d-%d"`, f.Size(), f.ModTime().UnixNano()))
	}
	w.handler.ServeHTTP(counted, r)
}

type folder string

func (f folder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.FileServer(http.Dir(f)).ServeHTTP(w, r)
}

type countingWriter struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.bytes.Add(int64(n))
	return n, err
}

// serve serves a file and returns it as it is matched there.
func serve(tb testing.TB, path string) (*web, element.Recognised) {
	tb.Helper()
	w := &web{handler: folder(filepath.Dir(path))}
	server := httptest.NewServer(w)
	tb.Cleanup(server.Close)
	objects, err := objstore.Access{}.Match(context.Background(), []string{server.URL + "/" + filepath.Base(path)})
	if err != nil {
		tb.Fatal(err)
	}
	f, err := ReadFooter(context.Background(), objstore.Access{}, Files(objects)[0])
	if err != nil {
		tb.Fatal(err)
	}
	return w, f
}

// onDisk stores a test file and returns it with its path.
func onDisk(tb testing.TB, rowGroups ...int64) (element.Recognised, string) {
	tb.Helper()
	f := testFile(tb, rowGroups...)
	return f, f.URI
}

// TestARemoteFileIsReadAsALocalOne reads every row of files of many forms over HTTP, whole and from a row group on.
func TestARemoteFileIsReadAsALocalOne(t *testing.T) {
	for _, rowGroups := range [][]int64{{100, 1, 0, batchRows + 5, 3 * batchRows}, {200_000}, {0}, {5, 5, 5, 5, 5, 5, 5, 5, 5, 5}} {
		local, path := onDisk(t, rowGroups...)
		_, remote := serve(t, path)
		remote.Projection, remote.UnitBytes = local.Projection, local.UnitBytes
		for start := range min(3, len(rowGroups)) {
			r := offsetrange.Restriction{Start: int64(start), End: int64(len(rowGroups))}
			want, _, err := process(local, new(readFn).CreateTracker(r), func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := process(remote, new(readFn).CreateTracker(r), func(int) {})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%v from %d: %d rows, %v, expected %d", rowGroups, start, len(got), err, len(want))
			}
		}
	}
	if taken := ahead.Load(); taken != 0 {
		t.Errorf("%d bytes of the budget to read ahead are taken, expected none", taken)
	}
}

// TestAProjectionOverTheNetworkStaysWithinItsBounds counts bytes and requests: at most 1.05 times the column chunks and
// 256 KiB, in at most 4 requests and one for each 4 MiB.
func TestAProjectionOverTheNetworkStaysWithinItsBounds(t *testing.T) {
	_, path := onDisk(t, 1_500_000)
	for _, projection := range [][]int{{0}, {0, 4}, {0, 2, 3, 4, 5}} {
		w, f := serve(t, path)
		needed := int64(0)
		f.Projection, f.UnitBytes = projection, []int64{0}
		for _, c := range projection {
			needed += f.Columns[c].ChunkBytes[0]
		}
		rows := int64(0)
		if err := new(readFn).ProcessElement(t.Context(), new(readFn).CreateTracker(offsetrange.Restriction{End: 1}), workOf(f), func(l element.ColumnsList) { rows += rowsIn(l) }); err != nil || rows != f.Rows {
			t.Fatalf("%d rows, %v", rows, err)
		}
		requests, bytes := w.requests.Load()-1, w.bytes.Load() // one was to match it
		t.Logf("%d columns: %d bytes for %d in %d requests", len(projection), bytes, needed, requests)
		if most := needed + needed/20 + 256<<10; bytes > most {
			t.Errorf("%d columns: %d bytes, at most %d", len(projection), bytes, most)
		}
		if most := 4 + (needed+4<<20-1)/(4<<20); requests > most {
			t.Errorf("%d columns: %d requests, at most %d", len(projection), requests, most)
		}
	}
}

// TestAFileThatChangesWhileItIsReadIsAnErrorThatSaysSo replaces the file after its footer was read.
func TestAFileThatChangesWhileItIsReadIsAnErrorThatSaysSo(t *testing.T) {
	local, path := onDisk(t, 100_000)
	_, f := serve(t, path)
	f.Projection, f.UnitBytes = local.Projection, local.UnitBytes
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(content, 'x'), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = process(f, new(readFn).CreateTracker(offsetrange.Restriction{End: 1}), func(int) {})
	if got := fault.Find(err); got == nil || got.Code != fault.Input || !strings.Contains(got.Message, "has changed since it was matched") || strings.Contains(got.Message, "damaged") {
		t.Errorf("found %v", err)
	}
}

// TestReadingAheadEndsWithTheReader gives up in the middle of a file, which must leave no goroutine and no debt.
func TestReadingAheadEndsWithTheReader(t *testing.T) {
	local, path := onDisk(t, 300_000)
	_, f := serve(t, path)
	f.Projection, f.UnitBytes = local.Projection, local.UnitBytes
	ctx, cancel := context.WithCancel(t.Context())
	err := new(readFn).ProcessElement(ctx, new(readFn).CreateTracker(offsetrange.Restriction{End: 1}), workOf(f), func(element.ColumnsList) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("found %v", err)
	}
	if taken := ahead.Load(); taken != 0 {
		t.Errorf("%d bytes of the budget to read ahead are taken, expected none", taken)
	}
}
