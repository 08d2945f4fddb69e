package main_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// call is a line of strace, which follows all threads and shows the paths of descriptors. A call that another interrupts has two lines.
var (
	call       = regexp.MustCompile(`^\d+ +(\w+)\((.*)\) += (\d+)`)
	unfinished = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	resumed    = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)$`)
	quoted     = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	shownPath  = regexp.MustCompile(`^\d+<([^>]*)>`)
)

// calls returns the calls of a trace that succeeded, in the order in which they ended.
func calls(trace string) (out [][]string) {
	begun := map[string]string{}
	for line := range strings.Lines(trace) {
		line = strings.TrimSuffix(line, "\n")
		if m := unfinished.FindStringSubmatch(line); m != nil {
			begun[m[1]] = m[1] + " " + m[2] + "(" + m[3]
			continue
		}
		if m := resumed.FindStringSubmatch(line); m != nil {
			line = begun[m[1]] + m[2]
		}
		if m := call.FindStringSubmatch(line); m != nil {
			out = append(out, m[1:])
		}
	}
	return out
}

// TestEachRenameIsOfASyncedFileInASyncedFolder asks the kernel what two runs do. What is written and then gets its place by a rename survives
// a power cut only if the file was synced before, and the folder of the place after the rename. The manifest comes into place after all that
// its version has was synced.
func TestEachRenameIsOfASyncedFileInASyncedFolder(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(dir, "out")
	for _, quality := range []string{"standard", "raw"} { // the second removes a table, and replaces the others
		traced := filepath.Join(dir, "trace")
		c := command{args: []string{"-f", "-y", "-s", "4096", "-e", "trace=openat,fsync,rename,renameat,renameat2,mkdirat,unlinkat", "-o", traced, program(t), "--input=sample", "--output=" + output, "--quality=" + quality}, dir: dir}
		r, err := c.run(strace, t.TempDir())
		if err != nil || strings.Contains(r.stderr, "ptrace") {
			t.Skipf("strace cannot be used here: %v %s", err, r.stderr)
		}
		if r.code != 0 {
			t.Fatal(r.stderr)
		}
		trace, err := os.ReadFile(traced)
		if err != nil {
			t.Fatal(err)
		}
		checkOrder(t, output, calls(string(trace)))
	}
}

// checkOrder checks the order of calls that change an output.
func checkOrder(t *testing.T, output string, calls [][]string) {
	t.Helper()
	open := map[string]bool{}    // files that were written, and are not synced
	changed := map[string]bool{} // folders whose entries have changed, and that are not synced
	renames, swapped := 0, false
	inOutput := func(path string) bool { return path == output || strings.HasPrefix(path, output+"/") }
	for _, c := range calls {
		name, args := c[0], c[1]
		var paths []string
		for _, m := range quoted.FindAllStringSubmatch(args, -1) {
			if inOutput(m[1]) {
				paths = append(paths, m[1])
			}
		}
		switch name {
		case "openat":
			// The lock has no content, the mark that the copies are there is the last that a run writes.
			if len(paths) == 1 && strings.Contains(args, "O_CREAT") && filepath.Base(paths[0]) != "lock" && filepath.Base(paths[0]) != "copied" {
				open[paths[0]] = true
				if filepath.Base(paths[0]) != "new" {
					changed[filepath.Dir(paths[0])] = true
				}
			}
		case "mkdirat":
			if len(paths) == 1 && paths[0] != output {
				changed[filepath.Dir(paths[0])] = true
			}
		case "fsync":
			if m := shownPath.FindStringSubmatch(args); m != nil {
				delete(open, m[1])
				delete(changed, m[1])
			}
		case "rename", "renameat", "renameat2":
			if len(paths) != 2 {
				continue
			}
			renames++
			if open[paths[0]] {
				t.Errorf("%s came into place without being synced", paths[1])
			}
			if filepath.Base(paths[1]) == "_manifest.json" {
				swapped = true
				if len(open) > 0 || len(changed) > 0 {
					t.Errorf("the manifest came into place before these were synced: %v %v", slices.Sorted(maps.Keys(open)), slices.Sorted(maps.Keys(changed)))
				}
			}
			changed[filepath.Dir(paths[1])] = true
		}
	}
	if len(open) > 0 || len(changed) > 0 {
		t.Errorf("not synced at the end: %v %v", slices.Sorted(maps.Keys(open)), slices.Sorted(maps.Keys(changed)))
	}
	if !swapped || renames < 3 {
		t.Errorf("found %d renames, of the manifest %v: this test does not test", renames, swapped)
	}
}
