package quarantine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"tripstats/io/objstore"
)

// Change replaces the rows of the run before by those of this run. It has steps, so that it can be done in the middle of a
// publication and undone if that fails. The zero value changes nothing.
type Change struct {
	cfg    Config
	moves  []move // to be done, in this order
	done   []move
	mark   []byte // what it was, if it is to change
	marked bool
}

// move is a rename. If it is optional, the file may be missing.
type move struct {
	from, to string
	optional bool
}

// Prepare does everything that needs disk space, and changes nothing yet. The pieces are those of a run that publishes, or of
// one that a guard stopped. Another attempt may call it again, wherever the first one stopped.
func Prepare(cfg Config, pieces []Piece, published bool) (*Change, error) {
	c := &Change{cfg: cfg}
	before, err := os.ReadFile(cfg.mark())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if string(before) == cfg.ID {
		return c, nil // it is done
	}
	if published {
		c.mark = append([]byte{}, before...)
	}
	tree, ready := filepath.Join(cfg.run(), rowsDir), filepath.Join(cfg.run(), "ready")
	unpublished := []move{{cfg.Unpublished(), filepath.Join(cfg.run(), "unpublished"), true}}
	if published {
		c.moves = append([]move{{cfg.rows(), filepath.Join(cfg.run(), beforeDir), true}, {tree, cfg.rows(), false}}, unpublished...)
	} else {
		c.moves = append(unpublished, move{tree, cfg.Unpublished(), false})
	}
	_, missing := os.Lstat(tree)
	if _, err := os.Lstat(ready); err == nil && missing != nil { // an attempt before has moved the rows, and not come to the mark
		c.done = slices.DeleteFunc(c.moves, func(m move) bool { _, err := os.Lstat(m.to); return err != nil })
		c.moves = nil
		return c, nil
	}
	if err := build(tree, pieces); err != nil {
		return nil, err
	}
	return c, objstore.CloseSynced(os.OpenFile(ready, os.O_CREATE|os.O_WRONLY, 0o600))
}

// build moves the pieces into a folder, as it is to be, on the disk.
func build(tree string, pieces []Piece) error {
	if _, err := objstore.MakeDirs(tree, 0o700); err != nil {
		return err
	}
	changed := map[string]bool{tree: true}
	for _, p := range pieces {
		to := filepath.Join(tree, p.place())
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		_, there := os.Lstat(to)
		_, here := os.Lstat(p.Path)
		switch {
		case there == nil && here == nil:
			return fmt.Errorf("%s: two files of refused rows have this name", to)
		case there == nil: // moved by an attempt that did not come to its end
		default:
			if err := os.Rename(p.Path, to); err != nil {
				return fmt.Errorf("%s: %w", p.Path, objstore.Reason(err))
			}
		}
		for dir := filepath.Dir(to); dir != tree; dir = filepath.Dir(dir) {
			changed[dir] = true
		}
	}
	for dir := range changed {
		if err := objstore.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// Do makes the change. After an error everything is as before.
func (c *Change) Do() error {
	if len(c.moves) == 0 && c.mark == nil {
		return nil
	}
	for _, m := range c.moves {
		switch err := os.Rename(m.from, m.to); {
		case err == nil:
			c.done = append(c.done, m)
		case m.optional && errors.Is(err, fs.ErrNotExist):
		default:
			return errors.Join(fmt.Errorf("%s: %w", m.to, objstore.Reason(err)), c.Undo())
		}
	}
	err := objstore.SyncDir(c.cfg.Dir)
	if err == nil && c.mark != nil {
		if err = c.cfg.writeMark([]byte(c.cfg.ID)); err == nil {
			c.marked = true
		}
	}
	if err != nil {
		return errors.Join(err, c.Undo())
	}
	return nil
}

// Undo puts back what was there.
func (c *Change) Undo() error {
	var errs []error
	for _, m := range slices.Backward(c.done) {
		errs = append(errs, os.Rename(m.to, m.from))
	}
	if len(c.done) > 0 {
		errs = append(errs, objstore.SyncDir(c.cfg.Dir))
	}
	if c.marked {
		errs = append(errs, c.cfg.writeMark(c.mark))
	}
	c.done, c.marked = nil, false
	return errors.Join(errs...)
}
