// Package quarantine keeps the rows that rules refused, for people to look at: parquet files with the rows as their
// source has them, and for each its source, its number in the file and the rule.
//
// The folder DIR that the user names, of mode 0700, with files of mode 0600:
//
//	DIR/rows/<source>/<row>.parquet   one for each row group with such rows, named by the number of the first
//	DIR/.tripstats/                   the lock, and what is being written
//
// Bundles write files of their own under DIR/.tripstats, and hand on what they wrote. Beam hands on only what came of a
// bundle that succeeded, once, so that the publishing transform, which moves those files into place, publishes every row
// once, however bundles are cut, retried or run twice.
package quarantine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// Config is where the rows go. It travels in DoFns.
type Config struct {
	Dir string // absolute path
	ID  string // of this run, fixed at submission
}

// Piece is a file that a bundle has written: rows of one row group.
type Piece struct {
	Source   string
	FirstRow int64  // in the file
	Path     string // as written
	Rows     int64  // one for each row and rule
	Refused  int64  // of them, by row rules
}

const (
	rowsDir   = "rows"
	runPrefix = "run-"
)

func (c Config) state() string { return filepath.Join(c.Dir, objstore.StateDir) }
func (c Config) run() string   { return filepath.Join(c.state(), runPrefix+c.ID) }

// ErrBusy says that another run writes to the same folder.
var ErrBusy = errors.New("another run is writing to this folder")

// Area is a quarantine folder in use by this process.
type Area struct {
	cfg  Config
	lock *flock.Flock
}

// Open makes the folder ready for a run, and takes its lock, which one run at a time may have. What runs left that did
// not come to their end is removed. The caller must Close the area when the pipeline has ended.
func Open(cfg Config) (_ *Area, err error) {
	if err := os.MkdirAll(cfg.state(), 0o700); err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Dir, objstore.Reason(err))
	}
	a := &Area{cfg: cfg, lock: flock.New(filepath.Join(cfg.state(), "lock"), flock.SetPermissions(0o600))}
	switch ok, err := a.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("%s: locking: %w", cfg.Dir, objstore.Reason(err))
	case !ok:
		return nil, fmt.Errorf("%s: %w", cfg.Dir, ErrBusy)
	}
	left, err := os.ReadDir(cfg.state())
	for _, e := range left {
		if strings.HasPrefix(e.Name(), runPrefix) && err == nil {
			err = os.RemoveAll(filepath.Join(cfg.state(), e.Name()))
		}
	}
	if err == nil {
		err = os.Mkdir(cfg.run(), 0o700)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", cfg.Dir, objstore.Reason(err)), a.lock.Unlock())
	}
	return a, nil
}

// Close removes what was written and not committed, and lets the next run in.
func (a *Area) Close() error {
	return errors.Join(os.RemoveAll(a.cfg.run()), a.lock.Unlock())
}

// Commit moves the pieces into place, instead of those of the run before, in one step.
func Commit(cfg Config, pieces []Piece) error {
	tree := filepath.Join(cfg.run(), rowsDir)
	if err := os.MkdirAll(tree, 0o700); err != nil {
		return fmt.Errorf("%s: %w", cfg.Dir, objstore.Reason(err))
	}
	for _, p := range pieces {
		to := filepath.Join(tree, p.place())
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return fmt.Errorf("%s: %w", cfg.Dir, objstore.Reason(err))
		}
		if err := os.Rename(p.Path, to); err != nil {
			return err
		}
	}
	final := filepath.Join(cfg.Dir, rowsDir)
	if err := os.Rename(final, filepath.Join(cfg.run(), "before")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(tree, final)
}

// place is where a piece goes, below the folder of rows. Sources are paths below a pattern's fixed prefix; whatever else
// they may be must not lead out of the folder.
func (p Piece) place() string {
	folder := filepath.FromSlash(strings.TrimSuffix(p.Source, ".parquet"))
	if !filepath.IsLocal(folder) {
		folder = strings.NewReplacer("/", "_", `\`, "_", ".", "_", ":", "_").Replace(p.Source)
	}
	return filepath.Join(folder, fmt.Sprintf("%012d.parquet", p.FirstRow))
}

// Check tells whether the pieces hold every row that row rules refused.
func Check(pieces []Piece, tallies []element.Tally) error {
	kept := map[string]int64{}
	for _, p := range pieces {
		kept[p.Source] += p.Refused
	}
	for _, t := range tallies {
		refused := int64(0)
		for _, r := range t.Refused {
			refused += r.Rows
		}
		if kept[t.Source] != refused {
			return fmt.Errorf("%s: found %d refused rows in quarantine, expected %d", t.Source, kept[t.Source], refused)
		}
		delete(kept, t.Source)
	}
	for source, n := range kept {
		return fmt.Errorf("%s: found %d refused rows in quarantine, expected no such file", source, n)
	}
	return nil
}

// CheckDir tells early whether a folder can take the quarantine of a run with that output, without creating anything:
// it must not lie in the output, whose readers take every parquet file there for a table.
func CheckDir(dir, output string) error {
	inner, err := resolved(dir)
	if err != nil {
		return err
	}
	outer, err := resolved(output)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(outer, inner); err == nil && (rel == "." || filepath.IsLocal(rel)) {
		return fmt.Errorf("%s lies in the output %s, expected a folder outside of it", dir, output)
	}
	return objstore.CheckOutput(dir)
}

// resolved is the absolute path without symbolic links in the part of it that exists.
func resolved(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for p := abs; ; p = filepath.Dir(p) {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			return filepath.Join(real, rest), nil
		}
		if p == filepath.Dir(p) {
			return abs, nil
		}
		rest = filepath.Join(filepath.Base(p), rest)
	}
}
