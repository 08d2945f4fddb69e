package objstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"
)

// remoteStaging publishes to a store. A store has no rename, and no lock that ends with a process. So what is staged is
// kept in memory, as tables are small; the lock is an object that its holder writes anew from time to time, and that is
// taken from a holder who does not; and a published object is replaced only in the version that it had when the lock was
// taken, so that what a holder wrote who has lost the lock, and does not know it yet, is refused.
type remoteStaging struct {
	ctx    context.Context
	store  *retrying
	output string
	id     string
	staged map[string][]byte
	before map[string]string // version of each place when the lock was taken; "" where there was nothing

	stop func() // ends the renewal of the lock and waits for that

	mu      sync.Mutex
	version string // of the lock
	renewed time.Time
	lost    error
}

// The lock is renewed every leaseRenewed. Who finds it not renewed for leaseExpires takes it. Who finds it renewed that
// long is busy. Variables, for tests.
var (
	leaseRenewed = 8 * time.Second
	leaseExpires = 30 * time.Second
	leasePoll    = 500 * time.Millisecond
)

func newRemoteStaging(ctx context.Context, output, id string, places []string) (*remoteStaging, error) {
	s, err := storeOf(ctx, output)
	if err != nil {
		return nil, err
	}
	r := &remoteStaging{ctx: ctx, store: s, output: output, id: id, staged: map[string][]byte{}, before: map[string]string{}}
	for _, step := range []func() error{r.probe, r.acquire} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("%s: %w", Redact(output), err)
		}
	}
	renewing, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go r.renew(renewing, done)
	r.stop = func() { cancel(); <-done }
	for _, p := range places {
		o, err := r.store.stat(ctx, r.at(p))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("%s: %w", Redact(r.at(p)), err), r.Close())
		}
		r.before[p] = o.Version
	}
	return r, nil
}

func (r *remoteStaging) at(place string) string { return Join(r.output, place) }

// probe finds out whether the store keeps its promise to write only what is not there. One that does not would let two
// runs mix their tables.
func (r *remoteStaging) probe() error {
	uri := r.at(StateDir + "/probe-" + r.id)
	if _, err := r.store.put(r.ctx, uri, []byte(r.id), Condition{Absent: true}); err != nil {
		return fmt.Errorf("to write there: %w", err)
	}
	_, err := r.store.put(r.ctx, uri, []byte("again"), Condition{Absent: true})
	if cleanup := r.store.delete(r.ctx, uri); cleanup != nil {
		return cleanup
	}
	switch {
	case errors.Is(err, ErrExists):
		return nil
	case err == nil:
		return fmt.Errorf("this store does not honour conditions on writing (it wrote an object that was to be written only if absent), so that two runs could mix their tables: %w as an output", ErrUnsupported)
	}
	return fmt.Errorf("to write there if absent: %w", err)
}

// acquire takes the lock.
func (r *remoteStaging) acquire() error {
	uri := r.at(StateDir + "/" + lockName)
	begin, since, seen := time.Now(), time.Now(), ""
	for {
		asked := time.Now() // who looks at the lock sees it renewed no earlier
		content := fmt.Appendf(nil, "%s %d", r.id, asked.UnixNano())
		version, err := r.store.put(r.ctx, uri, content, Condition{Absent: true})
		if !errors.Is(err, ErrExists) {
			r.version, r.renewed = version, asked
			return err
		}
		o, err := r.store.stat(r.ctx, uri)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it was let go just now
		case err != nil:
			return err
		case o.Version != seen:
			seen, since = o.Version, time.Now()
		case time.Since(since) >= leaseExpires:
			version, err := r.store.put(r.ctx, uri, content, Condition{Version: seen})
			if err == nil {
				r.version, r.renewed = version, asked
				return nil
			}
			if !errors.Is(err, ErrChanged) && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if time.Since(begin) >= 2*leaseExpires || time.Since(begin) >= leaseExpires && time.Since(since) < leaseExpires/2 {
			return ErrBusy
		}
		select {
		case <-time.After(leasePoll):
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
	}
}

// renew writes the lock anew until it is told to stop, or finds that it is another's.
func (r *remoteStaging) renew(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	for n := 1; ; n++ {
		select {
		case <-time.After(leaseRenewed):
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		version := r.version
		r.mu.Unlock()
		asked := time.Now()
		next, err := r.store.put(ctx, r.at(StateDir+"/"+lockName), fmt.Appendf(nil, "%s renewed %d", r.id, n), Condition{Version: version})
		if ctx.Err() != nil {
			return
		}
		r.mu.Lock()
		if err == nil {
			r.version, r.renewed = next, asked
		} else if errors.Is(err, ErrChanged) || errors.Is(err, fs.ErrNotExist) {
			r.lost = fmt.Errorf("%w: it took the lock from this run, which did not renew it in time", ErrBusy)
		}
		lost := r.lost
		r.mu.Unlock()
		if lost != nil {
			return
		}
	}
}

// held returns an error where the lock is lost.
func (r *remoteStaging) held() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost == nil && time.Since(r.renewed) > leaseExpires*3/4 { // somebody may be about to take it
		r.lost = fmt.Errorf("%w, or may be: this run could not renew its lock in time", ErrBusy)
	}
	return r.lost
}

// Stage keeps a file in memory.
func (r *remoteStaging) Stage(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	r.staged[name] = b.Bytes()
	return nil
}

// Publish writes a staged file to its place, in one request, over the version that was there when the lock was taken.
func (r *remoteStaging) Publish(name, place string) error {
	if err := r.held(); err != nil {
		return err
	}
	_, err := r.store.put(r.ctx, r.at(place), r.staged[name], Condition{Absent: r.before[place] == "", Version: r.before[place]})
	if errors.Is(err, ErrChanged) || errors.Is(err, ErrExists) {
		return fmt.Errorf("%w: it wrote %s meanwhile", ErrBusy, place)
	}
	return err
}

// Remove removes a published file.
func (r *remoteStaging) Remove(place string) error {
	if err := r.held(); err != nil {
		return err
	}
	return r.store.delete(r.ctx, r.at(place))
}

// Close lets the next run in.
func (r *remoteStaging) Close() error {
	r.stop()
	if r.held() != nil {
		return nil // the lock is another's
	}
	// The run's own context may have ended, and the lock would hold up the next run.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), leaseExpires)
	defer cancel()
	return r.store.delete(ctx, r.at(StateDir+"/"+lockName))
}
