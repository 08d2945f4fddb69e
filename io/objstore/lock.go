package objstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Lock is the lock of an output. One run at a time holds it. All functions that change an output are its methods, so nobody can change an
// output without the lock. A place is a path below the output, with slashes.
type Lock struct {
	access Access
	output string
	local  *localLock // of an output in a folder
	lease  *lease     // of an output in a store

	// written has the content of the files that were written to a store, for Copy. Tables are small.
	written map[string][]byte
}

// Lock waits for the lock of an output and takes it. id names this attempt. If another run holds the lock, note is called once, unless it is
// nil. If that run does not release the lock in time, the error wraps [ErrBusy]. Lock removes the temporary files of killed runs, but not
// their versions. The caller must Close the lock.
func (a Access) Lock(ctx context.Context, output, id string, note func(string)) (*Lock, error) {
	l := &Lock{access: a, output: output, written: map[string][]byte{}}
	var err error
	if Remote(output) {
		l.lease, err = takeLease(ctx, a, output, id, note)
	} else {
		l.local, err = lockLocal(ctx, output, note)
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Held returns an error that wraps [ErrBusy] if another run may have taken the lock. The lock of a folder cannot be lost.
func (l *Lock) Held() error {
	if l.lease != nil {
		return l.lease.held()
	}
	return nil
}

// Close releases the lock.
func (l *Lock) Close() error {
	if l.lease != nil {
		return l.lease.close()
	}
	return l.local.close()
}

func (l *Lock) at(place string) string { return Join(l.output, place) }

// NewFile is a file to write.
type NewFile struct {
	Place string
	Write func(io.Writer) error
}

// WriteAll writes files that nobody reads yet. On a disk it makes their folders; the files survive a power cut after [Lock.Sync] was called
// for these folders. In a store it writes several files at once.
func (l *Lock) WriteAll(ctx context.Context, files []NewFile) error {
	if err := l.Held(); err != nil {
		return err
	}
	if l.local != nil {
		for _, f := range files {
			if err := writeLocal(l.local.at(f.Place), f.Write); err != nil {
				return fmt.Errorf("%s: %w", f.Place, Reason(err))
			}
		}
		return nil
	}
	for _, f := range files {
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			return fmt.Errorf("%s: %w", f.Place, err)
		}
		l.written[f.Place] = b.Bytes()
	}
	return Each(len(files), func(i int) error {
		place := files[i].Place
		if _, err := l.lease.store.put(ctx, l.at(place), l.written[place], Condition{}); err != nil {
			return fmt.Errorf("%s: %w", place, err)
		}
		return nil
	})
}

// Write is WriteAll for one file.
func (l *Lock) Write(ctx context.Context, place string, write func(io.Writer) error) error {
	return l.WriteAll(ctx, []NewFile{{place, write}})
}

// Sync makes sure that the names of files in folders survive a power cut. In a store there is nothing to do.
func (l *Lock) Sync(places ...string) error {
	if l.local == nil {
		return nil
	}
	for _, p := range places {
		if err := SyncDir(filepath.Join(l.local.output, filepath.FromSlash(p))); err != nil {
			return err
		}
	}
	return nil
}

// Put replaces a file in one step and returns its version: see [Access.Put].
func (l *Lock) Put(ctx context.Context, place string, content []byte, when Condition) (version string, err error) {
	if err := l.Held(); err != nil {
		return "", err
	}
	if l.local != nil {
		return l.local.put(place, func(w io.Writer) error { _, err := w.Write(content); return err }, when)
	}
	return l.lease.store.put(ctx, l.at(place), content, when)
}

// Copy replaces a file in one step. Its new content is that of another file.
func (l *Lock) Copy(ctx context.Context, from, to string, when Condition) (version string, err error) {
	if err := l.Held(); err != nil {
		return "", err
	}
	if l.local != nil {
		return l.local.copy(from, to, when)
	}
	content, known := l.written[from]
	if !known {
		if content, err = l.access.ReadAll(ctx, l.at(from)); err != nil {
			return "", fmt.Errorf("%s: %w", from, err)
		}
	}
	return l.lease.store.put(ctx, l.at(to), content, when)
}

// Delete removes a file. On a disk it also removes the file's folder if that is then empty. If version is not empty and the file has another one,
// the error is [ErrChanged]. It is not an error if there is no such file.
func (l *Lock) Delete(ctx context.Context, place, version string) error {
	if err := l.Held(); err != nil {
		return err
	}
	if l.local != nil {
		return l.local.remove(place, version)
	}
	return l.lease.store.delete(ctx, l.at(place), version)
}

// DeleteAll removes a folder with all that is in it.
func (l *Lock) DeleteAll(ctx context.Context, place string) error {
	if err := l.Held(); err != nil {
		return err
	}
	if l.local != nil {
		return RemoveAll(filepath.Join(l.local.output, filepath.FromSlash(place)))
	}
	objects, err := l.lease.store.list(ctx, l.at(place)+"/")
	if err != nil {
		return err
	}
	return Each(len(objects), func(i int) error { return l.lease.store.delete(ctx, objects[i].URI, "") })
}

// List returns the places of all files below a folder. It is no error if there is no such folder.
func (l *Lock) List(ctx context.Context, place string) ([]string, error) {
	if l.local != nil {
		return l.local.list(place)
	}
	objects, err := l.lease.store.list(ctx, l.at(place)+"/")
	var places []string
	for _, o := range objects {
		places = append(places, place+strings.TrimPrefix(o.URI, l.at(place)))
	}
	return places, err
}

// Try checks, as far as possible without changing anything, that a file can be put at a place. In a store it checks nothing, because only
// writing shows this.
func (l *Lock) Try(place string) error {
	if l.local == nil {
		return nil
	}
	return l.local.try(place)
}
