// Package fetch downloads files to a folder or a bucket: politely, so that a stop at any moment costs next to nothing,
// and so that a file under its final name is whole.
//
//   - Polite: a host is asked for one file at a time unless more are wanted, and left alone for as long as it says.
//   - Resumable: a download goes to a part file with a sidecar, and is continued from there by the next attempt or run if
//     the server still has the same version.
//   - Verified: length, parquet at both ends, a footer that can be read; the SHA-256 stands in the manifest.
//   - What the manifest has in the version that the source has is not fetched again.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// Job is one file to fetch.
type Job struct {
	URI    string
	Place  string          // below the destination: see [Place]
	Object objstore.Object // what the source said of it, if it has been asked
	Err    error           // why it cannot be fetched, if that is known already
}

// Config is how files are fetched.
type Config struct {
	Dest     string
	Access   objstore.Access   // to the sources and the destination
	PerHost  int               // downloads under way at once from one host
	Patience objstore.Patience // with a source that fails
	Refused  time.Duration     // before a file that is known to exist and was refused is asked for again; it doubles
	Stall    time.Duration     // in which at least leastBytes must come
	Report   func(e Event)     // is told what happens, from several goroutines, one at a time
}

// DefaultConfig is what suits a public source.
func DefaultConfig(dest string) Config {
	return Config{Dest: dest, PerHost: 1, Patience: objstore.DefaultPatience(), Refused: 5 * time.Second, Stall: 30 * time.Second, Report: func(Event) {}}
}

// MostPerHost is how many downloads one host may be asked for at once.
const MostPerHost = 8

// mostAtOnce is how many downloads may be under way in all.
const mostAtOnce = 8

// EventType is what happens to a file.
type EventType int

// What happens to a file: it is Started, makes Progress, perhaps Waits, and then one of the others.
const (
	Started EventType = iota
	Progress
	Waits       // a request has failed, and is made again later
	Fetched     // it is there now
	Unchanged   // it was there, in the version that the source has
	Republished // it was there, in another version than the source has now, and has been fetched again
	Failed
)

// Event tells what happens to a file.
type Event struct {
	Type  EventType
	Place string
	Done  int64 // bytes that are there
	Size  int64 // bytes of the whole file, -1 if that is not known
	Took  time.Duration
	Err   error // of Failed and Waits
}

// Summary is what came of a run.
type Summary struct {
	Fetched, Unchanged, Republished int
	Bytes                           int64 // that came from the source
	Failed                          []string
}

// Files is how many files are as the source has them.
func (s Summary) Files() int { return s.Fetched + s.Unchanged + s.Republished }

// run is a run of Run.
type run struct {
	cfg  Config
	dest target

	mu   sync.Mutex // guards all below, and calls of Report
	have manifest
	sum  Summary
	errs []error
}

// Run fetches files. One that fails does not stop the others; the error then names all that have failed, and what is
// known of each has been reported. Errors are faults.
func Run(ctx context.Context, cfg Config, jobs []Job) (sum Summary, err error) {
	dest, err := newTarget(cfg.Access, cfg.Dest)
	switch {
	case errors.Is(err, ErrBusy):
		return sum, fault.New(fault.Conflict, "%v; run again when it is done", err)
	case err != nil:
		return sum, fault.New(fault.Failed, "--dest: %v", err)
	}
	defer func() { err = errors.Join(err, dest.close()) }()
	r := &run{cfg: cfg, dest: dest}
	r.have, err = dest.readManifest(ctx)
	switch {
	case fault.CodeOf(err, fault.OK) == fault.Unavailable:
		return sum, fault.New(fault.Unavailable, "--dest: %v", err)
	case err != nil:
		return sum, fault.Inputf("%s: %v; move it away, and all is fetched anew", objstore.Join(objstore.Redact(cfg.Dest), ManifestName), objstore.Reason(err))
	}
	r.all(ctx, jobs)
	slices.Sort(r.sum.Failed)
	if ctx.Err() != nil {
		return r.sum, ctx.Err()
	}
	return r.sum, r.outcome(len(jobs))
}

// all fetches files, those of one host in their order.
func (r *run) all(ctx context.Context, jobs []Job) {
	var order []string
	byHost := map[string][]Job{}
	for _, j := range jobs {
		h := hostOf(j.URI)
		if byHost[h] == nil {
			order = append(order, h)
		}
		byHost[h] = append(byHost[h], j)
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, mostAtOnce)
	for _, name := range order {
		h, queue := &host{}, make(chan Job, len(byHost[name]))
		for _, j := range byHost[name] {
			queue <- j
		}
		close(queue)
		for range min(max(1, r.cfg.PerHost), MostPerHost, len(queue)) {
			wg.Go(func() {
				for j := range queue {
					select {
					case slots <- struct{}{}:
					case <-ctx.Done():
						return
					}
					r.fetchOne(ctx, j, h)
					<-slots
				}
			})
		}
	}
	wg.Wait()
}

func hostOf(uri string) string {
	if u, err := url.Parse(uri); err == nil {
		return strings.ToLower(u.Host)
	}
	return ""
}

// mostInRow is how many files of a host may fail one after the other, each after all its attempts, before the host is
// given up.
const mostInRow = 5

// host is a host that is asked by several workers.
type host struct {
	mu    sync.Mutex
	until time.Time // it asked to be left alone until then
	inRow int       // files that failed since the last that did not
}

// done counts how a file went.
func (h *host) done(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil || !objstore.IsTemporary(err) {
		h.inRow = 0
		return
	}
	h.inRow++
}

// down tells whether the host is given up.
func (h *host) down() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.inRow >= mostInRow
}

// leave keeps all workers from a host for a while.
func (h *host) leave(wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := time.Now().Add(wait); t.After(h.until) {
		h.until = t
	}
}

// wait waits until the host may be asked.
func (h *host) wait(ctx context.Context) error {
	for {
		h.mu.Lock()
		left := time.Until(h.until)
		h.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetchOne fetches a file and reports the result.
func (r *run) fetchOne(ctx context.Context, j Job, h *host) {
	d := &download{run: r, job: j, host: h, part: newPart(r.dest.part(j.Place), j.URI)}
	start := time.Now()
	happened, err := Failed, j.Err
	switch {
	case err != nil:
	case h.down():
		err = objstore.Temporary(fmt.Errorf("not tried, because %d files before it have failed there", mostInRow))
	default:
		happened, err = d.fetch(ctx)
		h.done(err)
	}
	if ctx.Err() != nil && err != nil {
		return
	}
	e := Event{Type: happened, Place: j.Place, Done: d.whole, Size: d.whole, Took: time.Since(start)}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Bytes += d.received
	switch {
	case err != nil:
		f := faultOf(err)
		f.Message = objstore.Hide(f.Message, j.URI) // other packages may quote the address
		e.Type, e.Err = Failed, f
		r.sum.Failed = append(r.sum.Failed, j.Place)
		r.errs = append(r.errs, f)
	case happened == Fetched:
		r.sum.Fetched++
	case happened == Republished:
		r.sum.Republished++
	case happened == Unchanged:
		r.sum.Unchanged++
	}
	r.cfg.Report(e)
}

func (r *run) report(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cfg.Report(e)
}

// keep puts a file in the manifest.
func (r *run) keep(ctx context.Context, e Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.have[e.Path] = e
	if err := r.dest.writeManifest(ctx, r.have); err != nil {
		return localError{fmt.Errorf("%s: %w", ManifestName, err)}
	}
	return nil
}

func (r *run) entry(place string) (Entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.have[place]
	return e, ok
}

// faultOf returns an error with its exit code: Failed for a fault on this machine, Unavailable for a fault that may go away,
// otherwise Input, because the source would give the same answer again.
func faultOf(err error) *fault.Fault {
	if f := fault.Find(err); f != nil {
		return fault.New(f.Code, "%s", f.Message)
	}
	var own localError
	switch {
	case errors.As(err, &own):
		return fault.New(fault.Failed, "%v", err)
	case objstore.IsTemporary(err):
		return fault.New(fault.Unavailable, "%v", err)
	}
	return fault.Inputf("%v", err)
}

// outcome returns one error for all files that failed. Faults on this machine come first, then faults that may go away: a
// second try gets further.
func (r *run) outcome(of int) error {
	if len(r.errs) == 0 {
		return nil
	}
	first := fault.Find(r.errs[0])
	code := fault.Input
	for _, err := range r.errs {
		switch c := fault.Find(err).Code; {
		case c == fault.Unavailable && code == fault.Input:
			code = c
		case c != fault.Input && c != fault.Unavailable:
			code = fault.Failed
		}
	}
	if len(r.errs) == 1 {
		return fault.New(code, "%s: %s", r.sum.Failed[0], first.Message)
	}
	return fault.New(code, "%d of %d files failed: %s; the same again fetches only these", len(r.errs), of, strings.Join(r.sum.Failed, ", "))
}
