package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
)

func TestMain(m *testing.M) {
	if flag.Lookup("update") == nil { // Beam's Dataflow package has a flag of this name, a boolean too
		flag.Bool("update", false, "rewrite the files of testdata")
	}
	code := ptest.MainRetWithDefault(m, "direct")
	if binary.dir != "" {
		if err := os.RemoveAll(binary.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// runnerNames are those that run in one process. What users see must be the same with each.
var runnerNames = []string{"direct", "prism"}

var binary struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// program returns the path of the built program.
func program(t testing.TB) string {
	t.Helper()
	binary.once.Do(func() {
		if binary.dir, binary.err = os.MkdirTemp("", "tripstats-test-"); binary.err != nil {
			return
		}
		binary.path = filepath.Join(binary.dir, "tripstats")
		if out, err := exec.Command("go", "build", "-o", binary.path, ".").CombinedOutput(); err != nil {
			binary.err = fmt.Errorf("go build: %w: %s", err, out)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

// longest is how long a run may take. None of these tests comes near it; one that does not end fails.
const longest = 2 * time.Minute

// command describes a run of the program.
type command struct {
	args  []string
	dir   string // working directory
	env   []string
	limit time.Duration
}

// result has the outcome of a run.
type result struct {
	code     int // -1 if a signal ended it
	stdout   string
	stderr   string
	maxRSS   int64 // bytes; 0 if the system does not report it
	elapsed  time.Duration
	timedOut bool
	args     []string
	wrong    int // how many things are expected to be wrong, if several: each has a line on stderr
}

// tripstats runs the program in an empty folder.
func tripstats(t *testing.T, args ...string) result {
	t.Helper()
	return runOnce(t, command{args: args, dir: t.TempDir()})
}

// runOnce runs the program once. Temporary files of the runners go where the test's own go.
func runOnce(t *testing.T, c command) result {
	t.Helper()
	r, err := c.run(program(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (c command) run(program, temp string) (result, error) {
	cmd, stdout, stderr, cancel := c.prepare(program, temp)
	defer cancel()
	start := time.Now()
	err := cmd.Run()
	r := result{stdout: stdout.String(), stderr: stderr.String(), elapsed: time.Since(start), args: c.args, code: cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return r, err
	}
	r.timedOut = c.limit > 0 && r.elapsed >= c.limit
	r.maxRSS = mostResident(cmd.ProcessState)
	return r, nil
}

// prepare returns the command, ready to start, and the buffers for its output.
func (c command) prepare(program, temp string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer, cancel func()) {
	limit := c.limit
	if limit == 0 {
		limit = longest
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	cmd = exec.CommandContext(ctx, program, c.args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), append([]string{"TMPDIR=" + temp}, c.env...)...)
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr, cancel
}

const notePrefix = "tripstats: note: "

// sampleNote is the first line of a run on the sample.
const sampleNote = notePrefix + "the sample is made up: these are no trips of real taxis; to read real ones, say --input='dir/**/*.parquet' or --months=2023 --taxi=yellow\n"

// lines returns what the run wrote to stderr, without its notes.
func (r result) lines() (lines []string) {
	for l := range strings.Lines(r.stderr) {
		if !strings.HasPrefix(l, notePrefix) {
			lines = append(lines, strings.TrimSuffix(l, "\n"))
		}
	}
	return lines
}

// innards are words that a user must never see without --verbose.
var innards = []string{"goroutine ", "panic", "runtime error", "fatal error", "SIGSEGV", "INFO", "WARN", "level=", ".go:", "DoFn", "caused by", "[tripstats", "[/tripstats", "%!"}

// problem says what is wrong with the output of a run, whether it succeeded or failed; "" if nothing is.
func (r result) problem() string {
	lines := r.lines()
	if len(lines) > 1 && r.wrong == 0 {
		return fmt.Sprintf("found %d lines on stderr, expected one", len(lines))
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "tripstats: ") {
			return "found a line on stderr that is not the program's"
		}
		for _, word := range innards {
			if strings.Contains(line, word) {
				return fmt.Sprintf("found %q on stderr", word)
			}
		}
	}
	return ""
}

// succeeds checks that the run succeeded, and returns it.
func (r result) succeeds(t *testing.T) result {
	t.Helper()
	if problem := r.problem(); problem != "" || r.code != 0 {
		t.Fatalf("tripstats %q: exit code %d, expected 0 (%s)\nstdout: %s\nstderr: %s", r.args, r.code, problem, r.stdout, r.stderr)
	}
	return r
}

// with returns the run with the number of things that are expected to be wrong.
func (r result) with(wrong int) result {
	r.wrong = wrong
	return r
}

// fails checks that the run failed with the exit code, wrote one line, or a line for each thing that is wrong, with all the given
// words, and wrote nothing else.
func (r result) fails(t *testing.T, code int, words ...string) {
	t.Helper()
	problem := r.problem()
	switch {
	case problem != "":
	case r.code != code:
		problem = fmt.Sprintf("found exit code %d, expected %d", r.code, code)
	case len(r.lines()) != max(1, r.wrong):
		problem = fmt.Sprintf("found %d lines on stderr, expected %d", len(r.lines()), max(1, r.wrong))
	case r.stdout != "":
		problem = "found something on stdout"
	}
	for _, word := range words {
		if problem == "" && !strings.Contains(r.stderr, word) {
			problem = fmt.Sprintf("found no %q on stderr", word)
		}
	}
	if problem != "" {
		t.Errorf("tripstats %q: %s\nexit code: %d\nstdout: %s\nstderr: %s", r.args, problem, r.code, r.stdout, r.stderr)
	}
}

// tree has the content of a folder: the SHA-256 of each file, by path.
type tree map[string]string

// treeOf lists the files below a folder; one that does not exist has none.
func treeOf(t *testing.T, dir string) tree {
	t.Helper()
	found := tree{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if rel = filepath.ToSlash(rel); !strings.Contains("/"+rel, versionsOf) {
			found[rel] = hexSHA256(withoutRun(rel, content))
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

// versionsOf is in the paths of an output's versions, whose names have the ids of runs.
const versionsOf = "/.tripstats/v/"

var ofRun = regexp.MustCompile(`(?s)\n  "commit": \{.*?\n  \}|\n *"path": "\.tripstats/v/[^\n]*`)

// withoutRun returns a file without what tells which run made it, if it is a manifest.
func withoutRun(path string, content []byte) []byte {
	if filepath.Base(path) == "_manifest.json" {
		return ofRun.ReplaceAll(content, nil)
	}
	return content
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// tableFiles returns the files of a tree that must be the same for the same input, wherever it is and whichever runner is used.
func (f tree) tableFiles() tree {
	tables := tree{}
	for path, sum := range f {
		if strings.HasSuffix(path, ".parquet") {
			tables[path] = sum
		}
	}
	return tables
}

// golden compares text with a file of testdata, or writes it there with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if updating() {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: found\n%s\nexpected\n%s\n(go test ./pipeline -update accepts it)", path, got, want)
	}
}
