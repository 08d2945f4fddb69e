package tlcgen

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// WriteFile writes one file like [Write], by way of a temporary file in the
// same folder that is renamed when complete: path either holds a whole file or
// what it held before. The folder must exist.
func WriteFile(ctx context.Context, path string, o Options) (truth FileTruth, err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return FileTruth{}, fmt.Errorf("tlcgen: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	truth, err = Write(ctx, tmp, o)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return FileTruth{}, err
	}
	return truth, os.Rename(tmp.Name(), path)
}

// Tree is a set of files to write.
type Tree struct {
	Dir  string // made if it does not exist
	Flat bool   // all files in Dir, without folders for taxi and year

	// Files are what to write. Two of the same taxi and month are an error.
	Files []Options

	// Done, if not nil, is called after each file, in no particular order but
	// one call at a time.
	Done func(FileTruth)
}

// Generate writes the files of a tree, as many at a time as GOMAXPROCS, and
// returns what is in them, in the order of Files. All options are checked
// before the first file is written. At the first error, or when ctx is done,
// no more files are begun, and those not complete leave nothing behind.
func Generate(ctx context.Context, tree Tree) (Truth, error) {
	truths := make([]FileTruth, len(tree.Files))
	seen := map[string]bool{}
	for i, o := range tree.Files {
		if _, err := o.check(); err != nil {
			return Truth{}, err
		}
		truths[i].Path = o.path(tree.Flat)
		if seen[truths[i].Path] {
			return Truth{}, fmt.Errorf("tlcgen: %s %v is asked for twice", o.Taxi, o.Month)
		}
		seen[truths[i].Path] = true
		if err := os.MkdirAll(filepath.Dir(tree.path(truths[i].Path)), 0o755); err != nil {
			return Truth{}, fmt.Errorf("tlcgen: %w", err)
		}
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex // one call of Done at a time
		next = make(chan int)
	)
	for range min(runtime.GOMAXPROCS(0), len(tree.Files)) {
		wg.Go(func() {
			for i := range next {
				t, err := WriteFile(ctx, tree.path(truths[i].Path), tree.Files[i])
				if err != nil {
					cancel(err)
					return
				}
				t.Path = truths[i].Path
				truths[i] = t
				if tree.Done != nil {
					mu.Lock()
					tree.Done(t)
					mu.Unlock()
				}
			}
		})
	}
	for i := range tree.Files {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return Truth{}, context.Cause(ctx)
	}
	return Truth{Files: truths}, nil
}

func (t Tree) path(slashed string) string {
	return filepath.Join(t.Dir, filepath.FromSlash(slashed))
}

// sampleSeed is one of the few seeds whose sample, small as it is, has some of
// every kind of dirt.
const sampleSeed = 39

// Sample returns the options of the files in testdata/sample: four months of
// four eras, both taxis, small enough to be committed.
func Sample() []Options {
	var files []Options
	for _, m := range []YearMonth{{2014, 3}, {2019, 8}, {2023, 5}, {2025, 2}} {
		files = append(files,
			Options{Taxi: Yellow, Month: m, Rows: 12_000, Seed: sampleSeed},
			Options{Taxi: Green, Month: m, Rows: 2_500, Seed: sampleSeed})
	}
	return files
}
