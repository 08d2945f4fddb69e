//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tripstats/runners/flink/cluster"
	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

// needs skips the test unless TRIPSTATS_FLINK names its engine: embedded, cluster or spark. The Makefile sets it.
func needs(t *testing.T, engine string) {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv("TRIPSTATS_FLINK"), ","), engine) {
		t.Skipf("TRIPSTATS_FLINK does not name %s: make flink-test, flink-cluster-test or spark-test run this", engine)
	}
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("SKIPPED: found no java, which Flink and Spark need")
	}
}

func soaking() bool { return os.Getenv("TRIPSTATS_SOAK") != "" }

// cache is the folder with the jars.
func cache(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", ".cache", "flink"))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// up starts a cluster that ends with the test.
func up(t *testing.T, cfg cluster.Config) *cluster.Cluster {
	t.Helper()
	cfg.Jar = filepath.Join(cache(t), "flink.jar")
	if cfg.Spark {
		cfg.Jar = filepath.Join(cache(t), "spark.jar")
	}
	cfg.Dir = filepath.Join(cache(t), "test-"+strings.ToLower(t.Name()))
	if err := cluster.Stop(cfg.Dir); err != nil { // that of a killed run
		t.Fatal(err)
	}
	start := time.Now()
	c, err := cluster.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("up in %.1f s", time.Since(start).Seconds())
	t.Cleanup(func() {
		for name, pid := range c.Pids() {
			t.Logf("%s: peak memory %d MiB", name, peakMemory(pid))
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// peakMemory is in MiB, 0 for a process that is gone.
func peakMemory(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) //nolint:errcheck // it may be gone
	for l := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(l, "VmHWM:"); ok {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kib >> 10
		}
	}
	return 0
}

// built builds a program once.
func built(name, pkg string) func(*testing.T) string {
	once := sync.OnceValues(func() (string, error) {
		dir, err := filepath.Abs(filepath.Join("..", "..", ".cache", "flink", "bin"))
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, name)
		if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, pkg).CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build: %w: %s", err, out)
		}
		return path, nil
	})
	return func(t *testing.T) string {
		t.Helper()
		path, err := once()
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
}

var (
	program = built("tripstats", "../../pipeline")
	boot    = built("boot", "./boot")
)

// started is a run of the program that has started, and may have ended.
type started struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	over           chan struct{}
	began          time.Time
	wall           time.Duration
}

// begin starts a run, in a folder of its own.
func begin(t *testing.T, args ...string) *started {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	t.Cleanup(cancel)
	r := &started{cmd: exec.CommandContext(ctx, program(t), args...), over: make(chan struct{}), began: time.Now()}
	r.cmd.Dir = t.TempDir()
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	r.cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = r.cmd.Wait() // the exit code says it all
		r.wall = time.Since(r.began)
		close(r.over)
	}()
	return r
}

func (r *started) wait() *started { <-r.over; return r }

// cpu returns the CPU seconds of the process itself.
func (r *started) cpu() float64 {
	u, ok := r.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// lines returns the lines of stderr that are not notes.
func (r *started) lines() []string {
	var lines []string
	for l := range strings.Lines(r.stderr.String()) {
		if !strings.HasPrefix(l, "tripstats: note: ") {
			lines = append(lines, strings.TrimSpace(l))
		}
	}
	return lines
}

// ends checks the exit code and that stderr has one line, with all these words.
func (r *started) ends(t *testing.T, code int, words ...string) *started {
	t.Helper()
	r.wait()
	lines := r.lines()
	if r.cmd.ProcessState.ExitCode() != code || len(lines) != 1 {
		t.Fatalf("found exit code %d and %d lines, expected %d and one\n%s", r.cmd.ProcessState.ExitCode(), len(lines), code, r.stderr.String())
	}
	for _, w := range words {
		if !strings.Contains(lines[0], w) {
			t.Errorf("found no %q in: %s", w, lines[0])
		}
	}
	t.Logf("%.1f s: %s", r.wall.Seconds(), lines[0])
	return r
}

// outcome returns the SHA-256 of all published files, by path, except the manifest and the folders of versions, which name the run.
func outcome(t *testing.T, output string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(output, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(output, path)
		if d != nil && d.IsDir() && rel == versions {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if rel != "_manifest.json" {
			found[rel] = fmt.Sprintf("%x", sha256.Sum256(content))
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	delete(found, filepath.Join(".tripstats", "lock"))
	return found
}

// versions is the folder of an output that has a folder for each version.
var versions = filepath.Join(".tripstats", "v")

// same checks that the output of a cluster is that of direct, that the only other file has the ids of the runs that have published, each once,
// and that each of these runs has made exactly one version.
func same(t *testing.T, output string, want map[string]string, runs int) {
	t.Helper()
	got := outcome(t, output)
	delete(got, filepath.Join(".tripstats", "runs"))
	if len(want) < 2 || !maps.Equal(got, want) {
		t.Fatalf("found %v, expected direct's %v", got, want)
	}
	content, err := os.ReadFile(filepath.Join(output, ".tripstats", "runs"))
	if n := strings.Count(string(content), " published\n"); err != nil || n != runs {
		t.Errorf("found %d runs that published, expected %d (%v)\n%s", n, runs, err, content)
	}
	if made, err := os.ReadDir(filepath.Join(output, versions)); err != nil || len(made) != runs {
		t.Errorf("found the versions %v, %v, expected %d", made, err, runs)
	}
	if _, err := os.Stat(filepath.Join(output, "_manifest.json")); err != nil {
		t.Error(err)
	}
}

// direct returns the outcome of the direct runner for an input.
func direct(t *testing.T, args ...string) (map[string]string, *started) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	r := begin(t, append(args, "--output="+out)...).ends(t, 0, "done runner=direct")
	return outcome(t, out), r
}

// months are twelve months of a million rows each, as TLC writes them, made once and kept outside of the repository.
func months(t *testing.T) string {
	t.Helper()
	base := os.Getenv("TRIPSTATS_BENCH_DIR")
	if base == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		base = filepath.Join(user, "tripstats-bench")
	}
	dir := filepath.Join(base, "flink12")
	pattern := filepath.Join(dir, "yellow", "2019", "*.parquet")
	if found, err := filepath.Glob(pattern); err != nil || len(found) != 12 {
		t.Logf("making %s, once", dir)
		cmd := exec.Command("go", "run", "./testdata/gen", "--months", "2019-01..2019-12", "--rows", "1000000", "--out", dir)
		cmd.Dir = filepath.Join("..", "..")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return pattern
}

// realData returns the folder of real files, or "" if there is none.
func realData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TRIPSTATS_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "raw_data")); err != nil {
		t.Logf("SKIPPED: no real files at %s; TRIPSTATS_DATA=DIR says where they are", dir)
		return ""
	}
	return dir
}

// small returns twelve months of a few rows each, in two row groups.
func small(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for m := 1; m <= 12; m++ {
		o := tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2019, Month: m}, Rows: 20_000, RowGroups: 2, Seed: uint64(m)}
		path := filepath.Join(dir, tlcgen.FileName(o.Taxi, o.Month))
		if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// untilHeld waits until a run requests rows that a gate holds back.
func untilHeld(t *testing.T, r *started, g *fakes.Gate) {
	t.Helper()
	select {
	case <-g.Reached():
	case <-r.over:
		t.Fatalf("the run is over before it asked for the rows that are held\n%s", r.stderr.String())
	case <-time.After(3 * time.Minute):
		t.Fatal("the run does not ask for rows after 3 minutes")
	}
}

// until waits until a condition is true.
func until(t *testing.T, what string, limit time.Duration, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !yes(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, limit)
		}
	}
}
