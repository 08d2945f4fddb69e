package main_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
		want[i] = treeOf(t, filepath.Join(dir, "out"))
	}
	for path, sum := range want[0] {
		if sum == want[1][path] && path != ".tripstats/lock" {
			t.Fatalf("%s is the same for both inputs", path)
		}
	}
	return inputs, want
}

// untilPublishing waits until the run has begun to write its tables or has ended, and then a random moment longer.
func (s started) untilPublishing(output string, more time.Duration) {
	versions := filepath.Join(output, ".tripstats", "v", "*")
	before, _ := filepath.Glob(versions) //nolint:errcheck // the pattern is one
	for {
		select {
		case <-s.over:
			return
		default:
		}
		if now, _ := filepath.Glob(versions); !slices.Equal(now, before) {
			time.Sleep(more)
			return
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// TestAKilledRunLeavesWholeTables kills runs over an existing output at random moments, half of them while they publish.
func TestAKilledRunLeavesWholeTables(t *testing.T) {
	dir := t.TempDir()
	output := filepath.Join(dir, "out")
	inputs, want := twoInputs(t, dir) // the output is that of the second input
	rounds := 10
	if soaking() {
		rounds = 200
	}
	const seed = 1
	r := rand.New(rand.NewPCG(seed, 0))
	var killed, mixed int
	for i := range rounds {
		next := i % 2
		runner := runnerNames[i/2%2]
		run := command{args: []string{"--input=" + inputs[next], "--output=out", "--runner=" + runner}, dir: dir}
		usual := runOnce(t, run).succeeds(t).elapsed
		next = 1 - next
		run.args[0] = "--input=" + inputs[next]
		delay := time.Duration(r.Int64N(int64(usual)))
		s := start(t, run)
		if i%4 < 2 {
			delay = time.Duration(r.Int64N(int64(8 * time.Millisecond)))
			s.untilPublishing(output, delay)
		} else {
			time.Sleep(delay)
		}
		_ = s.cmd.Process.Kill() // it may be over already
		if got := s.wait(); got.code == -1 {
			killed++
		}
		after := treeOf(t, output).tableFiles()
		for path, sum := range after {
			if sum != want[0][path] && sum != want[1][path] {
				t.Fatalf("round %d, killed after %v: %s is neither the old nor the new one", i, delay, path)
			}
		}
		for _, out := range readManifest(t, output).Outputs { // the manifest is whole, but may be that of the other run
			if sum := out.SHA256; len(after) != len(tableFiles(true)) || sum != want[0][out.Plain] && sum != want[1][out.Plain] {
				t.Fatalf("round %d, killed after %v: the manifest is of no run, or a table is missing", i, delay)
			}
		}
		if first, second := outputFiles[0], outputFiles[1]; (after[first] == want[next][first]) != (after[second] == want[next][second]) {
			mixed++
		}
		runOnce(t, run).succeeds(t)
		cleaned := treeOf(t, output)
		if !maps.Equal(cleaned.tableFiles(), want[next].tableFiles()) {
			t.Fatalf("round %d: the next run did not replace the tables", i)
		}
		wantOnly(t, slices.Collect(maps.Keys(cleaned)), outputFiles...)
	}
	t.Logf("of %d runs %d were killed in time, %d of them between two tables", rounds, killed, mixed)
}

func TestTwoRunsAtOnceLeaveTheTablesOfOne(t *testing.T) {
	dir := t.TempDir()
	output := filepath.Join(dir, "out")
	inputs, want := twoInputs(t, dir)
	rounds := 4
	if soaking() {
		rounds = 50
	}
	for i := range rounds {
		if i%2 == 0 { // without a previous output
			if err := os.RemoveAll(output); err != nil {
				t.Fatal(err)
			}
		}
		var both []started
		for j := range inputs {
			both = append(both, start(t, command{args: []string{"--input=" + inputs[j], "--output=out", "--runner=" + runnerNames[(i/2+j)%2]}, dir: dir}))
		}
		for _, s := range both {
			switch r := s.wait(); r.code {
			case 6:
				r.fails(t, 6, "another run")
			default:
				r.succeeds(t)
			}
		}
		got := treeOf(t, output)
		if tables := got.tableFiles(); !maps.Equal(tables, want[0].tableFiles()) && !maps.Equal(tables, want[1].tableFiles()) {
			t.Fatalf("round %d: the tables are those of neither run: %v", i, got)
		}
		for _, out := range readManifest(t, output).Outputs {
			if got[out.Plain] != out.SHA256 {
				t.Errorf("round %d: the manifest is not that of %s", i, out.Plain)
			}
		}
		wantOnly(t, slices.Collect(maps.Keys(got)), outputFiles...)
	}
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
