package main_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tripstats/io/publish"
	"tripstats/transforms/aggregate"
)

var crashing struct {
	once sync.Once
	path string
	err  error
}

// crashingProgram builds the program so that it can be told at which step of its commit it kills itself.
func crashingProgram(t *testing.T) string {
	t.Helper()
	normal := program(t)
	crashing.once.Do(func() {
		flags, err := exec.Command("go", "env", "GOFLAGS").Output()
		if err != nil {
			crashing.err = err
			return
		}
		tags := "crash"
		if given := regexp.MustCompile(`-tags=(\S+)`).FindSubmatch(flags); given != nil {
			tags += "," + string(given[1])
		}
		crashing.path = filepath.Join(filepath.Dir(normal), "tripstats-crash")
		if out, err := exec.Command("go", "build", "-tags="+tags, "-o", crashing.path, ".").CombinedOutput(); err != nil {
			crashing.err = fmt.Errorf("go build: %w: %s", err, out)
		}
	})
	if crashing.err != nil {
		t.Fatal(crashing.err)
	}
	return crashing.path
}

// rival is one of several runs that write to the same output, and the tables that it leaves.
type rival struct {
	args []string
	want sums
}

// twoRivals returns two runs. They have one input in common, so that the second makes use of what the first has kept; the second has a
// table more. They keep few versions, so that each commit removes one.
func twoRivals(t *testing.T, format string) []rival {
	t.Helper()
	sample, err := filepath.Abs("../testdata/sample")
	if err != nil {
		t.Fatal(err)
	}
	input := func(months ...string) string {
		for i, m := range months {
			months[i] = filepath.Join(sample, "green_tripdata_"+m+".parquet")
		}
		return "--input=" + strings.Join(months, ",")
	}
	both := []rival{
		{args: []string{input("2014-03", "2019-08"), "--existing=replace", "--keep-versions=2", "--format=" + format}},
		{args: []string{input("2014-03", "2023-05"), "--existing=replace", "--keep-versions=2", "--format=" + format, "--tables=standard,by_hour"}},
	}
	for i := range both {
		both[i].want = sumsOf(t, t.TempDir(), both[i].args...)
	}
	for table, sum := range both[0].want {
		if sum == both[1].want[table] && !strings.Contains(table, aggregate.ZonesName) { // no trip decides this table
			t.Fatalf("the table %s is the same in both", table)
		}
	}
	return both
}

// runs runs the program with an output on the shelf.
func (s shelf) runs(t *testing.T, program, output string, args []string, env ...string) result {
	t.Helper()
	r, err := s.command(output, args, env...).run(program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s shelf) command(output string, args []string, env ...string) command {
	return command{args: append(slices.Clone(args), "--output="+s.base+"/"+output), env: slices.Concat(s.env, env)}
}

// unlock removes the lock of a run that was killed. In a store another run takes the lock once it was not renewed for half a minute.
func (s shelf) unlock(t *testing.T, output string) {
	t.Helper()
	if !strings.Contains(s.base, "://") {
		return
	}
	if names, err := s.names(); err != nil {
		t.Fatal(err)
	} else if lock := output + "/.tripstats/lock"; slices.Contains(names, lock) {
		if err := s.remove(lock); err != nil {
			t.Fatal(err)
		}
	}
}

// TestARunThatIsKilledAtAStepOfItsCommitLeavesOneVersionWhole kills runs at each step of the commit, over an output and where there is
// none. Up to the swap the old version is there, after it the new one. The next run leaves the tables of a run that nothing disturbs, and
// nothing of the killed one.
func TestARunThatIsKilledAtAStepOfItsCommitLeavesOneVersionWhole(t *testing.T) {
	crash := crashingProgram(t)
	swapped := slices.Index(publish.Steps(), "swapped")
	if swapped < 0 {
		t.Fatalf("found no step swapped in %v", publish.Steps())
	}
	for _, at := range outlets() {
		t.Run(at.name, func(t *testing.T) {
			both := twoRivals(t, at.format)
			s := at.start(t)
			const output = "out"
			now := 0 // whose tables the output has
			for range 2 {
				s.runs(t, program(t), output, append(both[now].args, "--reuse=false")).succeeds(t)
			}
			reader := watch(s, output, both[0].want, both[1].want)
			defer reader.end(t)
			for i, step := range publish.Steps() {
				times := 1
				switch {
				case step == "table written", step == "copy replaced" && at.format == "parquet":
					times = 2 // at the first and at the second table
				case step == "log committed" && at.format == "delta":
					times = 4 // with that of a table that is no more
				case step == "copy replaced", step == "log committed":
					continue // the other format has that step
				}
				for n := range times {
					next := 1 - now
					where := fmt.Sprintf("killed at step %q, passed %d times before", step, n)
					r := s.runs(t, crash, output, both[next].args, fmt.Sprintf("TRIPSTATS_CRASH=%s,%d", step, n))
					if r.code != -1 {
						t.Fatalf("%s: it was not killed: exit code %d\n%s", where, r.code, r.stderr)
					}
					s.unlock(t, output)
					expected := both[now].want
					if i >= swapped {
						expected = both[next].want
					}
					if found, err := s.readOutput(output); err != nil || !maps.Equal(found.tables, expected) {
						t.Errorf("%s: found the tables %v, expected %v: %v", where, found.tables, expected, err)
					}
					s.runs(t, program(t), output, both[next].args).succeeds(t)
					if err := s.checkDone(output, both[next].want); err != nil {
						t.Errorf("%s, and run again: %v", where, err)
					}
					if r, err := (command{args: []string{"check", s.base + "/" + output}, env: s.env}).run(program(t), t.TempDir()); err != nil || r.code != 0 {
						t.Errorf("%s, and run again: check: %v, exit code %d: %s%s", where, err, r.code, r.stdout, r.stderr)
					}
					now = next
				}
				if step == "version removed" || at.name != "folder, parquet" && !soaking() {
					continue // the first version removes none
				}
				first := fmt.Sprint("first", i)
				r := s.runs(t, crash, first, both[0].args, "TRIPSTATS_CRASH="+step)
				s.unlock(t, first)
				if found, err := s.readOutput(first); r.code != -1 || err != nil || (found.manifest != nil) != (i >= swapped) {
					t.Errorf("killed at step %q of the first version: exit code %d, %v\n%s", step, r.code, err, r.stderr)
				}
				s.runs(t, program(t), first, both[0].args).succeeds(t)
				if err := s.checkDone(first, both[0].want); err != nil {
					t.Errorf("killed at step %q of the first version, and run again: %v", step, err)
				}
			}
		})
	}
}

// untilCommitting waits until the run has begun to write its version or has ended.
func (s started) untilCommitting(at shelf, output string) error {
	folders := func() (map[string]bool, error) {
		names, err := at.names()
		found := map[string]bool{}
		for _, n := range names {
			if below, ok := strings.CutPrefix(n, output+"/.tripstats/v/"); ok {
				version, _, _ := strings.Cut(below, "/")
				found[version] = true
			}
		}
		return found, err
	}
	before, err := folders()
	if err != nil {
		return err
	}
	for {
		select {
		case <-s.over:
			return nil
		case <-time.After(100 * time.Microsecond):
		}
		now, err := folders()
		if err != nil {
			return err
		}
		for f := range now {
			if !before[f] {
				return nil
			}
		}
	}
}

// TestARunThatIsKilledAtAnyMomentLeavesOneVersionWhole kills runs at random moments, half of them while they commit.
func TestARunThatIsKilledAtAnyMomentLeavesOneVersionWhole(t *testing.T) {
	rounds := 100
	if soaking() {
		rounds = 1000
	}
	for n, at := range outlets() {
		t.Run(at.name, func(t *testing.T) {
			both := twoRivals(t, at.format)
			s := at.start(t)
			const output = "out"
			random := rand.New(rand.NewPCG(uint64(n), 1))
			usual := s.runs(t, program(t), output, both[0].args).succeeds(t).elapsed
			reader := watch(s, output, both[0].want, both[1].want)
			defer reader.end(t)
			now, killed, committed := 0, 0, 0
			for i := range rounds / len(outlets()) {
				next := 1 - now
				run := start(t, s.command(output, both[next].args))
				most := usual
				if i%2 == 0 {
					if err := run.untilCommitting(s, output); err != nil {
						t.Fatal(err)
					}
					most /= 4
				}
				delay := time.Duration(random.Int64N(int64(most)))
				time.Sleep(delay)
				_ = run.cmd.Process.Kill() // it may be over already
				where := fmt.Sprintf("round %d, killed after %v", i, delay)
				if got := run.wait(); got.code == -1 {
					killed++
				} else {
					got.succeeds(t)
				}
				s.unlock(t, output)
				found, err := s.readOutput(output)
				if err != nil {
					t.Fatalf("%s: %v", where, err)
				}
				if maps.Equal(found.tables, both[next].want) {
					committed++
				}
				s.runs(t, program(t), output, both[next].args).succeeds(t)
				if err := s.checkDone(output, both[next].want); err != nil {
					t.Errorf("%s, and run again: %v", where, err)
				}
				now = next
				if t.Failed() {
					return
				}
			}
			t.Logf("%d runs were killed in time; %d had committed", killed, committed)
		})
	}
}
