package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"tripstats/io/publish"
)

// shelf is a place for outputs: a folder or a bucket. Its functions look at it without the program. Their paths have slashes.
type shelf struct {
	base   string   // an output is at base/NAME
	env    []string // that the program needs
	read   func(path string) ([]byte, error)
	names  func() ([]string, error) // of all files, sorted
	remove func(path string) error
}

// shelves are the places at which a commit must hold.
var shelves = []struct {
	name  string
	start func(*testing.T) shelf
}{{"folder", folderShelf}, {"s3", s3Shelf}, {"gs", gsShelf}}

func folderShelf(t *testing.T) shelf {
	dir := t.TempDir()
	at := func(p string) string { return filepath.Join(dir, filepath.FromSlash(p)) }
	return shelf{
		base: dir,
		read: func(p string) ([]byte, error) { return os.ReadFile(at(p)) },
		names: func() (names []string, err error) {
			err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
				if errors.Is(err, fs.ErrNotExist) { // it was removed meanwhile
					return nil
				}
				if err != nil || d.IsDir() {
					return err
				}
				rel, err := filepath.Rel(dir, p)
				names = append(names, filepath.ToSlash(rel))
				return err
			})
			return names, err
		},
		remove: func(p string) error { return os.Remove(at(p)) },
	}
}

func s3Shelf(t *testing.T) shelf {
	b, fake := s3Bucket(t)
	return shelf{base: b.base, env: b.env, read: fake.Content, names: fake.Names, remove: fake.Remove}
}

func gsShelf(t *testing.T) shelf {
	t.Helper()
	b, server := gsBucket(t)
	return shelf{
		base: b.base, env: b.env,
		read: func(p string) ([]byte, error) {
			o, err := server.GetObject("bucket", p)
			if err != nil { // of a server in memory: it is not there
				return nil, fmt.Errorf("%s: %w: %w", p, fs.ErrNotExist, err)
			}
			return o.Content, nil
		},
		names: func() (names []string, err error) {
			all, err := server.ListObjectsWithOptionsPaginated("bucket", fakestorage.ListOptions{})
			for _, o := range all.Objects {
				names = append(names, o.Name)
			}
			slices.Sort(names)
			return names, err
		},
		remove: func(p string) error { return server.Backend().DeleteObject("bucket", p) },
	}
}

// outlets are the shelves and the formats of the outputs on them. Only long tests have all of them.
func outlets() (all []outlet) {
	for _, at := range shelves {
		for _, format := range []string{"parquet", "delta"} {
			if format == "parquet" || at.name == "folder" || soaking() {
				all = append(all, outlet{at.name + ", " + format, format, at.start})
			}
		}
	}
	return all
}

type outlet struct {
	name, format string
	start        func(*testing.T) shelf
}

// sums are the SHA-256 of tables, by name.
type sums map[string]string

// look is what a reader sees of an output at one moment.
type look struct {
	manifest *publish.Manifest // nil: there is none
	content  []byte            // of the manifest
	tables   sums              // through the manifest
}

// read reads the tables of an output through its manifest, as a reader does that knows the program's promise: what the manifest names is
// there and has its digest, unless there is another manifest by then.
func (s shelf) readOutput(output string) (l look, err error) {
	for range 1000 {
		l = look{tables: sums{}}
		if l.content, err = s.read(output + "/" + publish.ManifestName); errors.Is(err, fs.ErrNotExist) {
			return look{}, nil
		} else if err != nil {
			return l, err
		}
		if err := json.Unmarshal(l.content, &l.manifest); err != nil {
			return l, fmt.Errorf("the manifest is torn: %w", err)
		}
		if l.manifest.Commit == nil {
			return l, errors.New("the manifest has no commit")
		}
		var wrong error
		for _, o := range l.manifest.Outputs {
			content, err := s.read(output + "/" + o.Path)
			switch l.tables[o.Table] = hexSHA256(content); {
			case err != nil:
				wrong = errors.Join(wrong, fmt.Errorf("version %d: %w", l.manifest.Commit.Version, err))
			case l.tables[o.Table] != o.SHA256:
				wrong = errors.Join(wrong, fmt.Errorf("version %d: %s has another digest than in the manifest", l.manifest.Commit.Version, o.Path))
			}
		}
		if wrong == nil {
			return l, nil
		}
		if again, err := s.read(output + "/" + publish.ManifestName); err == nil && bytes.Equal(again, l.content) {
			return l, wrong
		}
	}
	return l, errors.New("the manifest changes again and again")
}

// watcher reads an output all the time, and keeps what was wrong first.
type watcher struct {
	stop  chan struct{}
	done  chan error
	looks int
}

// watch starts a watcher. Each version that it sees must have the tables of one of the known sets, and each copy must be one of their
// tables.
func watch(s shelf, output string, known ...sums) *watcher {
	w := &watcher{stop: make(chan struct{}), done: make(chan error, 1)}
	go func() {
		var last look
		for {
			select {
			case <-w.stop:
				w.done <- nil
				return
			case <-time.After(100 * time.Microsecond):
			}
			now, err := s.readOutput(output)
			if err == nil {
				err = now.follows(last, known)
			}
			if err == nil && now.manifest != nil {
				if now.manifest.Format == "delta" {
					err = s.checkLogs(output, known)
				} else {
					err = s.checkCopies(output, known)
				}
			}
			if err != nil {
				w.done <- err
				return
			}
			last = now
			w.looks++
		}
	}()
	return w
}

// end stops the watcher and fails the test if something was wrong.
func (w *watcher) end(t *testing.T) {
	t.Helper()
	close(w.stop)
	if err := <-w.done; err != nil {
		t.Errorf("a reader that polls: %v", err)
	}
	if w.looks == 0 {
		t.Error("a reader that polls has not looked once")
	}
}

// follows checks what a reader sees that has seen something before.
func (l look) follows(before look, known []sums) error {
	if l.manifest == nil {
		if before.manifest != nil {
			return errors.New("the manifest was there, and is not any more")
		}
		return nil
	}
	is := func(k sums) bool { return maps.Equal(k, l.tables) }
	if !slices.ContainsFunc(known, is) {
		return fmt.Errorf("version %d has tables that are those of no run: %v", l.manifest.Commit.Version, l.tables)
	}
	if before.manifest == nil || bytes.Equal(before.content, l.content) {
		return nil
	}
	if was, is := before.manifest.Commit.Version, l.manifest.Commit.Version; is <= was {
		return fmt.Errorf("after version %d there is another one with the number %d", was, is)
	}
	return nil
}

// checkCopies checks that each copy of a table is whole.
func (s shelf) checkCopies(output string, known []sums) error {
	checked := map[string]bool{}
	for _, k := range known {
		for table := range k {
			if checked[table] {
				continue
			}
			checked[table] = true
			content, err := s.read(copyOf(output, table))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			if sum := hexSHA256(content); !slices.ContainsFunc(known, func(k sums) bool { return k[table] == sum }) {
				return fmt.Errorf("the copy of %s is that of no version: %d bytes", table, len(content))
			}
		}
	}
	return nil
}

// checkLogs reads each Delta table by its log. Its file must be there, and be a table of some version.
func (s shelf) checkLogs(output string, known []sums) error {
	tables := sums{}
	for _, k := range known {
		maps.Copy(tables, k)
	}
	for table := range tables {
		last := ""
		for {
			log, err := s.lastOf(output + "/" + table + "/_delta_log/")
			if err != nil {
				return err
			}
			if log == last { // nobody has added to the log meanwhile
				break
			}
			last = log
			if err = s.checkLog(output, table, log, known); err == nil {
				break
			}
			if again, unread := s.lastOf(output + "/" + table + "/_delta_log/"); unread != nil || again == log {
				return errors.Join(err, unread)
			}
		}
	}
	return nil
}

// lastOf returns the last file with a prefix, "" if there is none.
func (s shelf) lastOf(prefix string) (last string, err error) {
	names, err := s.names()
	for _, n := range names {
		if strings.HasPrefix(n, prefix) && strings.HasSuffix(n, ".json") {
			last = max(last, n)
		}
	}
	return last, err
}

// checkLog checks the files that a commit of a Delta log adds.
func (s shelf) checkLog(output, table, log string, known []sums) error {
	content, err := s.read(log)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(content) {
		var action struct{ Add *struct{ Path string } }
		if err := json.Unmarshal(line, &action); err != nil {
			return fmt.Errorf("%s is torn: %w", log, err)
		}
		if action.Add == nil {
			continue
		}
		data, err := s.read(output + "/" + table + "/" + action.Add.Path)
		if err != nil {
			return fmt.Errorf("%s: %w", log, err)
		}
		if sum := hexSHA256(data); !slices.ContainsFunc(known, func(k sums) bool { return k[table] == sum }) {
			return fmt.Errorf("%s: the file %s is that of no version", log, action.Add.Path)
		}
	}
	return nil
}

func copyOf(output, table string) string { return output + "/" + table + "/" + table + ".parquet" }

// checkDone checks an output after a run that was not disturbed: its version and the copies are the tables that are wanted, and beside
// them only kept versions are there.
func (s shelf) checkDone(output string, want sums) error {
	now, err := s.readOutput(output)
	if err != nil {
		return err
	}
	if now.manifest == nil {
		return errors.New("there is no manifest")
	}
	if !maps.Equal(now.tables, want) {
		return fmt.Errorf("version %d has the tables %v, expected %v", now.manifest.Commit.Version, now.tables, want)
	}
	names, err := s.names()
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, v := range now.manifest.Commit.Versions {
		kept[v] = true
	}
	seen := map[string]bool{}
	for _, name := range names {
		below, ok := strings.CutPrefix(name, output+"/")
		if !ok {
			continue
		}
		if version, ok := strings.CutPrefix(below, ".tripstats/v/"); ok {
			version, file, _ := strings.Cut(version, "/")
			seen[version] = true
			// Of a version that is not kept any more, kept results may be needed.
			if !kept[version] && file != "kept.bin" || !isVersionFile(file) {
				err = errors.Join(err, fmt.Errorf("%s is there, and should not be: the versions %v are kept", below, now.manifest.Commit.Versions))
			}
			continue
		}
		table, file, _ := strings.Cut(below, "/")
		if version, ok := strings.CutPrefix(strings.TrimSuffix(file, ".parquet"), "v"); ok && now.manifest.Format == "delta" && kept[version] {
			seen[table] = true
			continue
		}
		switch {
		case below == publish.ReadmeName:
			seen[below] = true
		case below == publish.ManifestName, below == ".tripstats/runs", below == ".tripstats/lock" && !strings.Contains(s.base, "://"):
		case strings.HasPrefix(file, "_delta_log/") && now.manifest.Format == "delta":
		case now.tables[table] != "" && file == table+".parquet" && now.manifest.Format != "delta":
			content, unread := s.read(name)
			if sum := hexSHA256(content); unread != nil || sum != now.tables[table] {
				err = errors.Join(err, fmt.Errorf("the copy %s is not that of version %d: %w", below, now.manifest.Commit.Version, unread))
			}
			seen[table] = true
		default:
			err = errors.Join(err, fmt.Errorf("%s is there, and should not be", below))
		}
	}
	for _, name := range slices.Concat(now.manifest.Commit.Versions, slices.Collect(maps.Keys(now.tables)), []string{publish.ReadmeName}) {
		if !seen[name] {
			err = errors.Join(err, fmt.Errorf("nothing is there of %s", name))
		}
	}
	return err
}

// isVersionFile tells whether a version may have a file of a name.
func isVersionFile(name string) bool {
	return slices.Contains([]string{"manifest.json", "run.json", "kept.json", "kept.bin", "copied", "gone"}, name) || strings.HasSuffix(name, ".table")
}

// sumsOf are the tables of an output in a folder, as a run leaves them that nothing disturbs.
func sumsOf(t *testing.T, dir string, args ...string) sums {
	t.Helper()
	out := t.TempDir()
	runOnce(t, command{args: append(slices.Clone(args), "--output="+out, "--reuse=false"), dir: dir}).succeeds(t)
	found := sums{}
	for _, o := range readManifest(t, out).Outputs {
		found[o.Table] = o.SHA256
	}
	return found
}
