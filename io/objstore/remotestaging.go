package objstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// remoteStaging publishes to a store.
type remoteStaging struct {
	*lease
	staged map[string][]byte
	before map[string]string // version of each place when the lock was taken, or after this run's last change; "" for no object

	sizes   map[string]int64  // bytes of the object at each place when the lock was taken
	kept    map[string][]byte // content of the prepared places before the run; nil if there was nothing
	changed []string          // places that were published or removed, in this order
}

func newRemoteStaging(ctx context.Context, a Access, output, id string, places []string, note func(string)) (*remoteStaging, error) {
	l, err := takeLease(ctx, a, output, id, note)
	if err != nil {
		return nil, err
	}
	r := &remoteStaging{lease: l, staged: map[string][]byte{}, before: map[string]string{}, sizes: map[string]int64{}, kept: map[string][]byte{}}
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

// Close releases the lock.
func (r *remoteStaging) Close() error { return r.close() }

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
