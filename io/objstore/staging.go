package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// StateDir is the folder below an output in which everything lives that is not a published file.
const StateDir = ".tripstats"

const (
	stagePrefix = "stage-"
	lockName    = "lock"
	lockWait    = 30 * time.Second
	lockPoll    = 50 * time.Millisecond
	lockNoted   = 2 * time.Second
)

// ErrBusy says that another run is publishing to the same output.
var ErrBusy = errors.New("another run is publishing to this output")

// Staging holds files until they are published. It owns the output's lock, so that one run at a time publishes; a reader
// sees each file as it was or as it will be, never a part of it.
type Staging interface {
	// Stage keeps a file under a name without separators.
	Stage(name string, write func(io.Writer) error) error

	// Publish moves a staged file to its place below the output, over whatever is there, in one step.
	Publish(name, place string) error

	// Remove removes a published file. That there is none is no error.
	Remove(place string) error

	// Close removes what was staged and not published, and lets the next run in.
	Close() error
}

// localStaging is a folder below the output, from which files are published by a rename.
type localStaging struct {
	output string
	dir    string
	lock   *flock.Flock
}

// CheckOutput tells early whether an address can be an output, without creating anything.
func CheckOutput(output string) error {
	if err := Misspelt(output); err != nil {
		return err
	}
	switch scheme, rest := Scheme(output); {
	case scheme == "http" || scheme == "https":
		return fmt.Errorf("%s: to write to a web server: %w; name a folder, gs://, s3:// or az://", Redact(output), ErrUnsupported)
	case scheme != "" && makers[scheme] == nil:
		return &UnsupportedError{URI: Redact(output), Scheme: scheme}
	case scheme != "":
		if bucket, _, _ := strings.Cut(rest, "/"); bucket == "" {
			return fmt.Errorf("%s: found no bucket, expected %s://bucket/path", Redact(output), scheme)
		}
		return nil
	}
	path, err := local(output)
	if err != nil {
		return err
	}
	for p := filepath.Clean(path); ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err == nil {
			if !info.IsDir() {
				return fmt.Errorf("%s is not a folder", p)
			}
			return nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: %w", p, Reason(err))
		}
		if p == filepath.Dir(p) {
			return nil
		}
	}
}

// NewStaging opens the staging area of an output and waits for its lock. What runs that did not come to their end
// have left there is removed. id names this attempt; places are what it may publish or remove; note, if it is not nil, is told
// once if that takes a while. The caller must Close it.
func NewStaging(ctx context.Context, output, id string, places []string, note func(string)) (Staging, error) {
	if Remote(output) {
		return newRemoteStaging(ctx, output, id, places, note)
	}
	return newLocalStaging(ctx, output, id, note)
}

func newLocalStaging(ctx context.Context, output, id string, note func(string)) (_ *localStaging, err error) {
	path, err := local(output)
	if err != nil {
		return nil, err
	}
	state := filepath.Join(path, StateDir)
	if err := os.MkdirAll(state, 0o777); err != nil {
		return nil, fmt.Errorf("%s: %w", state, Reason(err))
	}
	s := &localStaging{output: path, dir: filepath.Join(state, stagePrefix+id), lock: flock.New(filepath.Join(state, lockName))}
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	if note != nil {
		told := time.AfterFunc(lockNoted, func() {
			note(fmt.Sprintf("%s: another run is publishing to it; waiting for that up to %v", path, lockWait))
		})
		defer told.Stop()
	}
	switch ok, err := s.lock.TryLockContext(waiting, lockPoll); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%s: %w", path, ErrBusy)
	case err != nil || !ok:
		return nil, fmt.Errorf("%s: locking: %w", path, Reason(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.lock.Unlock())
		}
	}()
	// Stages are made under the lock only, so every one there is a dead run's.
	left, err := filepath.Glob(filepath.Join(globEscape(state), stagePrefix+"*"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", state, err)
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return nil, fmt.Errorf("%s: %w", dir, Reason(err))
		}
	}
	if err := os.Mkdir(s.dir, 0o777); err != nil {
		return nil, fmt.Errorf("%s: %w", s.dir, Reason(err))
	}
	return s, nil
}

func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// Stage writes a file to the staging area, to the disk, under a name without separators.
func (s *localStaging) Stage(name string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := write(f); err != nil {
		return err
	}
	return f.Sync()
}

// Publish moves a staged file to its place below the output, over whatever is there, in one step.
func (s *localStaging) Publish(name, place string) error {
	to := filepath.Join(s.output, filepath.FromSlash(place))
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return fmt.Errorf("%s: %w", filepath.Dir(to), Reason(err))
	}
	if err := os.Rename(filepath.Join(s.dir, name), to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// Remove removes a published file and, if that was all in it, its folder. That there is none is no error.
func (s *localStaging) Remove(place string) error {
	path := filepath.Join(s.output, filepath.FromSlash(place))
	if err := os.Remove(path); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	_ = os.Remove(filepath.Dir(path)) // not empty: something else is in it
	return nil
}

// syncDir makes a rename last through a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close removes what was staged and not published, and lets the next run in.
func (s *localStaging) Close() error {
	return errors.Join(os.RemoveAll(s.dir), s.lock.Unlock())
}
