package objstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"
)

// remoteStaging publishes to a store. A store has no rename, and no lock that ends with a process. Therefore staged files are kept
// in memory, because tables are small. The lock is an object that its holder renews; another run takes a lock that was not renewed
// in time. A published object is replaced or removed only in the version that it had when the lock was taken. So a run that has
// lost the lock without knowing it changes nothing.
type remoteStaging struct {
	ctx    context.Context
	store  *retrying
	output string
	id     string
	staged map[string][]byte
	before map[string]string // version of each place when the lock was taken, or after this run's last change; "" for no object
	note   func(string)

	sizes   map[string]int64  // bytes of the object at each place when the lock was taken
	kept    map[string][]byte // content of the prepared places before the run; nil if there was nothing
	changed []string          // places that were published or removed, in this order

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

func newRemoteStaging(ctx context.Context, a Access, output, id string, places []string, note func(string)) (*remoteStaging, error) {
	s, err := a.storeOf(ctx, output)
	if err != nil {
		return nil, err
	}
	r := &remoteStaging{ctx: ctx, store: s, output: output, id: id, staged: map[string][]byte{}, before: map[string]string{}, note: note, sizes: map[string]int64{}, kept: map[string][]byte{}}
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
	for _, p := range places {
		o, err := r.store.stat(ctx, r.at(p))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("%s: %w", Redact(r.at(p)), err), r.Close())
		}
		r.before[p], r.sizes[p] = o.Version, o.Size
	}
	return r, nil
}

func (r *remoteStaging) at(place string) string { return Join(r.output, place) }

func (r *remoteStaging) lock() string { return r.at(StateDir + "/" + lockName) }

// write writes the lock and records its new version.
func (r *remoteStaging) write(what string, when Condition) error {
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
func (r *remoteStaging) acquire() error {
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
func (r *remoteStaging) probe() error {
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
		case late, errors.Is(err, ErrChanged), errors.Is(err, fs.ErrNotExist): // it was taken over
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
func (r *remoteStaging) held() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost == nil && time.Since(r.renewed) > leaseExpires*3/4 { // another run may be about to take it
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

// Prepare reads the objects at the places, for Undo. Whether they can be replaced is known only when that is done.
func (r *remoteStaging) Prepare(publish, remove []string) error {
	for _, place := range slices.Concat(publish, remove) {
		if r.before[place] == "" {
			continue
		}
		content := make([]byte, r.sizes[place])
		if len(content) > 0 {
			err := r.store.readRange(r.ctx, Object{URI: r.at(place), Size: r.sizes[place], Version: r.before[place]}, content, 0)
			if errors.Is(err, ErrChanged) {
				return fmt.Errorf("%w: it wrote %s meanwhile", ErrBusy, place)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", place, err)
			}
		}
		r.kept[place] = content
	}
	return nil
}

// Publish writes a staged file to its place in one request. It replaces only the version that was there when the lock was taken.
func (r *remoteStaging) Publish(name, place string) error {
	if err := r.held(); err != nil {
		return err
	}
	version, err := r.store.put(r.ctx, r.at(place), r.staged[name], Condition{Absent: r.before[place] == "", Version: r.before[place]})
	if errors.Is(err, ErrChanged) || errors.Is(err, ErrExists) {
		return fmt.Errorf("%w: it wrote %s meanwhile", ErrBusy, place)
	}
	if err == nil {
		r.before[place] = version
		r.changed = append(r.changed, place)
	}
	return err
}

// Remove removes a published file, but only the version that was there when the lock was taken.
func (r *remoteStaging) Remove(place string) error {
	if err := r.held(); err != nil {
		return err
	}
	if r.before[place] == "" {
		return nil
	}
	err := r.store.delete(r.ctx, r.at(place), r.before[place])
	if errors.Is(err, ErrChanged) {
		return fmt.Errorf("%w: it wrote %s meanwhile", ErrBusy, place)
	}
	if err == nil {
		r.before[place] = ""
		r.changed = append(r.changed, place)
	}
	return err
}

// Undo restores the content from before this run. If another run has the lock, Undo changes nothing: that run publishes all
// places anyway.
func (r *remoteStaging) Undo() error {
	// The run's own context may have ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), leaseExpires)
	defer cancel()
	var errs []error
	for _, place := range slices.Backward(r.changed) {
		err := r.held()
		content, had := r.kept[place]
		version := r.before[place]
		switch {
		case err != nil:
		case had:
			version, err = r.store.put(ctx, r.at(place), content, Condition{Absent: version == "", Version: version})
		default:
			err, version = r.store.delete(ctx, r.at(place), version), ""
		}
		if err == nil {
			r.before[place] = version
		}
		errs = append(errs, err)
	}
	r.changed = nil
	return errors.Join(errs...)
}

// Close releases the lock.
func (r *remoteStaging) Close() error {
	r.stop()
	if r.held() != nil {
		return nil // the lock is another's
	}
	return r.release()
}

// release removes the lock, unless another run has taken it.
func (r *remoteStaging) release() error {
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
