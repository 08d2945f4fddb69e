//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tripstats/runners/flink/cluster"
	"tripstats/testdata/fakes"
)

// processes returns the flags that make TaskManagers start workers with a boot program.
func processes(c *cluster.Cluster, boot string, parallelism int) []string {
	return []string{
		"--runner=flink", "--endpoint=" + c.Endpoint(), "--parallelism=" + strconv.Itoa(parallelism),
		"--environment_type=PROCESS", fmt.Sprintf(`--environment_config={"command":%q}`, boot),
	}
}

// untilReading waits until the newest job requests rows that a gate holds back, and returns its id.
func untilReading(t *testing.T, c *cluster.Cluster, r *started, g *fakes.Gate) string {
	t.Helper()
	untilHeld(t, r, g)
	return untilJob(t, c, r)
}

// holder returns the worker whose request a gate holds back: the process at the other end of that connection.
func holder(t *testing.T, g *fakes.Gate) (pid int) {
	t.Helper()
	until(t, "a worker asks for rows", time.Minute, func() bool {
		inodes := map[string]bool{}
		table, err := os.ReadFile("/proc/net/tcp")
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range g.Held() {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				t.Fatal(err)
			}
			n, err := strconv.Atoi(port)
			if err != nil {
				t.Fatal(err)
			}
			for l := range strings.Lines(string(table)) {
				if f := strings.Fields(l); len(f) > 9 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", n)) {
					inodes["socket:["+f[9]+"]"] = true
				}
			}
		}
		pids := workers(t)
		i := slices.IndexFunc(pids, func(pid int) bool {
			fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
			return slices.ContainsFunc(fds, func(fd string) bool {
				to, err := os.Readlink(fd)
				return err == nil && inodes[to]
			})
		})
		if i >= 0 {
			pid = pids[i]
		}
		return i >= 0
	})
	return pid
}

// startedBy returns the name of the process, one of those given, that has started a process or one of its ancestors.
func startedBy(t *testing.T, pid int, candidates map[string]int) string {
	t.Helper()
	for pid > 1 {
		for name, p := range candidates {
			if p == pid {
				return name
			}
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(stat), ") ") // the name before it may hold anything
		if pid, err = strconv.Atoi(strings.Fields(rest)[1]); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("found a worker that no process of the cluster has started")
	return ""
}

// workers returns the processes that run this program for TaskManagers of this test.
func workers(t *testing.T) (pids []int) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lines {
		line, err := os.ReadFile(path)
		args := strings.Split(string(line), "\x00")
		if err == nil && strings.HasPrefix(args[0], cache(t)) && slices.Contains(args, "--worker=true") {
			pid, err := strconv.Atoi(strings.Split(path, "/")[2])
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// leavesNothing checks, after the cluster was stopped, that no worker and no temporary file is left. Call it before the cluster
// starts. While the cluster runs, Beam keeps the workers of some failed jobs.
func leavesNothing(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		until(t, "workers end", 20*time.Second, func() bool { return len(workers(t)) == 0 })
		if left, err := filepath.Glob(filepath.Join(cache(t), "test-"+strings.ToLower(t.Name()), "tmp*")); err != nil || len(left) > 0 {
			t.Errorf("found %v, expected nothing (%v)", left, err)
		}
	})
}

// TestAClusterGivesTheSameBytes runs on a JobManager and two TaskManagers, each a process with a worker of its own.
func TestAClusterGivesTheSameBytes(t *testing.T) {
	needs(t, "cluster")
	leavesNothing(t)
	c := up(t, cluster.Config{TaskManagers: 2})
	giveTheSameBytes(t, processes(c, boot(t), 2)...)

	walls := map[int]float64{}
	for _, parallelism := range []int{2, 1} {
		out := filepath.Join(t.TempDir(), "out")
		r := begin(t, append([]string{"--input=" + months(t), "--output=" + out}, processes(c, boot(t), parallelism)...)...).ends(t, 0)
		walls[parallelism] = r.wall.Seconds()
		jobs, err := c.Jobs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows, err := c.Rows(t.Context(), jobs[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("parallelism %d: rows by TaskManager: %v", parallelism, rows)
		total, least := int64(0), int64(1)<<62
		for _, n := range rows {
			total, least = total+n, min(least, n)
		}
		if total != 12_000_000 || len(rows) != parallelism || parallelism == 2 && least < total*3/10 {
			t.Errorf("found %v, expected 12 million rows, and of two TaskManagers each to read 30 %% at least", rows)
		}
	}
	until(t, "workers end with their job", 90*time.Second, func() bool { return len(workers(t)) == 0 })
	t.Logf("wall: %.1f s with parallelism 2, %.1f s with 1", walls[2], walls[1])
}

// TestAKilledTaskManagerOrWorkerChangesNothing kills a TaskManager and a worker during runs: once each, with TRIPSTATS_SOAK=1 five
// times. The killed process is waiting for rows, after a random part of them was read.
func TestAKilledTaskManagerOrWorkerChangesNothing(t *testing.T) {
	needs(t, "cluster")
	leavesNothing(t)
	c := up(t, cluster.Config{TaskManagers: 2})
	paths := small(t)
	want, _ := direct(t, "--input="+strings.Join(paths, ","))
	rounds := 1
	if soaking() {
		rounds = 5
	}
	const seed = 6
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range rounds {
		for _, victim := range []string{"taskmanager", "worker"} {
			t.Run(fmt.Sprintf("%s %d", victim, round+1), func(t *testing.T) {
				out := filepath.Join(t.TempDir(), "out")
				let := random.IntN(2 * len(paths)) // requests of rows before: there is one a row group at least
				gate := fakes.NewGate(t, let, paths...)
				r := begin(t, append([]string{"--output=" + out, "--input=" + gate.Addresses}, processes(c, boot(t), 2)...)...)
				job := untilReading(t, c, r, gate)
				pid := holder(t, gate)
				switch victim {
				case "taskmanager":
					if err := c.Kill(startedBy(t, pid, c.Pids())); err != nil {
						t.Fatal(err)
					}
					if err := c.AddTaskManager(); err != nil {
						t.Fatal(err)
					}
				case "worker":
					if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
				gate.Open()
				r.ends(t, 0, "done runner=flink", "rows=240000")
				same(t, out, want, 1)
				if restarted, err := c.Restarted(t.Context(), job); err != nil || !restarted {
					t.Errorf("killed after %d requests of rows: the job was not begun anew, so that nothing was killed (%v)", let, err)
				}
			})
		}
	}
}

// TestWhatBecomesOfAClustersJob kills, stops or detaches the submitting program, and cancels jobs.
func TestWhatBecomesOfAClustersJob(t *testing.T) {
	needs(t, "cluster")
	leavesNothing(t)
	c := up(t, cluster.Config{TaskManagers: 2})
	paths := small(t)
	want, _ := direct(t, "--input="+strings.Join(paths, ","))
	engine := processes(c, boot(t), 2)
	// into returns an output, an input of which a gate holds back all but the first rows, and the arguments for both.
	into := func(t *testing.T) (string, *fakes.Gate, []string) {
		out, gate := filepath.Join(t.TempDir(), "out"), fakes.NewGate(t, 5, paths...)
		return out, gate, append([]string{"--output=" + out, "--input=" + gate.Addresses}, engine...)
	}
	over := func(t *testing.T, job string, states ...string) {
		t.Helper()
		until(t, "the job is over", 3*time.Minute, func() bool {
			jobs, err := c.Jobs(t.Context())
			i := slices.IndexFunc(jobs, func(j cluster.Job) bool { return j.ID == job })
			if err == nil && i >= 0 && jobs[i].Over() && !slices.Contains(states, jobs[i].State) {
				t.Fatalf("found the job %s, expected %v", jobs[i].State, states)
			}
			return err == nil && i >= 0 && jobs[i].Over()
		})
	}

	t.Run("killed, it is published all the same", func(t *testing.T) {
		out, gate, args := into(t)
		r := begin(t, args...)
		job := untilReading(t, c, r, gate)
		if err := r.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		gate.Open()
		over(t, job, "FINISHED")
		same(t, out, want, 1)
	})

	t.Run("detached, it is published later", func(t *testing.T) {
		out, gate, args := into(t)
		gate.Open()
		r := begin(t, append(args, "--detach")...).ends(t, 0, "submitted runner=flink job=", "not waited for")
		job := untilJob(t, c, r)
		over(t, job, "FINISHED")
		same(t, out, want, 1)
	})

	t.Run("the job server restarts", func(t *testing.T) {
		out, gate, args := into(t)
		r := begin(t, args...)
		job := untilReading(t, c, r, gate)
		if err := c.RestartJobServer(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.ends(t, 7, "lost the job server at "+c.Endpoint(), "not known here")
		gate.Open()
		over(t, job, "FINISHED") // the cluster runs on
		same(t, out, want, 1)
	})

	t.Run("Ctrl-C cancels it, and nothing is published", func(t *testing.T) {
		out, gate, args := into(t)
		begin(t, append([]string{"--input=sample", "--output=" + out}, engine...)...).ends(t, 0)
		before := outcome(t, out)
		r := begin(t, args...)
		job := untilReading(t, c, r, gate)
		if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		r.ends(t, 130, "stopped by interrupt", "is cancelled")
		gate.Open()                        // Flink waits for the worker
		over(t, job, "CANCELED", "FAILED") // Flink reports one of these, depending on which came first
		after := outcome(t, out)
		runs := filepath.Join(".tripstats", "runs")
		if content, err := os.ReadFile(filepath.Join(out, runs)); err != nil || !strings.HasSuffix(string(content), " revoked\n") {
			t.Errorf("found %q (%v), expected the run to be revoked", content, err)
		}
		delete(before, runs)
		delete(after, runs)
		if fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("found %v, expected %v as before", after, before)
		}
	})

	t.Run("cancelled by another, it fails", func(t *testing.T) {
		out, gate, args := into(t)
		r := begin(t, args...)
		job := untilReading(t, c, r, gate)
		if err := c.Cancel(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		gate.Open() // Flink waits for the worker
		r.ends(t, 1, "was cancelled on the cluster")
		if got := outcome(t, out); len(got) > 0 {
			t.Errorf("found %v, expected nothing to be published", got)
		}
	})

	t.Run("an input is missing on the workers", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "out")
		dir := t.TempDir()
		path := filepath.Join(dir, "yellow_tripdata_2019-01.parquet")
		copyFile(t, paths[0], path)
		// This boot program removes the file before the worker starts.
		without := filepath.Join(dir, "boot.sh")
		if err := os.WriteFile(without, fmt.Appendf(nil, "#!/bin/sh\nrm -f %q\nexec %q \"$@\"\n", path, boot(t)), 0o777); err != nil {
			t.Fatal(err)
		}
		r := begin(t, append([]string{"--input=" + path, "--output=" + out}, processes(c, without, 2)...)...)
		r.ends(t, 3, "yellow_tripdata_2019-01.parquet", "not found", "every worker must reach the input")
		if got := outcome(t, out); len(got) > 0 {
			t.Errorf("found %v, expected nothing to be published", got)
		}
	})
}

// untilJob waits until the JobManager knows the job that a run has submitted.
func untilJob(t *testing.T, c *cluster.Cluster, r *started) (id string) {
	t.Helper()
	until(t, "the job is known", 2*time.Minute, func() bool {
		jobs, err := c.Jobs(t.Context())
		if err != nil || len(jobs) == 0 || time.UnixMilli(jobs[0].Start).Before(r.began) {
			return false
		}
		id = jobs[0].ID
		return true
	})
	return id
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o666); err != nil {
		t.Fatal(err)
	}
}
