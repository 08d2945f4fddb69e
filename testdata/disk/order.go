// Package disk checks in tests that what a run writes survives a power cut.
package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"tripstats/io/objstore"
)

// Order watches the steps of a run. It demands that a file is synced before it is renamed, and that a folder is synced after its
// entries have changed: before the folder itself is renamed, before a last file comes into place, and at the end.
type Order struct {
	Steps []objstore.Step

	t       testing.TB
	last    []string // names of files that say that all before them is there
	rubbish []string // beginnings of the names of folders that nobody misses
	mu      sync.Mutex
	files   []fs.FileInfo
	synced  map[string]bool
	pending map[string]objstore.Step // by folder: the change that is not synced
	written map[string]objstore.Step // by file: what was written and is not synced
}

// Watch begins to watch. The caller must call check when the run has ended.
func Watch(t testing.TB, last, rubbish []string) (o *Order, check func()) {
	o = &Order{t: t, last: last, rubbish: rubbish, synced: map[string]bool{}, pending: map[string]objstore.Step{}, written: map[string]objstore.Step{}}
	restore := objstore.Watch(func(s objstore.Step) error { o.take(s); return nil })
	return o, func() {
		t.Helper()
		restore()
		o.nothingPending("at the end")
	}
}

func (o *Order) take(s objstore.Step) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Steps = append(o.Steps, s)
	switch s.Do {
	case objstore.StepCreate:
		if _, err := os.Lstat(s.Path); err != nil {
			o.changed(s, s.Path)
		}
		if !o.isRubbish(s.Path) {
			o.written[s.Path] = s
		}
	case objstore.StepSync:
		delete(o.written, s.Path)
		if info, err := os.Stat(s.Path); err == nil {
			o.files = append(o.files, info)
		}
	case objstore.StepSyncFolder:
		delete(o.pending, s.Path)
		o.synced[s.Path] = true
	case objstore.StepMakeFolder:
		o.changed(s, s.Path)
	case objstore.StepRemove, objstore.StepRemoveAll:
		entries, _ := os.ReadDir(s.Path)
		if _, err := os.Lstat(s.Path); err == nil && (len(entries) == 0 || s.Do == objstore.StepRemoveAll) {
			o.changed(s, s.Path)
			o.forget(s.Path)
		}
	case objstore.StepRename:
		o.renamed(s)
	}
}

func (o *Order) renamed(s objstore.Step) {
	if slices.Contains(o.last, filepath.Base(s.To)) {
		o.nothingPending("before " + s.To + " came into place")
	}
	if _, err := os.Lstat(s.Path); err != nil {
		return // there is nothing to rename
	}
	if o.isRubbish(s.To) {
		o.forget(s.Path)
		o.changed(s, s.Path)
		return
	}
	err := filepath.WalkDir(s.Path, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		switch {
		case err != nil:
			return err
		case d.IsDir() && !o.synced[path]:
			o.t.Errorf("%v: the folder %s was not synced", s, path)
		case !d.IsDir() && !slices.ContainsFunc(o.files, func(f fs.FileInfo) bool { return os.SameFile(f, info) }):
			o.t.Errorf("%v: the file %s was not synced", s, path)
		}
		return nil
	})
	if err != nil {
		o.t.Error(err)
	}
	for path := range o.pending {
		if path == s.Path || strings.HasPrefix(path, s.Path+string(filepath.Separator)) {
			o.t.Errorf("%v: the folder %s was not synced after %v", s, path, o.pending[path])
		}
	}
	for dir := range o.synced { // it goes with the folder
		if below, ok := strings.CutPrefix(dir+string(filepath.Separator), s.Path+string(filepath.Separator)); ok {
			o.synced[filepath.Join(s.To, below)] = true
		}
	}
	o.changed(s, s.Path)
	o.changed(s, s.To)
}

// changed notes that the entries of the folder of a path have changed.
func (o *Order) changed(s objstore.Step, path string) {
	if dir := filepath.Dir(path); !o.isRubbish(path) && !o.isRubbish(dir) {
		o.pending[dir] = s
		delete(o.synced, dir)
	}
}

// forget leaves out a folder that is removed.
func (o *Order) forget(folder string) {
	for _, paths := range []map[string]objstore.Step{o.pending, o.written} {
		for path := range paths {
			if path == folder || strings.HasPrefix(path, folder+string(filepath.Separator)) {
				delete(paths, path)
			}
		}
	}
}

func (o *Order) isRubbish(path string) bool {
	return slices.ContainsFunc(o.rubbish, func(prefix string) bool { return strings.HasPrefix(filepath.Base(path), prefix) })
}

func (o *Order) nothingPending(when string) {
	for dir, s := range o.pending {
		o.t.Errorf("%s: the folder %s was not synced after %v", when, dir, s)
	}
	for path, s := range o.written {
		o.t.Errorf("%s: the file %s was not synced after %v", when, path, s)
	}
}
