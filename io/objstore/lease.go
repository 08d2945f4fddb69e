package objstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
)

// lease is the lock of an output in a store. A store has no lock that ends with a process, so the lock is an object that its holder renews.
// Another run takes a lock that was not renewed in time. A run may thus lose the lock without knowing it. To do no harm then, it replaces an
// object only if the object still has the version that the run has seen.
type lease struct {
	ctx    context.Context
	store  *retrying
	output string
	id     string
	note   func(string)

	stop func() // stops renewing the lock and waits until that has stopped

	mu      sync.Mutex
	version string // of the lock
	renewed time.Time
	lost    error
}

// The lock is renewed every leaseRenewed. A waiting run takes the lock if it was not renewed for leaseExpires. If it is renewed
// during that time, the waiting run gives up. Tests change these variables.
var (
	leaseRenewed = 8 * time.Second
	leaseExpires = 30 * time.Second
	leasePoll    = 500 * time.Millisecond
)

// takeLease waits for the lock and takes it.
func takeLease(ctx context.Context, a Access, output, id string, note func(string)) (*lease, error) {
	s, err := a.storeOf(ctx, output)
	if err != nil {
		return nil, err
	}
	r := &lease{ctx: ctx, store: s, output: output, id: id, note: note}
	if err := r.acquire(); err != nil {
		return nil, fmt.Errorf("%s: %w", Redact(output), err)
	}
	if err := r.probe(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", Redact(output), err), r.release())
	}
	renewing, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go r.renew(renewing, done)
	r.stop = func() { cancel(); <-done }
	return r, nil
}

func (r *lease) lock() string { return Join(r.output, StateDir+"/"+lockName) }

// write writes the lock and records its new version.
func (r *lease) write(what string, when Condition) error {
	asked := time.Now() // others see the renewal at this time or later
	version, err := r.store.put(r.ctx, r.lock(), fmt.Appendf(nil, "%s %s %d", r.id, what, asked.UnixNano()), when)
	if err == nil {
		r.mu.Lock()
		r.version, r.renewed = version, asked
		r.mu.Unlock()
	}
	return err
}

// acquire waits for the lock and takes it.
func (r *lease) acquire() error {
	begin, since, seen, noted := time.Now(), time.Now(), "", false
	for {
		err := r.write("takes it", Condition{Absent: true})
		if err == nil {
			return nil
		}
		switch {
		case errors.Is(err, fs.ErrNotExist): // a new object needs only its bucket
			return fmt.Errorf("%w; make it, or name another", errNoBucket)
		case !errors.Is(err, ErrExists):
			return fmt.Errorf("to write there if absent: %w", err)
		}
		o, err := r.store.stat(r.ctx, r.lock())
		switch {
		case errors.Is(err, fs.ErrNotExist): // it was released meanwhile
		case err != nil:
			return err
		case o.Version != seen:
			seen, since = o.Version, time.Now()
		case time.Since(since) >= leaseExpires:
			err := r.write("takes it over", Condition{Version: seen})
			if err == nil {
				return nil
			}
			if !errors.Is(err, ErrChanged) && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if time.Since(begin) >= 2*leaseExpires || time.Since(begin) >= leaseExpires && time.Since(since) < leaseExpires/2 {
			return ErrBusy
		}
		if !noted && time.Since(begin) >= 4*leasePoll && r.note != nil {
			noted = true
			r.note(fmt.Sprintf("%s: another run holds the lock; if that run is dead, this one goes on when the lock was not renewed for %v", Redact(r.output), leaseExpires))
		}
		select {
		case <-time.After(leasePoll):
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
	}
}

// probe finds out whether the store honours conditions: to write only if there is no object, and to replace only one version. In
// a store that does not, two runs could mix their tables. It uses the lock itself, before anything else is written, so a run that
// is killed meanwhile leaves only its lock.
func (r *lease) probe() error {
	first := r.version
	for _, ask := range []struct {
		what string
		when Condition
		want error
	}{
		{"to write only what is absent", Condition{Absent: true}, ErrExists},
		{"", Condition{Version: first}, nil},
		{"to replace only what is of a version", Condition{Version: first}, ErrChanged}, // the second write has changed the version
	} {
		renewed := r.renewed
		err := r.write("probes", ask.when)
		late := time.Since(renewed) > leaseExpires*3/4
		switch {
		case !late && (ask.want != nil && errors.Is(err, ask.want) || ask.want == nil && err == nil):
		case late, errors.Is(err, ErrChanged), errors.Is(err, fs.ErrNotExist): // another run has taken the lock
			return ErrBusy
		case err == nil:
			return fmt.Errorf("this store does not honour conditions on writing (%s), so that two runs could mix their tables: %w as an output", ask.what, ErrUnsupported)
		default:
			return fmt.Errorf("to write there on condition: %w", err)
		}
	}
	return nil
}

// renew renews the lock until ctx is cancelled, or until another run has taken it.
func (r *lease) renew(ctx context.Context, done chan<- struct{}) {
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
		next, err := r.store.put(ctx, r.lock(), fmt.Appendf(nil, "%s renewed %d", r.id, n), Condition{Version: version})
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

// held returns an error if the lock is lost.
func (r *lease) held() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost == nil && time.Since(r.renewed) > leaseExpires*3/4 { // another run may be about to take it
		r.lost = fmt.Errorf("%w, or may be: this run could not renew its lock in time", ErrBusy)
	}
	return r.lost
}

// close releases the lock.
func (r *lease) close() error {
	r.stop()
	if r.held() != nil {
		return nil // another run has the lock
	}
	return r.release()
}

// release removes the lock, unless another run has taken it.
func (r *lease) release() error {
	// The run's own context may have ended, and the lock would hold up the next run.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), leaseExpires)
	defer cancel()
	r.mu.Lock()
	version := r.version
	r.mu.Unlock()
	for range 3 {
		if err := r.store.delete(ctx, r.lock(), version); !errors.Is(err, ErrChanged) {
			return err
		}
		// Either another run has the lock, or this run's last renewal succeeded and its answer was not read.
		o, err := r.store.stat(ctx, r.lock())
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		have := make([]byte, min(o.Size, int64(len(r.id)+1)))
		if err == nil {
			err = r.store.readRange(ctx, o, have, 0)
		}
		if errors.Is(err, ErrChanged) {
			continue
		}
		if err != nil || string(have) != r.id+" " {
			return err
		}
		version = o.Version
	}
	return nil
}
