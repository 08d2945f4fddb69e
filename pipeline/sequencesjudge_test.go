package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tripstats/testdata/fakes"
)

// This part of the random sequences runs the program and judges the output.

// step changes something and runs the program. It tells whether all was as it should be.
func (w *world) step() bool {
	for range 1 + w.random.IntN(2) {
		w.change()
	}
	r := w.draw()
	if r == nil {
		return true
	}
	if w.have != nil && w.chance(15) {
		w.damage()
		r.readable = false
		if r.existing == "extend" && r.codes[0] == 0 && w.isGone(r) {
			r.codes = []int{0, 3, 5}
		}
	}
	if slices.Equal(r.codes, []int{0}) && w.chance(15) {
		w.kill(r)
	}
	before := w.contents(w.out)
	w.fetched = map[string]bool{}
	code, stdout, stderr := w.runs(append(r.args, "--output="+w.out))
	w.codes[code]++
	w.note("%s: exit code %d, expected %v\n%s", strings.Join(r.args, " "), code, r.codes, stderr)
	if !slices.Contains(r.codes, code) {
		w.note("WRONG: the exit code")
		return false
	}
	if code != 0 {
		if !maps.Equal(before, w.contents(w.out)) {
			w.note("WRONG: the run failed and changed the output")
			return false
		}
		return true
	}
	if r.readable {
		for name, f := range r.becomes.files {
			old, had := w.have.files[name]
			_, named := r.named[name]
			unchanged := had && bytes.Equal(old.content, f.content) && f.dated
			if w.fetched[name] && (unchanged || !named) {
				w.note("WRONG: %s has not changed and was read", name)
				return false
			}
			if unchanged {
				w.reused++
			}
		}
	}
	w.have = &r.becomes
	w.broken = w.broken && !strings.Contains(stderr, "committed=true") // what was damaged is made anew
	return w.isRight(stdout) && w.repeats(r)
}

func (w *world) runs(args []string) (code int, stdout, stderr string) {
	var o, e bytes.Buffer
	code = int(run(w.t.Context(), args, &o, &e, new(progress)))
	return code, o.String(), e.String()
}

// isRight compares the output with that of a run over what it should have that makes no use of anything that is kept.
func (w *world) isRight(stdout string) bool {
	objects, names := map[string][]byte{}, []string{}
	for _, files := range []map[string]seqFile{w.have.files, w.have.leftOut} {
		for name, f := range files {
			objects[name] = f.content
		}
	}
	web := fakes.NewWeb(w.t, objects)
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		names = append(names, web.URL+"/"+name)
	}
	fresh := filepath.Join(w.t.TempDir(), "fresh")
	code, want, stderr := w.runs(append(w.have.flags(w.t), "--input="+strings.Join(names, ","), "--reuse=false", "--output="+fresh))
	if code != 0 {
		w.note("WRONG: a fresh run over what it should have: exit code %d\n%s", code, stderr)
		return false
	}
	if found, expected := w.tables(w.out), w.tables(fresh); !maps.Equal(found, expected) {
		w.note("WRONG: found the tables %v, expected %v", slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(expected)))
		for name, table := range expected {
			if found[name] != table {
				w.note("WRONG: the table %s", name)
			}
		}
		return false
	}
	if found, expected := w.manifest(w.out), w.manifest(fresh); found != expected {
		w.note("WRONG: found the manifest\n%s\nexpected\n%s", found, expected)
		return false
	}
	if found, expected := sortedLines(strings.ReplaceAll(stdout, w.out, "")), sortedLines(strings.ReplaceAll(want, fresh, "")); found != expected {
		w.note("WRONG: found on stdout\n%s\nexpected\n%s", found, expected)
		return false
	}
	if !w.ever {
		if code, stdout, stderr := w.runs([]string{"check", w.out}); code != 0 {
			w.note("WRONG: check finds\n%s%s", stdout, stderr)
			return false
		}
	}
	return true
}

// sortedLines has the lines of a text in an order of their own, because the tables of an output that was extended are in another order.
func sortedLines(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}

// repeats runs the same again, now and then: there is nothing to do.
func (w *world) repeats(r *seqRun) bool {
	readsAll := func(arg string) bool { return arg == "--reuse=false" || strings.HasPrefix(arg, "--quarantine") }
	if !w.chance(20) || slices.ContainsFunc(r.args, readsAll) {
		return true
	}
	before := w.contents(w.out)
	w.fetched = map[string]bool{}
	code, _, stderr := w.runs(append(r.args, "--output="+w.out))
	if code != 0 || !strings.Contains(stderr, "committed=false") || len(w.fetched) > 0 || !maps.Equal(before, w.contents(w.out)) {
		w.note("WRONG: the same again: exit code %d, %v was read, expected nothing to do\n%s", code, w.fetched, stderr)
		return false
	}
	return true
}

// contents are the files below a folder.
func (w *world) contents(dir string) map[string]string {
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, dir)] = string(content)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	return found
}

// tables are the copies of the tables of an output, by name.
func (w *world) tables(dir string) map[string]string {
	found := w.contents(dir)
	maps.DeleteFunc(found, func(path, _ string) bool { return !strings.HasSuffix(path, ".parquet") })
	return found
}

// manifest is what a manifest says of inputs and tables, without what names places and runs.
func (w *world) manifest(dir string) string {
	content, err := os.ReadFile(filepath.Join(dir, "_manifest.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(content, &m); err != nil {
		w.t.Fatal(err)
	}
	for _, name := range []string{"commit", "flags", "left_out", "settings", "quarantine"} {
		delete(m, name)
	}
	for list, place := range map[string]string{"inputs": "uri", "outputs": "path"} {
		all, _ := m[list].([]any)
		for _, one := range all {
			if fields, is := one.(map[string]any); is {
				delete(fields, place)
			}
		}
		// An output that was extended has its tables in the order in which they came.
		slices.SortFunc(all, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// damage damages something that is kept with a version.
func (w *world) damage() {
	all, err := filepath.Glob(filepath.Join(w.out, ".tripstats", "v", "*", "kept.*"))
	if err != nil || len(all) == 0 {
		return
	}
	path := pick(w, all...)
	content, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	how := pick(w, "removed", "cut short", "a bit flipped", "another's")
	switch {
	case how == "removed" || len(content) == 0:
		err = os.Remove(path)
	case how == "cut short":
		err = os.WriteFile(path, content[:w.random.IntN(len(content))], 0o600)
	case how == "another's":
		other, unread := os.ReadFile(pick(w, all...))
		err = errors.Join(unread, os.WriteFile(path, other, 0o600))
	default:
		content[w.random.IntN(len(content))] ^= 1 << w.random.IntN(8)
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.broken, w.ever = true, true
	w.note("damaged %s: %s", strings.TrimPrefix(path, w.out), how)
}

// kill starts the run in a process of its own and kills it at a random moment, if it is not over by then.
func (w *world) kill(r *seqRun) {
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	w.fetched = map[string]bool{}
	cmd := exec.Command(self, append(slices.Clone(r.args), "--output="+w.out)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	after := time.Duration(w.random.Int64N(int64(150 * time.Millisecond)))
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may be over already
	_ = cmd.Wait()                                                    // the next run tells what became of it
	timer.Stop()
	r.readable = false
	w.note("killed after %v: %v", after, cmd.ProcessState)
}
