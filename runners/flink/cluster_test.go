package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tripstats/runners/flink/cluster"
)

// processes are the flags by which TaskManagers start workers with a boot program.
func processes(c *cluster.Cluster, boot string, parallelism int) []string {
	return []string{
		"--runner=flink", "--endpoint=" + c.Endpoint(), "--parallelism=" + strconv.Itoa(parallelism),
		"--environment_type=PROCESS", fmt.Sprintf(`--environment_config={"command":%q}`, boot),
	}
}

// twice is every month two times, so that a run takes long enough for things to happen to it.
func twice(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(months(t))
	if err != nil || len(paths) != 12 {
		t.Fatal(paths, err)
	}
	dir := t.TempDir()
	for _, p := range paths {
		for i := range 2 {
			to := filepath.Join(dir, fmt.Sprintf("%d-%s", i, filepath.Base(p)))
			if err := os.Link(p, to); err != nil {
				if err := os.Symlink(p, to); err != nil { // on another file system
					t.Fatal(err)
				}
			}
		}
	}
	return []string{"--input=" + filepath.Join(dir, "*.parquet"), "--same-month=merge"}
}

// slowly has reading take long enough to be killed in: our own decoder is through with these files in half a second.
const slowly = "--decoder=library"

// untilReading waits until the youngest job reads rows, and returns its id.
func untilReading(t *testing.T, c *cluster.Cluster, r *started) string {
	t.Helper()
	id := ""
	until(t, "the job reads", 3*time.Minute, func() bool {
		select {
		case <-r.over:
			t.Fatalf("the run is over: %s", r.stderr.String())
		default:
		}
		jobs, err := c.Jobs(t.Context())
		if err != nil || len(jobs) == 0 || time.UnixMilli(jobs[0].Start).Before(r.began) {
			return false
		}
		id = jobs[0].ID
		return c.Reading(t.Context(), id)
	})
	return id
}

// workers are the processes that run this program for TaskManagers of this test.
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

// leavesNothing checks, when the cluster has been stopped, that no worker and no temporary file outlives it. It is to be
// called before the cluster starts. (While it runs, Beam keeps the workers of some jobs that have failed.)
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

// TestAKilledTaskManagerOrWorkerChangesNothing kills in mid-run: once each, or with TRIPSTATS_SOAK=1 five times.
func TestAKilledTaskManagerOrWorkerChangesNothing(t *testing.T) {
	needs(t, "cluster")
	leavesNothing(t)
	c := up(t, cluster.Config{TaskManagers: 2})
	input := twice(t)
	want, _ := direct(t, input...)
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
				r := begin(t, append(append([]string{"--output=" + out, slowly}, input...), processes(c, boot(t), 2)...)...)
				job := untilReading(t, c, r)
				delay := time.Duration(random.Int64N(int64(400 * time.Millisecond))) // reading takes a second or two
				time.Sleep(delay)
				still := c.Reading(t.Context(), job)
				switch victim {
				case "taskmanager":
					var names []string
					for name := range c.Pids() {
						if strings.HasPrefix(name, victim) {
							names = append(names, name)
						}
					}
					slices.Sort(names)
					if err := c.Kill(names[random.IntN(len(names))]); err != nil {
						t.Fatal(err)
					}
					if err := c.AddTaskManager(); err != nil {
						t.Fatal(err)
					}
				case "worker":
					until(t, "a worker reads", 10*time.Second, func() bool {
						pids := workers(t)
						random.Shuffle(len(pids), func(i, j int) { pids[i], pids[j] = pids[j], pids[i] })
						i := slices.IndexFunc(pids, hasOpen) // and is not that of a job before
						return i >= 0 && syscall.Kill(pids[i], syscall.SIGKILL) == nil
					})
				}
				t.Logf("killed %v after reading began; it was still reading: %v", delay.Round(time.Millisecond), still)
				r.ends(t, 0, "done runner=flink", "rows=24000000")
				same(t, out, want, 1)
				restarted, err := c.Restarted(t.Context(), job)
				if err != nil || still && !restarted {
					t.Errorf("the job was not begun anew, so that nothing was killed (%v)", err)
				}
			})
		}
	}
}

// TestWhatBecomesOfAClustersJob is about the program that submitted it.
func TestWhatBecomesOfAClustersJob(t *testing.T) {
	needs(t, "cluster")
	leavesNothing(t)
	c := up(t, cluster.Config{TaskManagers: 2})
	input := []string{"--input=" + months(t)}
	want, _ := direct(t, input...)
	engine := processes(c, boot(t), 2)
	into := func(t *testing.T) (string, []string) {
		out := filepath.Join(t.TempDir(), "out")
		return out, append(append(append([]string{"--output=" + out}, input...), engine...), slowly)
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
		out, args := into(t)
		r := begin(t, args...)
		job := untilReading(t, c, r)
		if err := r.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		over(t, job, "FINISHED")
		same(t, out, want, 1)
	})

	t.Run("detached, it is published later", func(t *testing.T) {
		out, args := into(t)
		r := begin(t, append(args, "--detach")...).ends(t, 0, "submitted runner=flink job=", "not waited for")
		job := untilJob(t, c, r)
		over(t, job, "FINISHED")
		same(t, out, want, 1)
	})

	t.Run("the job server restarts", func(t *testing.T) {
		out, args := into(t)
		r := begin(t, args...)
		job := untilReading(t, c, r)
		if err := c.RestartJobServer(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.ends(t, 1, "lost the job server at "+c.Endpoint(), "not known here")
		over(t, job, "FINISHED") // the cluster runs on
		same(t, out, want, 1)
	})

	t.Run("Ctrl-C cancels it, and nothing is published", func(t *testing.T) {
		out, args := into(t)
		begin(t, append([]string{"--input=sample"}, args[0], args[2], args[3], args[4], args[5], args[6])...).ends(t, 0)
		before := outcome(t, out)
		r := begin(t, args...)
		job := untilReading(t, c, r)
		if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		r.ends(t, 130, "stopped by interrupt", "is cancelled")
		over(t, job, "CANCELED", "FAILED") // as Flink names it, by what came first
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
		out, args := into(t)
		r := begin(t, args...)
		job := untilReading(t, c, r)
		if err := c.Cancel(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		r.ends(t, 1, "was cancelled on the cluster")
		if got := outcome(t, out); len(got) > 0 {
			t.Errorf("found %v, expected nothing to be published", got)
		}
	})

	t.Run("an input is missing on the workers", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "out")
		dir := t.TempDir()
		path := filepath.Join(dir, "yellow_tripdata_2019-01.parquet")
		copyFile(t, strings.Replace(months(t), "*.parquet", "yellow_tripdata_2019-01.parquet", 1), path)
		// This boot program takes the file away before there is a worker to see it.
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

// untilJob waits for the JobManager to know of the job that a run has submitted.
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
