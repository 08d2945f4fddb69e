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

	// Prepare makes sure that files can be published to some places and removed from others, as far as that can be known
	// before: it makes folders, tries what may be in the way, and keeps what is there for Undo.
	Prepare(publish, remove []string) error

	// Publish moves a staged file to its place below the output, over whatever is there, in one step.
	Publish(name, place string) error

	// Remove removes a published file. That there is none is no error.
	Remove(place string) error

	// Undo puts back all that Publish and Remove have changed. After an error the output may be a mixture.
	Undo() error

	// Close removes what was staged and not published, and lets the next run in.
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

// NewStaging opens the staging area of an output and waits for its lock. What runs that did not come to their end
// have left there is removed. id names this attempt; places are what it may publish or remove; note, if it is not nil, is told
// once if that takes a while. The caller must Close it.
func (a Access) NewStaging(ctx context.Context, output, id string, places []string, note func(string)) (Staging, error) {
	if Remote(output) {
		return newRemoteStaging(ctx, a, output, id, places, note)
	}
	return newLocalStaging(ctx, output, id, note)
}
