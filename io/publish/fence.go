package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tripstats/io/objstore"
)

// On a cluster an attempt may come after its run is over: from a worker that was thought dead, or from a bundle that runs
// twice. So the output has a file with the ids of the last runs. It says of each run whether it has published or was revoked,
// which means given up. An attempt reads and writes this file while it holds the lock of the output. The first attempt of a
// run publishes; the others find that the run has published. Once the run is revoked, no attempt publishes.
const (
	runsName = objstore.StateDir + "/runs"
	runsKept = 100

	published = "published"
	revoked   = "revoked"
)

// pastRuns has, by the id of a run, published or revoked.
type pastRuns map[string]string

// readPast reads the last runs. Without Fenced it returns nil, and the file is not written.
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

// add records that this run has committed. It also records the run that committed the head before, because that run may have been stopped
// before it did so itself. The caller holds the output's lock.
func (f pastRuns) add(ctx context.Context, lock *objstore.Lock, cfg Config, before Head) error {
	if f == nil || f[cfg.ID] == published {
		return nil
	}
	_, content, err := readRuns(ctx, cfg)
	if err != nil {
		return err
	}
	var lines []string
	if m := before.Manifest; m != nil && m.Commit != nil && m.Commit.Run != cfg.ID && f[m.Commit.Run] == "" {
		lines = append(lines, m.Commit.Run+" "+published)
	}
	return writeRuns(ctx, lock, content, append(lines, cfg.ID+" "+published)...)
}

// writeRuns writes the file of the last runs with lines added.
func writeRuns(ctx context.Context, lock *objstore.Lock, content []byte, more ...string) error {
	lines := slices.Collect(strings.Lines(string(content)))
	for _, l := range more {
		lines = append(lines, l+"\n")
	}
	_, err := lock.Put(ctx, runsName, []byte(strings.Join(lines[max(0, len(lines)-runsKept):], "")), objstore.Condition{})
	if err != nil {
		return fmt.Errorf("%s: %w", runsName, objstore.Reason(err))
	}
	return nil
}

// Published tells whether a fenced run has published, as far as can be seen from here.
func Published(ctx context.Context, cfg Config) (bool, error) {
	known, _, err := readRuns(ctx, cfg)
	if err != nil || known[cfg.ID] == published {
		return err == nil, err
	}
	h, err := ReadHead(ctx, cfg.Access, cfg.Output)
	if errors.Is(err, ErrNoManifest) {
		err = nil
	}
	return h.isOf(cfg.ID), err
}

// Revoke makes sure that a fenced run that was given up can no longer publish. done tells that it has published already.
// If the output does not exist, there is nothing to protect, and nothing is made.
func Revoke(ctx context.Context, cfg Config) (done bool, err error) {
	if scheme, path := objstore.Scheme(cfg.Output); scheme == "" {
		if _, err := os.Stat(filepath.Join(path, objstore.StateDir)); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	lock, err := cfg.Access.Lock(ctx, cfg.Output, "revoke-"+cfg.ID, func(text string) { cfg.notice(ctx, text) })
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if done, err := Published(ctx, cfg); done || err != nil {
		return done, err
	}
	_, content, err := readRuns(ctx, cfg)
	if err != nil {
		return false, err
	}
	return false, writeRuns(ctx, lock, content, cfg.ID+" "+revoked)
}
