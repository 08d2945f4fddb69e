// Package quarantine keeps the rows that rules refused, for people to look at: parquet files with the rows as their
// source has them, and for each its source, its number in the file and the rule.
//
// The folder DIR that the user names, made with mode 0700 if it is not there, with files of mode 0600:
//
//	DIR/rows/<source>/<row>.parquet   one for each row group with such rows, named by the number of the first
//	DIR/rows-not-published/           the same of the last run, if a guard stopped it, to see why
//	DIR/.tripstats/                   the lock, what is being written, and the mark that DIR/rows is this program's: see [Change]
//
// Bundles write files of their own under DIR/.tripstats, and hand on what they wrote. Beam hands on only what came of a
// bundle that succeeded, once, so that the publishing transform, which moves those files into place, publishes every row
// once, however bundles are cut, retried or run twice.
//
// What a killed run leaves is in DIR/.tripstats alone, where only the user can look. The next run with the same DIR removes it.
package quarantine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
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

	Access objstore.Access // to the output
}

// File is a file that a bundle has written: refused rows of one row group.
type File struct {
	Source   string
	FirstRow int64  // in the file
	Path     string // as written
	Rows     int64  // one for each row and rule
	Refused  int64  // of them, by row rules
}

const (
	rowsDir        = "rows"
	unpublishedDir = "rows-not-published"
	readyName      = "ready" // in the run's folder: the rows are all there, and a [Proof]
	asidePrefix    = "before-"
	runPrefix      = "run-"
	gonePrefix     = "gone-"      // of a run's folder that is being removed
	markName       = "quarantine" // its content is the last run that is known to have published its rows
)

func (c Config) state() string { return filepath.Join(c.Dir, objstore.StateDir) }
func (c Config) run() string   { return filepath.Join(c.state(), runPrefix+c.ID) }

func (c Config) rows() string { return filepath.Join(c.Dir, rowsDir) }
func (c Config) mark() string { return filepath.Join(c.state(), markName) }

func (c Config) tree() string  { return filepath.Join(c.run(), rowsDir) } // what will be DIR/rows, or DIR/rows-not-published
func (c Config) ready() string { return filepath.Join(c.run(), readyName) }

// aside returns where a folder is kept until the run ends.
func (c Config) aside(place string) string {
	return filepath.Join(c.run(), asidePrefix+filepath.Base(place))
}

func exists(path string) bool { _, err := os.Lstat(path); return err == nil }

// Unpublished is where the rows are of a run that a guard stopped. Those of the last run that published stay where they are.
func (c Config) Unpublished() string { return filepath.Join(c.Dir, unpublishedDir) }

// ErrForeign says that the folder holds what this program did not make, and may not replace.
var ErrForeign = errors.New("that is not a quarantine of this program")

// ErrNotPrivate says that somebody else could read or replace what is in the folder.
var ErrNotPrivate = errors.New("refused rows are kept only where nobody else can read or replace them")

// ErrBusy says that another run writes to the same folder.
var ErrBusy = errors.New("another run is writing to this folder")

// Area is a quarantine folder in use by this process.
type Area struct {
	ctx  context.Context // for Close, without the run's cancellation
	cfg  Config
	lock *flock.Flock
}

// Open makes the folder ready for a run, and takes its lock, which one run at a time may have. What runs left that did
// not come to their end is removed; what they had changed and not published is undone. The caller must Close the area when the
// pipeline has ended.
func Open(ctx context.Context, cfg Config) (_ *Area, err error) {
	if err := cfg.checkPrivate(); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(cfg.mark()); err != nil {
		for _, dir := range []string{cfg.rows(), cfg.Unpublished()} {
			if _, err := os.Lstat(dir); err == nil {
				return nil, fmt.Errorf("%s: it holds a folder named %s %w", cfg.Dir, filepath.Base(dir), ErrForeign)
			}
		}
	}
	for _, dir := range []string{cfg.Dir, cfg.state()} {
		if _, err := objstore.MakeDirs(dir, 0o700); err != nil {
			return nil, err
		}
	}
	a := &Area{ctx: context.WithoutCancel(ctx), cfg: cfg, lock: objstore.LockFile(filepath.Join(cfg.state(), "lock"))}
	switch ok, err := objstore.TryLock(a.lock); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fmt.Errorf("%s: %w", cfg.Dir, ErrBusy)
	}
	err = cfg.cleanUp(ctx)
	if err == nil {
		err = os.Mkdir(cfg.run(), 0o700)
	}
	if _, missing := os.Lstat(cfg.mark()); err == nil && missing != nil {
		err = cfg.writeMark(nil)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", cfg.Dir, objstore.Reason(err)), a.lock.Unlock())
	}
	return a, nil
}

// checkPrivate tells whether nobody else can read or replace what will be in the folder. The folder itself may be named by
// a symbolic link.
func (c Config) checkPrivate() error {
	dir := c.Dir
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	for _, p := range []struct {
		path   string
		folder bool
	}{{dir, true}, {c.state(), true}, {c.mark(), false}} {
		if err := objstore.CheckPrivate(p.path, p.folder); err != nil {
			return fmt.Errorf("%w: %w", ErrNotPrivate, err)
		}
	}
	return nil
}

// writeMark replaces the mark in one step. It does not follow a link in its place.
func (c Config) writeMark(id []byte) error { return objstore.WriteSynced(c.mark(), c.run(), id) }

// cleanUp removes what dead runs left. A change of rows that one had begun is finished or undone.
func (c Config) cleanUp(ctx context.Context) error {
	left, err := os.ReadDir(c.state())
	for _, e := range left {
		if id, isRun := strings.CutPrefix(e.Name(), runPrefix); isRun && err == nil {
			err = Config{Dir: c.Dir, ID: id}.leave(ctx)
		}
		if strings.HasPrefix(e.Name(), gonePrefix) && err == nil {
			err = objstore.RemoveAll(filepath.Join(c.state(), e.Name()))
		}
	}
	return err
}

// leave removes the run's folder. The folder first gets a name by which it is known as rubbish, because a part of it would tell
// a next run wrong things.
func (c Config) leave(ctx context.Context) error {
	if !exists(c.run()) {
		return nil
	}
	if err := c.recover(ctx); err != nil {
		return err
	}
	gone := filepath.Join(c.state(), gonePrefix+c.ID)
	if err := objstore.RemoveAll(gone); err != nil {
		return err
	}
	if err := objstore.Rename(c.run(), gone); err != nil {
		return err
	}
	if err := objstore.SyncDir(c.state()); err != nil {
		return err
	}
	return objstore.RemoveAll(gone)
}

// Close removes what was written and not committed, and lets the next run in.
func (a *Area) Close() error { return errors.Join(a.cfg.leave(a.ctx), a.lock.Unlock()) }

// place is where a file goes, below the folder of rows. Sources are paths below a pattern's fixed prefix; whatever else
// they may be must not lead out of the folder. Should two sources come to one name all the same, Commit says so.
func (p File) place() string {
	folder, isParquet := strings.CutSuffix(filepath.FromSlash(p.Source), ".parquet") // a folder of that name would be taken for a file
	if !isParquet {
		folder += "%"
	}
	folder = strings.ReplaceAll(folder, ".parquet"+string(filepath.Separator), ".parquet%"+string(filepath.Separator)) // of a dataset
	if !filepath.IsLocal(folder) || folder != filepath.Clean(folder) {
		folder = "%" + url.PathEscape(p.Source)
	}
	return filepath.Join(folder, fmt.Sprintf("%012d.parquet", p.FirstRow))
}

// Check tells whether the files hold every row that row rules refused.
func Check(files []File, tallies []element.Tally) error {
	kept := map[string]int64{}
	for _, p := range files {
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
	if within(outer, inner) {
		return fmt.Errorf("%s lies in the output %s, expected a folder outside of it", dir, output)
	}
	if within(inner, outer) {
		return fmt.Errorf("the output %s lies in %s, expected a folder of its own", output, dir)
	}
	return objstore.CheckOutput(dir)
}

// Holds tells whether a local file lies in a folder.
func Holds(dir, path string) bool {
	folder, err := resolved(dir)
	if err != nil {
		return false
	}
	file, err := resolved(path)
	return err == nil && within(folder, file)
}

func within(outer, inner string) bool {
	rel, err := filepath.Rel(outer, inner)
	return err == nil && filepath.IsLocal(rel)
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
