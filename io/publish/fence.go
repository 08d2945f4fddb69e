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

// On a cluster an attempt at publishing may come after its run is over: from a worker that was thought dead, or from a
// bundle that runs twice. So the output keeps the ids of the last runs in a file, with what became of each: published or
// revoked. Only who holds the output's lock reads and writes the file to publish. The first attempt of a run publishes;
// the others find that it has published. After the run was given up, no attempt publishes.
const (
	runsName  = objstore.StateDir + "/runs"
	runsStage = "runs"
	runsKept  = 100

	published = "published"
	revoked   = "revoked"
)

// pastRuns says what became of the last runs, by id.
type pastRuns map[string]string

// readPast reads what became of the last runs. Without Fenced it returns nil, and nothing is kept.
func readPast(ctx context.Context, cfg Config) (pastRuns, error) {
	if !cfg.Fenced {
		return nil, nil
	}
	known, _, err := readRuns(ctx, cfg)
	return known, err
}

func readRuns(ctx context.Context, cfg Config) (pastRuns, []byte, error) {
	known := pastRuns{}
	content, err := cfg.Access.ReadAll(ctx, objstore.Join(cfg.Output, runsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s: %w", runsName, objstore.Reason(err))
	}
	for l := range strings.Lines(string(content)) {
		if id, what, ok := strings.Cut(strings.TrimSpace(l), " "); ok {
			known[id] = what
		}
	}
	return known, content, nil
}

// stage stages the file of the last runs with this run added. The caller holds the output's lock.
func (f pastRuns) stage(stage objstore.Staging, cfg Config, what string) error {
	if f == nil {
		return nil
	}
	_, content, err := readRuns(context.Background(), cfg)
	if err != nil {
		return err
	}
	lines := bytes.SplitAfter(content, []byte("\n"))
	lines = append(lines[max(0, len(lines)-runsKept):], fmt.Appendf(nil, "%s %s\n", cfg.ID, what))
	if err := stage.Stage(runsStage, func(w io.Writer) error {
		_, err := w.Write(bytes.Join(lines, nil))
		return err
	}); err != nil {
		return fmt.Errorf("%s: %w", runsName, objstore.Reason(err))
	}
	return nil
}

// Published tells whether a fenced run has published, as far as can be seen from here.
func Published(ctx context.Context, cfg Config) (bool, error) {
	known, _, err := readRuns(ctx, cfg)
	return known[cfg.ID] == published, err
}

// Revoke makes sure that a fenced run that was given up can no longer publish. done tells that it has published already.
// If the output does not exist, there is nothing to protect, and nothing is made.
func Revoke(ctx context.Context, cfg Config) (done bool, err error) {
	if scheme, path := objstore.Scheme(cfg.Output); scheme == "" {
		if _, err := os.Stat(filepath.Join(path, objstore.StateDir)); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	stage, err := cfg.Access.NewStaging(ctx, cfg.Output, "revoke-"+cfg.ID, []string{runsName}, func(text string) { cfg.notice(ctx, text) })
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	known, _, err := readRuns(ctx, cfg)
	if err != nil || known[cfg.ID] == published {
		return err == nil, err
	}
	if err := known.stage(stage, cfg, revoked); err != nil {
		return false, err
	}
	if err := stage.Publish(runsStage, runsName); err != nil {
		return false, fmt.Errorf("%s: %w", runsName, objstore.Reason(err))
	}
	return false, nil
}
