package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/transforms/fault"
)

var restoreFlags = append([]flagDef{{
	name: "at", value: "N", of: func(s *settings) any { return &s.at }, check: (*settings).checkAt,
	text: "the version to restore, as tripstats history lists them",
}}, append(ofMain("keep-versions"), outputFlags...)...)

func restoreHelp() string {
	return `Usage: tripstats restore DIR --at=N [flags]

Commits a version that the output DIR keeps as its latest version. No version is lost by this: the one that was the latest
before is kept as others are.

Flags:
` + helpOnFlags(restoreFlags, 26, true) + "\n" + exitCodes
}

// restoreSummary is what restore says at its end.
type restoreSummary struct {
	Version  int64  `json:"version" about:"the new version"`
	Restored int64  `json:"restored" about:"the version that it has the tables of"`
	Tables   int    `json:"tables" about:"how many tables it has"`
	Output   string `json:"output" about:"the folder of the tables"`
}

// restore is the command of that name.
func (j *job) restore(ctx context.Context, words []string, wrong problems) error {
	start, understood := time.Now(), len(wrong) == 0
	j.checkEach("restore: ", restoreFlags, &wrong)
	dir := j.outputOf("restore", words, understood, 1, &wrong)
	if understood && !j.given["at"] {
		wrong.add("restore: found no --at=N, expected the version to restore; tripstats history lists them")
	}
	if dir != "" {
		if err := checkOutput(dir); err != nil {
			wrong.add("restore: %v", err)
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	head, err := publish.ReadHead(ctx, j.access(), dir)
	if err != nil {
		return damaged(dir, err)
	}
	if _, err := readOutput(ctx, j.access(), dir, j.parsed.at); err != nil {
		return err
	}
	if j.parsed.at == head.Version {
		return usage("restore: version %d is the latest, expected one before it", head.Version)
	}
	cfg := publish.Config{
		Output: dir, Access: j.access(), ID: newID(), Base: head.Base(), KeepVersions: j.keepVersions, Start: start, Runner: "restore",
		Program: publish.Program{Name: "tripstats", Version: version, Revision: revision()},
	}
	defer publish.Listen(cfg.ID, func(text string) { j.stderr.line("note: %s", text) })()
	var bad *publish.DamagedError
	switch err := publish.Restore(ctx, cfg, j.parsed.at); {
	case errors.As(err, &bad), errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.Input, "output %s: version %d: %v; nothing was published: restore another one", objstore.Redact(dir), j.parsed.at, err)
	case err != nil:
		return err
	}
	m, err := publish.ReadManifest(ctx, j.access(), dir)
	if err != nil {
		j.stderr.line("note: version %d is restored in %s, but reading it back failed: %v", j.parsed.at, objstore.Redact(dir), objstore.Reason(err))
		return nil
	}
	j.stderr.summary("done", restoreSummary{m.Commit.Version, j.parsed.at, len(m.Outputs), objstore.Redact(dir)}, "")
	return nil
}

// defaultVersions is how many versions an output keeps.
var defaultVersions = strconv.Itoa(publish.DefaultVersions)

func (s *settings) checkVersions() error {
	if s.keepVersions < 1 {
		return fmt.Errorf("found %d, expected 1 or more", s.keepVersions)
	}
	return nil
}

// checkJSON refuses --json where nothing is shown.
func (s *settings) checkJSON(command string, wrong *problems) {
	if s.json && !s.plan {
		wrong.add("%s--json goes with --plan", command)
	}
}
