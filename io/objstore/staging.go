package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// StateDir is the folder below an output that has everything except published files.
const StateDir = ".tripstats"

// ErrBusy says that another run is publishing to the same output.
var ErrBusy = errors.New("another run is publishing to this output")

// Staging holds files until they are published. It owns the output's lock, so that one run at a time publishes. A reader sees the
// old or the new content of each file, never a part of it.
type Staging interface {
	// Stage keeps a file under a name without separators.
	Stage(name string, write func(io.Writer) error) error

	// Prepare checks, as far as possible, that files can be published to some places and removed from others: it makes folders,
	// tests whether something is in the way, and keeps the previous files for Undo.
	Prepare(publish, remove []string) error

	// Publish moves a staged file to its place below the output in one step. It replaces the file there.
	Publish(name, place string) error

	// Remove removes a published file. It is not an error if there is none.
	Remove(place string) error

	// Undo restores all that Publish and Remove have changed. If it fails, the output may be a mixture of old and new files.
	Undo() error

	// Close removes files that were staged but not published, and releases the lock.
	Close() error
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

// NewStaging opens the staging area of an output and waits for its lock. It removes what killed runs have left there. id names
// this attempt; places are the paths that it may publish or remove; note, if it is not nil, is called once if another run holds
// the lock. The caller must Close it.
func (a Access) NewStaging(ctx context.Context, output, id string, places []string, note func(string)) (Staging, error) {
	if Remote(output) {
		return newRemoteStaging(ctx, a, output, id, places, note)
	}
	return newLocalStaging(ctx, output, id, note)
}
