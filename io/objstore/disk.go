package objstore

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
)

// Step is one change of local files that a publication makes, or one request that changes survive a power cut.
type Step struct {
	Do   string // one of the words below
	Path string
	To   string // of a rename
}

// What a step does.
const (
	StepCreate     = "create"      // a file, or what is written to it next
	StepWrite      = "write"       // a part of the content of a file
	StepSync       = "sync"        // the content of a file survives a power cut
	StepSyncFolder = "sync folder" // changes of the entries of a folder survive a power cut
	StepMakeFolder = "make folder"
	StepRename     = "rename"
	StepRemove     = "remove"     // a file or an empty folder
	StepRemoveAll  = "remove all" // a folder with all that is in it
)

var watcher atomic.Pointer[func(Step) error]

// Watch calls f before each step. If f returns an error, the step is not taken and returns that error. Tests use this to see the
// order of steps and to stop a run after any of them: if all further steps of a run fail, it leaves on the disk what a killed run
// leaves. The caller must call restore.
func Watch(f func(Step) error) (restore func()) {
	was := watcher.Swap(&f)
	return func() { watcher.Store(was) }
}

// taking calls the watcher, if there is one, before a step.
func taking(s Step) error {
	if f := watcher.Load(); f != nil {
		return (*f)(s)
	}
	return nil
}

// newFile creates a file, or empties one that is there, and writes to it.
type newFile struct{ *os.File }

func create(path string, flags int) (newFile, error) {
	if err := taking(Step{Do: StepCreate, Path: path}); err != nil {
		return newFile{}, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|flags, 0o666)
	return newFile{f}, err
}

// Write is a step if there is a watcher.
func (f newFile) Write(p []byte) (int, error) {
	if err := taking(Step{Do: StepWrite, Path: f.Name()}); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

// ReadFrom copies a file inside the kernel, if that can.
func (f newFile) ReadFrom(r io.Reader) (int64, error) {
	if err := taking(Step{Do: StepWrite, Path: f.Name()}); err != nil {
		return 0, err
	}
	return f.File.ReadFrom(r)
}

// Rename moves a file or folder. SyncDir of both folders makes it survive a power cut.
func Rename(from, to string) error {
	if err := taking(Step{StepRename, from, to}); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// Remove removes a file or an empty folder.
func Remove(path string) error {
	if err := taking(Step{Do: StepRemove, Path: path}); err != nil {
		return err
	}
	return os.Remove(path)
}

// RemoveAll removes a file or folder with all that is in it.
func RemoveAll(path string) error {
	if err := taking(Step{Do: StepRemoveAll, Path: path}); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

func makeDir(path string, mode fs.FileMode) error {
	if err := taking(Step{Do: StepMakeFolder, Path: path}); err != nil {
		return err
	}
	return os.Mkdir(path, mode)
}

// SyncDir makes changes of the entries of a folder survive a power cut.
func SyncDir(dir string) error {
	err := taking(Step{Do: StepSyncFolder, Path: dir})
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", dir, Reason(err))
	}
	return nil
}

// Sync makes the content of a file survive a power cut.
func Sync(f *os.File) error {
	if err := taking(Step{Do: StepSync, Path: f.Name()}); err != nil {
		return err
	}
	return f.Sync()
}

// CloseSynced writes a file to the disk and closes it. err is the error of writing. If it is not nil it is returned, because
// later errors have the same cause.
func CloseSynced(f *os.File, err error) error {
	if err == nil {
		err = Sync(f)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// WriteSynced replaces a file in one step. A symbolic link in its place is replaced, not followed. The new content is first
// written to a file in the folder beside, which must be on the same disk.
func WriteSynced(path, beside string, content []byte) error {
	f, err := os.CreateTemp(beside, filepath.Base(path)) // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = CloseSynced(f, err); err == nil {
		err = Rename(f.Name(), path)
	}
	if err == nil {
		err = SyncDir(filepath.Dir(path))
	}
	return err
}
