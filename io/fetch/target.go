package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"

	"tripstats/io/objstore"
)

// target is where files go.
type target interface {
	// part is the local path of a file's part file.
	part(place string) string

	// size returns the size of a file that is there.
	size(ctx context.Context, place string) (int64, bool, error)

	// local returns the local path of a file that is there, or "" if it is not a local one.
	local(place string) string

	// commit makes a whole part file the file. The part file may stay.
	commit(ctx context.Context, place, part string) error

	readManifest(ctx context.Context) (manifest, error)

	// writeManifest writes all of m and, of what others have written since, what is not in it.
	writeManifest(ctx context.Context, m manifest) error

	// close lets the next run in.
	close() error
}

// ErrBusy says that another run fetches to the same destination.
var ErrBusy = errors.New("another run is fetching to this destination")

// newTarget opens a destination, under a lock.
func newTarget(access objstore.Access, dest string) (target, error) {
	if objstore.Remote(dest) {
		return newBucket(access, dest)
	}
	_, dir := objstore.Scheme(dest)
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if _, err := objstore.MakeDirs(dir, 0o777); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	return &folder{dir: dir, lock: lock}, nil
}

// folder is a destination on the local disk.
type folder struct {
	dir  string
	lock *flock.Flock
}

// lockDir takes the lock of a folder. Its file is removed when it is given up, so who gets one must see that it is still
// the one that others see.
func lockDir(dir string) (*flock.Flock, error) {
	name := filepath.Join(dir, ".fetch.lock")
	for {
		lock := flock.New(name)
		ok, err := lock.TryLock()
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: locking: %w", dir, objstore.Reason(err))
		case !ok:
			return nil, fmt.Errorf("%s: %w", dir, ErrBusy)
		}
		held, err := lock.Stat()
		if there, err2 := os.Lstat(name); err == nil && err2 == nil && os.SameFile(held, there) {
			return lock, nil
		}
		if err := lock.Unlock(); err != nil {
			return nil, err
		}
		time.Sleep(time.Millisecond)
	}
}

// unlock removes the file of a lock and gives the lock up. Windows does not remove a file that a program has open, so there the lock is given
// up first; if the file stays, another run has it.
func unlock(lock *flock.Flock) error {
	if runtime.GOOS == "windows" {
		err := lock.Unlock()
		_ = os.Remove(lock.Path())
		return err
	}
	return errors.Join(remove(lock.Path()), lock.Unlock())
}

func (f *folder) local(place string) string { return filepath.Join(f.dir, filepath.FromSlash(place)) }

func (f *folder) part(place string) string {
	dir, name := filepath.Split(f.local(place))
	return filepath.Join(dir, "."+name+".part")
}

func (f *folder) size(_ context.Context, place string) (int64, bool, error) {
	info, err := os.Lstat(f.local(place))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	}
	return info.Size(), info.Mode().IsRegular(), nil
}

func (f *folder) commit(_ context.Context, place, part string) error {
	if err := objstore.Rename(part, f.local(place)); err != nil {
		return err
	}
	return objstore.SyncDir(filepath.Dir(part))
}

func (f *folder) readManifest(context.Context) (manifest, error) {
	name := filepath.Join(f.dir, ManifestName)
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return manifest{}, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > mostManifest:
		return nil, errors.New("not what fetch writes")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return decodeManifest(b)
}

func (f *folder) writeManifest(_ context.Context, m manifest) error {
	return writeFile(filepath.Join(f.dir, ManifestName), filepath.Join(f.dir, "."+ManifestName+".tmp"), m.encode())
}

func (f *folder) close() error {
	return errors.Join(remove(filepath.Join(f.dir, "."+ManifestName+".tmp")), unlock(f.lock))
}

// writeFile writes a file in one step, to the disk.
func writeFile(name, temp string, content []byte) error {
	file, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err := objstore.CloseSynced(file, err); err != nil {
		return err
	}
	if err := objstore.Rename(temp, name); err != nil {
		return err
	}
	return objstore.SyncDir(filepath.Dir(name))
}

// bucket is a destination in a store. Part files lie in a folder of the user's on this machine, one for each
// destination, so that the next run finds them.
type bucket struct {
	access objstore.Access
	uri    string
	parts  *folder
	last   string // version of the manifest when it was read or written last
}

func newBucket(access objstore.Access, uri string) (*bucket, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), fmt.Sprintf("tripstats-%d", os.Getuid()))
	}
	sum := sha256.Sum256([]byte(objstore.Redact(uri)))
	dir := filepath.Join(cache, "tripstats", "fetch", hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	return &bucket{access: access, uri: uri, parts: &folder{dir: dir, lock: lock}}, nil
}

func (b *bucket) at(place string) string   { return objstore.Join(b.uri, place) }
func (b *bucket) local(string) string      { return "" }
func (b *bucket) part(place string) string { return b.parts.part(path.Base(place)) }
func (b *bucket) close() error             { return b.parts.close() }
func (b *bucket) absent() bool             { return b.last == "" }
func (b *bucket) when() objstore.Condition {
	return objstore.Condition{Absent: b.absent(), Version: b.last}
}
func (b *bucket) named(err error) error { return fmt.Errorf("%s: %w", objstore.Redact(b.uri), err) }
func (b *bucket) commit(ctx context.Context, place, part string) error {
	if err := b.access.PutFile(ctx, b.at(place), part); err != nil {
		return b.named(err)
	}
	return nil // the part file goes with its sidecar, once the manifest is written
}

func (b *bucket) size(ctx context.Context, place string) (int64, bool, error) {
	o, err := b.access.Stat(ctx, b.at(place))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, false, nil
	case err != nil:
		return 0, false, b.named(err)
	}
	return o.Size, true, nil
}

func (b *bucket) readManifest(ctx context.Context) (manifest, error) {
	o, err := b.access.Stat(ctx, b.at(ManifestName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b.last = ""
		return manifest{}, nil
	case err != nil:
		return nil, err
	case o.Size > mostManifest:
		return nil, errors.New("not what fetch writes")
	}
	r, err := b.access.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	content := make([]byte, o.Size)
	if _, err := r.ReadAt(content, 0); err != nil {
		return nil, err
	}
	b.last = o.Version
	return decodeManifest(content)
}

// writeManifest writes over the manifest as it was last seen. If another machine has written it since, both are merged.
func (b *bucket) writeManifest(ctx context.Context, m manifest) error {
	for try := 0; ; try++ {
		version, err := b.access.Put(ctx, b.at(ManifestName), m.encode(), b.when())
		if err == nil {
			b.last = version
			return nil
		}
		if !errors.Is(err, objstore.ErrChanged) && !errors.Is(err, objstore.ErrExists) || try == 10 {
			return b.named(err)
		}
		other, err := b.readManifest(ctx)
		if err != nil {
			return b.named(err)
		}
		for place, e := range other {
			if _, ok := m[place]; !ok {
				m[place] = e
			}
		}
	}
}
