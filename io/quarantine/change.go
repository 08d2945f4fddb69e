package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tripstats/io/objstore"
)

// Change replaces the rows of the run before by those of this run, in the middle of a publication. The zero value changes
// nothing. The steps are Prepare, Do, what the caller publishes, and Confirm. A run may be killed after any of them:
//
//   - Prepare puts all rows into the run's folder. Then it writes there what proves that the run has published: see [Proof].
//   - Do moves the folders. Until the run ends, what they replace is kept in the run's folder.
//   - Confirm writes the mark, and from then on the change holds whatever happens.
//
// The next run finds the folder of a killed run. If the mark is that run's, the change holds. Otherwise the proof decides: the
// moves are finished if the run has published, and undone if it has not. The folders that exist tell which moves are done. So this
// recovery may be stopped too, and started again.
type Change struct {
	cfg   Config
	mark  []byte // content of the mark before the change
	does  bool   // whether the change still has to be made
	proof Proof
}

// Proof is a file that has a certain content once a run has published. The zero value is that of a run that a guard stopped.
type Proof struct {
	URI    string `json:"uri,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// holds tells whether the run has published.
func (p Proof) holds(ctx context.Context, access objstore.Access) (bool, error) {
	content, err := access.ReadAll(ctx, p.URI)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]) == p.SHA256, err
}

// Prepare does everything that needs disk space, and changes nothing yet. The files are those of a run that publishes, or of
// one that a guard stopped. Another attempt may call it again, wherever the first one stopped.
func Prepare(ctx context.Context, cfg Config, files []File, proof Proof) (*Change, error) {
	if err := cfg.recover(ctx); err != nil {
		return nil, err
	}
	mark, err := os.ReadFile(cfg.mark())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	c := &Change{cfg: cfg, mark: mark, proof: proof}
	_, ready, err := cfg.proof()
	if err != nil || string(mark) == cfg.ID || ready && !exists(cfg.tree()) { // an attempt before has done it
		return c, err
	}
	c.does = true
	if err := build(cfg.tree(), files); err != nil {
		return nil, err
	}
	content, err := json.Marshal(proof)
	if err != nil {
		return nil, err
	}
	return c, objstore.WriteSynced(cfg.ready(), cfg.run(), content)
}

// build moves the files into a new folder, in their final layout, and syncs it to the disk.
func build(tree string, files []File) error {
	if _, err := objstore.MakeDirs(tree, 0o700); err != nil {
		return err
	}
	changed := map[string]bool{tree: true}
	for _, p := range files {
		to := filepath.Join(tree, p.place())
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		switch {
		case exists(to) && exists(p.Path):
			return fmt.Errorf("%s: two files of refused rows have this name", to)
		case exists(to): // an attempt before has moved it
		default:
			if err := objstore.Rename(p.Path, to); err != nil {
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
	if !c.does {
		return nil
	}
	if err := c.cfg.forward(c.proof); err != nil {
		return errors.Join(err, c.Undo())
	}
	return nil
}

// Confirm records that the run has published.
func (c *Change) Confirm() error {
	if !c.does {
		return nil
	}
	return c.cfg.writeMark([]byte(c.cfg.ID))
}

// Undo puts back what was there. The mark comes first: while it is this run's, the change holds.
func (c *Change) Undo() error {
	if !c.does {
		return nil
	}
	var failed error
	if now, err := os.ReadFile(c.cfg.mark()); err == nil && string(now) == c.cfg.ID {
		failed = c.cfg.writeMark(c.mark)
	}
	return errors.Join(failed, c.cfg.back(c.proof))
}

// place returns the folder of the rows of a run that published, or of one that a guard stopped.
func (c Config) place(proof Proof) string {
	if proof.URI == "" {
		return c.Unpublished()
	}
	return c.rows()
}

// forward makes all moves of a change that are not made yet.
func (c Config) forward(proof Proof) error {
	if exists(c.tree()) {
		to := c.place(proof)
		if err := c.putAside(to); err != nil {
			return err
		}
		if err := objstore.Rename(c.tree(), to); err != nil {
			return fmt.Errorf("%s: %w", to, objstore.Reason(err))
		}
	}
	if proof.URI != "" {
		if err := c.putAside(c.Unpublished()); err != nil {
			return err
		}
	}
	return c.syncDirs()
}

// back undoes all moves of a change that are made.
func (c Config) back(proof Proof) error {
	if !exists(c.tree()) && exists(c.ready()) {
		if err := moveIfThere(c.place(proof), c.tree()); err != nil {
			return err
		}
	}
	for _, place := range []string{c.rows(), c.Unpublished()} {
		if exists(place) {
			continue
		}
		if err := moveIfThere(c.aside(place), place); err != nil {
			return err
		}
	}
	return c.syncDirs()
}

func (c Config) putAside(place string) error { return moveIfThere(place, c.aside(place)) }

func moveIfThere(from, to string) error {
	if err := objstore.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", to, objstore.Reason(err))
	}
	return nil
}

func (c Config) syncDirs() error {
	if err := objstore.SyncDir(c.run()); err != nil {
		return err
	}
	return objstore.SyncDir(c.Dir)
}

// proof reads what Prepare has written, if it came that far.
func (c Config) proof() (p Proof, ready bool, err error) {
	content, err := os.ReadFile(c.ready())
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &p)
	}
	if err != nil {
		return p, false, fmt.Errorf("%s: %w", c.ready(), objstore.Reason(err))
	}
	return p, true, nil
}

// recover finishes or undoes the change of a run that was stopped on the way.
func (c Config) recover(ctx context.Context) error {
	if mark, err := os.ReadFile(c.mark()); err == nil && string(mark) == c.ID || !exists(c.run()) {
		return nil
	}
	proof, ready, err := c.proof()
	switch {
	case err != nil:
		return err
	case !ready:
		return c.back(proof)
	case proof.URI == "": // of a run that a guard stopped: once its rows are in place the change holds
		if exists(c.tree()) {
			return c.back(proof)
		}
		return nil
	}
	published, err := proof.holds(ctx, c.Access)
	switch {
	case err != nil:
		return fmt.Errorf("the run %s was stopped while it published; %s tells whether it did, but cannot be read: %w; make it readable, or remove %s to keep the refused rows as they are",
			c.ID, objstore.Redact(proof.URI), objstore.Reason(err), c.ready())
	case !published:
		return c.back(proof)
	}
	if err := c.forward(proof); err != nil {
		return err
	}
	return c.writeMark([]byte(c.ID))
}
