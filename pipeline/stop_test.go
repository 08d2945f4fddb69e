package main_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

// started is a run that has started.
type started struct {
	cmd    *exec.Cmd
	stdout *bytes.Buffer
	stderr *said
	args   []string
	over   chan struct{} // closed when the process has ended
}

// said has what a run writes to stderr. It can be read while the run goes on.
type said struct {
	mu   sync.Mutex
	text *bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start starts a run, which is killed when the test ends.
func start(t *testing.T, c command) started {
	t.Helper()
	cmd, stdout, stderr, cancel := c.prepare(program(t), t.TempDir())
	t.Cleanup(cancel)
	said := &said{text: stderr}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := started{cmd, stdout, said, c.args, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the exit code says it all
		close(s.over)
	}()
	return s
}

func (s started) wait() result {
	<-s.over
	return result{code: s.cmd.ProcessState.ExitCode(), stdout: s.stdout.String(), stderr: s.stderr.String(), args: s.args}
}

// untilSays waits until the run has written some words to stderr.
func (s started) untilSays(t *testing.T, words string) {
	t.Helper()
	for !strings.Contains(s.stderr.String(), words) {
		select {
		case <-s.over: // longest ends it
			t.Fatalf("the run is over and did not say %q: %s", words, s.wait().stderr)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// untilHeld waits until the run requests rows that a gate holds back.
func (s started) untilHeld(t *testing.T, g *fakes.Gate) {
	t.Helper()
	select {
	case <-g.Reached():
	case <-s.over: // longest ends it
		t.Fatalf("the run is over before it asked for the rows that are held: %s", s.wait().stderr)
	}
}

func TestASignalStopsARunAndLeavesThePreviousOutput(t *testing.T) {
	dir := t.TempDir()
	path := generate(t, dir, month(tlcgen.Yellow, 2019, 8, 20_000))
	runOnce(t, command{args: []string{"--input=sample", "--output=out"}, dir: dir}).succeeds(t)
	output := filepath.Join(dir, "out")
	before := treeOf(t, output)
	for _, runner := range runnerNames {
		for signal, code := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
			for _, into := range []string{"out", "new"} {
				gate := fakes.NewGate(t, 0, path)
				s := start(t, command{args: []string{"--input=" + gate.Addresses, "--output=" + into, "--runner=" + runner}, dir: dir})
				s.untilHeld(t, gate)
				if err := s.cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				s.wait().fails(t, code, "stopped by", "whole")
				if after := treeOf(t, output); !maps.Equal(before, after) {
					t.Fatalf("%s, %v: found %v, expected %v as before", runner, signal, after, before)
				}
				if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
					t.Errorf("%s, %v: an output folder was made", runner, signal)
				}
			}
		}
	}
	runOnce(t, command{args: []string{"--input=sample", "--output=out"}, dir: dir}).succeeds(t)
	if after := treeOf(t, output); !maps.Equal(before, after) {
		t.Errorf("the next run left %v, expected %v", after, before)
	}
}

// twoInputs returns two sets of files with different tables, and what a run of each leaves in an output folder.
func twoInputs(t *testing.T, dir string) (inputs [2]string, want [2]tree) {
	t.Helper()
	for i := range inputs {
		o := month(tlcgen.Yellow, 2019, 8, 3000)
		o.Seed = uint64(i)
		inputs[i] = generate(t, filepath.Join(dir, fmt.Sprint("input", i)), o)
		runOnce(t, command{args: []string{"--input=" + inputs[i], "--output=out"}, dir: dir}).succeeds(t)
		want[i] = treeOf(t, filepath.Join(dir, "out")).tableFiles()
	}
	for path, sum := range want[0] {
		if sum == want[1][path] && !strings.HasPrefix(path, "zones/") { // no trip decides this table
			t.Fatalf("%s is the same for both inputs", path)
		}
	}
	return inputs, want
}

// TestARunThatMayNotWriteEnoughLeavesThePreviousOutput limits the size of files, as a full disk would.
func TestARunThatMayNotWriteEnoughLeavesThePreviousOutput(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to limit file sizes with")
	}
	dir := t.TempDir()
	inputs, _ := twoInputs(t, dir)
	before := treeOf(t, filepath.Join(dir, "out"))
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell, "-c", `ulimit -f 4 && exec "$0" "$@"`, program(t), "--input="+inputs[0], "--output=out")
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the exit code says it all
	result{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}.fails(t, 1, "nothing was published", "too large")
	if after := treeOf(t, filepath.Join(dir, "out")); !maps.Equal(before, after) {
		t.Errorf("found %v, expected %v as before", after, before)
	}
}
