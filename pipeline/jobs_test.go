package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// asProgram has the test program behave as the program itself, so that a job can be run alone in a process.
const asProgram = "TRIPSTATS_TEST_AS_PROGRAM"

func init() {
	if os.Getenv(asProgram) != "" {
		os.Exit(int(mainWithSignals()))
	}
}

// aJob is a job of a test, and what it left behind.
type aJob struct {
	args   []string
	output string
}

type left struct {
	code   int
	stdout string
	stderr string // without what differs from run to run
	files  map[string]string
}

// alone runs the job in a process of its own.
func (j aJob) alone(t *testing.T) left {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(self, append(j.args, "--output="+j.output)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), asProgram+"=1"), &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return j.left(t, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String())
}

// here runs the job in this process.
func (j aJob) here(t *testing.T) left {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append(j.args, "--output="+j.output), &stdout, &stderr, new(progress))
	return j.left(t, int(code), stdout.String(), stderr.String())
}

// ofRun is what tells in a manifest which run made it.
var ofRun = regexp.MustCompile(`(?s)\n  "commit": \{.*?\n  \}|\n *"path": "\.tripstats/v/[^\n]*`)

// left reads what the job left behind, and removes it.
func (j aJob) left(t *testing.T, code int, stdout, stderr string) left {
	l := left{code: code, stdout: stdout, files: map[string]string{}}
	for line := range strings.Lines(stderr) { // the last line has times, and memory and counts of the process
		line, _, _ = strings.Cut(line, " bytes_read=")
		l.stderr += strings.TrimSpace(line) + "\n"
	}
	err := filepath.WalkDir(j.output, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, ".tripstats") {
			return err
		}
		content, err := os.ReadFile(path)
		l.files[strings.TrimPrefix(path, j.output)] = ofRun.ReplaceAllString(string(content), "")
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := os.RemoveAll(j.output); err != nil {
		t.Error(err)
	}
	return l
}

// same compares what a job left with what it leaves when it is run alone.
func (j aJob) same(t *testing.T, got, want left) {
	t.Helper()
	if got.code != want.code || got.stdout != want.stdout || got.stderr != want.stderr {
		t.Errorf("%q: found exit code %d and\n%s%s\nexpected %d and\n%s%s", j.args, got.code, got.stdout, got.stderr, want.code, want.stdout, want.stderr)
	}
	for path := range want.files {
		if got.files[path] != want.files[path] {
			t.Errorf("%q: %s is not as when the job is run alone", j.args, path)
		}
	}
	if len(got.files) != len(want.files) {
		t.Errorf("%q: found %d files, expected %d", j.args, len(got.files), len(want.files))
	}
}

// TestJobsOfOneProcessAreAsIfAlone runs jobs with different settings one after the other, and then all at the same time. Each must give
// the tables, the manifest, the messages and the exit code that it gives in a process of its own.
func TestJobsOfOneProcessAreAsIfAlone(t *testing.T) {
	var jobs []aJob
	for _, args := range [][]string{
		{"--input=sample"},
		{"--input=sample", "--quality=raw", "--runner=prism", "--max-memory=150MiB"},
		{"--input=sample", "--limits=duration_over=30,distance_over=10", "--taxi=yellow", "--decoder=library", "--max-memory=300MiB"},
		{"--input=sample", "--limits=duration_over=60", "--runner=prism", "--job_name=other", "--parallelism=3"},
		{"--input=sample", "--max-rejected=0.0001%"}, // a guard stops it
		{"--input=http://192.0.2.1/x.parquet"},       // needs --allow-http
		{"--input=" + filepath.Join("..", "testdata", "sample", "*_2023-05.parquet"), "--as-of=2023-05", "--quarantine=" + filepath.Join(t.TempDir(), "kept")},
		{"--input=sample", "--plan", "--taxi=green"},
	} {
		jobs = append(jobs, aJob{args, filepath.Join(t.TempDir(), "out")})
	}
	var want []left
	for _, j := range jobs {
		want = append(want, j.alone(t))
	}
	if want[0].code != 0 || len(want[0].files) != 6 || want[4].code != 5 || want[5].code != 2 || want[0].files["/trip_stats/trip_stats.parquet"] == want[3].files["/trip_stats/trip_stats.parquet"] {
		t.Fatalf("the jobs do not differ as they should: found exit codes %d, %d, %d\n%s", want[0].code, want[4].code, want[5].code, want[0].stderr)
	}
	t.Run("one after the other", func(t *testing.T) {
		for i, j := range jobs {
			j.same(t, j.here(t), want[i])
		}
	})
	t.Run("at the same time", func(t *testing.T) {
		got := make([]left, len(jobs))
		var all sync.WaitGroup
		for i, j := range jobs {
			all.Go(func() { got[i] = j.here(t) })
		}
		all.Wait()
		for i, j := range jobs {
			j.same(t, got[i], want[i])
		}
	})
}
