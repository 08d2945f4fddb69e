package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tripstats/io/objstore"
)

// On a cluster an attempt at publishing may come when its run is over: a worker that was thought dead, a bundle that is
// run twice. So the output keeps the ids of the last runs, with what became of each, and only who holds the output's
// lock looks at them and writes: of the attempts of one run the first publishes, the others find that it has, and after
// the run was given up none does.
const (
	fenceName  = objstore.StateDir + "/runs"
	fenceStage = "runs"
	fenceKept  = 100

	published = "published"
	revoked   = "revoked"
)

// fate is what became of the last runs, by id.
type fate map[string]string

// fences reads what became of the last runs. Without Fenced it is nil, and nothing is kept.
func fences(ctx context.Context, cfg Config) (fate, error) {
	if !cfg.Fenced {
		return nil, nil
	}
	known, _, err := readFences(ctx, cfg)
	return known, err
}

func readFences(ctx context.Context, cfg Config) (fate, []byte, error) {
	known := fate{}
	content, err := cfg.Access.ReadAll(ctx, objstore.Join(cfg.Output, fenceName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s: %w", fenceName, objstore.Reason(err))
	}
	for l := range strings.Lines(string(content)) {
		if id, what, ok := strings.Cut(strings.TrimSpace(l), " "); ok {
			known[id] = what
		}
	}
	return known, content, nil
}

// stage stages what became of the runs, with one more. The caller holds the output's lock.
func (f fate) stage(stage objstore.Staging, cfg Config, what string) error {
	if f == nil {
		return nil
	}
	_, content, err := readFences(context.Background(), cfg)
	if err != nil {
		return err
	}
	lines := bytes.SplitAfter(content, []byte("\n"))
	lines = append(lines[max(0, len(lines)-fenceKept):], fmt.Appendf(nil, "%s %s\n", cfg.ID, what))
	if err := stage.Stage(fenceStage, func(w io.Writer) error {
		_, err := w.Write(bytes.Join(lines, nil))
		return err
	}); err != nil {
		return fmt.Errorf("%s: %w", fenceName, objstore.Reason(err))
	}
	return nil
}

// Published tells whether a fenced run has published, as far as is seen from here.
func Published(ctx context.Context, cfg Config) (bool, error) {
	known, _, err := readFences(ctx, cfg)
	return known[cfg.ID] == published, err
}

// Revoke makes sure that a fenced run that was given up does not publish any more, and tells whether it has already.
// Where the output does not exist there is nothing to protect, and nothing is made.
func Revoke(ctx context.Context, cfg Config) (done bool, err error) {
	if scheme, path := objstore.Scheme(cfg.Output); scheme == "" {
		if _, err := os.Stat(filepath.Join(path, objstore.StateDir)); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	stage, err := cfg.Access.NewStaging(ctx, cfg.Output, "revoke-"+cfg.ID, []string{fenceName}, func(text string) { cfg.notice(ctx, text) })
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	known, _, err := readFences(ctx, cfg)
	if err != nil || known[cfg.ID] == published {
		return err == nil, err
	}
	if err := known.stage(stage, cfg, revoked); err != nil {
		return false, err
	}
	if err := stage.Publish(fenceStage, fenceName); err != nil {
		return false, fmt.Errorf("%s: %w", fenceName, objstore.Reason(err))
	}
	return false, nil
}
