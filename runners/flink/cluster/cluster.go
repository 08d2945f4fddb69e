//go:build unix

// Package cluster runs Flink and Spark on this machine for tests and trials: a job server with an engine embedded, or a
// JobManager and TaskManagers as processes of their own. All listen on the loopback interface only, with bounded memory,
// and are known by records in one folder, so that another program can end them. It needs Linux, Java 11 or later, and
// the jar that pom.xml makes.
package cluster

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Config says what to start.
type Config struct {
	Dir  string // for records, logs and temporary files
	Jar  string // what pom.xml makes
	Port int    // of the job server; 0 for any
	Rest int    // of the JobManager, if there is one; 0 for any

	Spark        bool // Spark, embedded
	TaskManagers int  // Flink with as many; 0 for Flink embedded in the job server
	Slots        int  // of each TaskManager (default 2)
}

// Cluster is what was started.
type Cluster struct {
	cfg   Config
	made  int // TaskManagers so far: each has a name of its own
	rpc   int
	procs []process
}

// Starting takes at most this long.
const patience = 60 * time.Second

// Start starts all processes and waits until the job server answers. What does not come up is an error with the end of
// its log, and nothing is left running then.
func Start(ctx context.Context, cfg Config) (c *Cluster, err error) {
	if _, err := exec.LookPath("java"); err != nil {
		return nil, errors.New("found no java, which Flink and Spark need: version 11 or later")
	}
	if _, err := os.Stat(cfg.Jar); err != nil {
		return nil, fmt.Errorf("%w; make flink-jar makes it", err)
	}
	cfg.Slots = cmp.Or(cfg.Slots, 2)
	if left, err := recorded(cfg.Dir); err != nil || len(left) > 0 {
		return nil, errors.Join(err, fmt.Errorf("%s: found %d processes that run, expected none; make flink-down ends them", cfg.Dir, len(left)))
	}
	if err := os.MkdirAll(filepath.Join(cfg.Dir, "tmp"), 0o777); err != nil {
		return nil, err
	}
	if err := writeEmptyJar(filepath.Join(cfg.Dir, emptyJar)); err != nil {
		return nil, err
	}
	c = &Cluster{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	for _, port := range []*int{&c.cfg.Port, &c.cfg.Rest, &c.rpc} {
		if *port == 0 {
			if *port, err = freePort(); err != nil {
				return nil, err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(cfg.Dir, "flink-conf.yaml"), []byte(c.flinkConf()), 0o666); err != nil {
		return nil, err
	}
	if cfg.TaskManagers > 0 {
		if err := c.java("jobmanager", 384, opened, "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint", "--configDir", cfg.Dir); err != nil {
			return nil, err
		}
		for range cfg.TaskManagers {
			if err := c.AddTaskManager(); err != nil {
				return nil, err
			}
		}
	}
	if err := c.startJobServer(); err != nil {
		return nil, err
	}
	if err := c.await(ctx, "jobserver", func() bool { return answers(c.cfg.Port) }); err != nil {
		return nil, err
	}
	if cfg.TaskManagers == 0 {
		return c, nil
	}
	return c, c.await(ctx, "taskmanager-1", func() bool { n, err := c.Slots(ctx); return err == nil && n == cfg.TaskManagers*cfg.Slots })
}

func (c *Cluster) startJobServer() error {
	artifacts := filepath.Join(c.cfg.Dir, "artifacts")
	if err := os.MkdirAll(artifacts, 0o777); err != nil {
		return err
	}
	common := []string{"--job-host=localhost", "--job-port=" + strconv.Itoa(c.cfg.Port), "--artifact-port=0", "--expansion-port=0", "--artifacts-dir=" + artifacts}
	switch {
	case c.cfg.Spark:
		return c.java("jobserver", 1536, opened, "org.apache.beam.runners.spark.SparkJobServerDriver", append(common, "--spark-master-url=local[2]")...)
	case c.cfg.TaskManagers > 0:
		return c.java("jobserver", 512, opened, "org.apache.beam.runners.flink.FlinkJobServerDriver", append(common, "--flink-master=localhost:"+strconv.Itoa(c.cfg.Rest), "--flink-conf-dir="+c.cfg.Dir)...)
	}
	return c.java("jobserver", 1024, nil, "org.apache.beam.runners.flink.FlinkJobServerDriver", append(common, "--flink-master=[local]", "--flink-conf-dir="+c.cfg.Dir)...)
}

// RestartJobServer kills the job server and starts another in its place.
func (c *Cluster) RestartJobServer(ctx context.Context) error {
	if err := c.Kill("jobserver"); err != nil {
		return err
	}
	if err := c.startJobServer(); err != nil {
		return err
	}
	return c.await(ctx, "jobserver", func() bool { return answers(c.cfg.Port) })
}

// AddTaskManager starts one more TaskManager.
func (c *Cluster) AddTaskManager() error {
	c.made++
	name := fmt.Sprintf("taskmanager-%d", c.made)
	args := []string{"--configDir", c.cfg.Dir}
	for _, set := range []string{
		"taskmanager.resource-id=" + fmt.Sprintf("%s-%d", name, time.Now().UnixNano()), // never one of before
		"taskmanager.numberOfTaskSlots=" + strconv.Itoa(c.cfg.Slots),
		"taskmanager.cpu.cores=" + strconv.Itoa(c.cfg.Slots),
		// Flink's scripts work these out; without them all must be said.
		"taskmanager.memory.framework.heap.size=128m", "taskmanager.memory.framework.off-heap.size=128m",
		"taskmanager.memory.task.heap.size=256m", "taskmanager.memory.task.off-heap.size=64m",
		"taskmanager.memory.managed.size=64m",
		"taskmanager.memory.network.min=96m", "taskmanager.memory.network.max=96m",
		"taskmanager.memory.jvm-metaspace.size=256m",
		"taskmanager.memory.jvm-overhead.min=192m", "taskmanager.memory.jvm-overhead.max=192m",
	} {
		args = append(args, "-D", set)
	}
	return c.java(name, 384, opened, "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", args...)
}

// flinkConf is what all of Flink's processes are told.
func (c *Cluster) flinkConf() string {
	var b strings.Builder
	for _, kv := range [][2]string{
		{"jobmanager.rpc.address", "localhost"},
		{"jobmanager.bind-host", "localhost"},
		{"jobmanager.rpc.port", strconv.Itoa(c.rpc)},
		{"rest.address", "localhost"},
		{"rest.bind-address", "localhost"},
		{"rest.port", strconv.Itoa(c.cfg.Rest)},
		{"taskmanager.host", "localhost"},
		{"taskmanager.bind-host", "localhost"},
		{"taskmanager.memory.managed.size", "64m"},
		{"taskmanager.memory.network.min", "96m"},
		{"taskmanager.memory.network.max", "96m"},
		{"taskmanager.network.sort-shuffle.min-buffers", "24"}, // 0.75 MiB for each of the many small shuffles, not 16: there are two for each table
		{"taskmanager.load-balance.mode", "SLOTS"},             // a job takes slots of all TaskManagers
		{"restart-strategy.type", "fixed-delay"},
		{"restart-strategy.fixed-delay.attempts", strconv.Itoa(c.attempts())},
		{"restart-strategy.fixed-delay.delay", "1 s"},
		{"heartbeat.interval", "1000"},
		{"heartbeat.timeout", "10000"},
		{"io.tmp.dirs", filepath.Join(c.cfg.Dir, "tmp")},
		{"web.submit.enable", "false"},
	} {
		fmt.Fprintf(&b, "%s: %s\n", kv[0], kv[1])
	}
	return b.String()
}

// attempts is how often a job is begun anew after a failure. Embedded there is nothing to lose but the job itself.
func (c *Cluster) attempts() int {
	if c.cfg.TaskManagers == 0 {
		return 0
	}
	return 8
}

// emptyJar is the class path. Beam's job server uploads everything on the class path with every job, which is slow. All processes
// here have the real jar already: -javaagent makes its classes known, and the job server does not upload it.
const emptyJar = "empty.jar"

func writeEmptyJar(path string) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("META-INF/MANIFEST.MF")
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte("Manifest-Version: 1.0\n")); err != nil {
		return err
	}
	return errors.Join(z.Close(), os.WriteFile(path, b.Bytes(), 0o666))
}

// opened is what Flink and Spark need of Java 17's own packages.
var opened = []string{
	"--add-exports=java.base/sun.net.util=ALL-UNNAMED", "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED", "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
	"--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.lang.invoke=ALL-UNNAMED", "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
	"--add-opens=java.base/java.io=ALL-UNNAMED", "--add-opens=java.base/java.net=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED",
	"--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED", "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
	"--add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED", "--add-opens=java.base/java.text=ALL-UNNAMED", "--add-opens=java.base/java.time=ALL-UNNAMED",
	"--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "--add-opens=java.base/sun.nio.cs=ALL-UNNAMED", "--add-opens=java.base/sun.util.calendar=ALL-UNNAMED",
}

// java starts a Java program with so many MiB of heap.
func (c *Cluster) java(name string, heap int, options []string, main string, args ...string) error {
	argv := []string{
		"java", "-javaagent:" + c.cfg.Jar, fmt.Sprintf("-Xmx%dm", heap), "-XX:MaxMetaspaceSize=256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxDirectMemorySize=512m",
		"-Djava.io.tmpdir=" + filepath.Join(c.cfg.Dir, "tmp"), "-Dorg.slf4j.simpleLogger.defaultLogLevel=info", "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
	}
	argv = append(argv, options...)
	argv = append(argv, "-cp", filepath.Join(c.cfg.Dir, emptyJar), main)
	p, err := launch(c.cfg.Dir, name, []string{"TMPDIR=" + filepath.Join(c.cfg.Dir, "tmp")}, append(argv, args...)...)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.procs = append(c.procs, p)
	return nil
}

// await waits until ready says so.
func (c *Cluster) await(ctx context.Context, name string, ready func() bool) error {
	for deadline := time.Now().Add(patience); !ready(); time.Sleep(100 * time.Millisecond) {
		for _, p := range c.procs {
			if p.name == name && !p.runs() {
				return fmt.Errorf("%s has ended:\n%s", name, lastLines(c.cfg.Dir, name))
			}
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("%s is not ready after %v:\n%s", name, patience, lastLines(c.cfg.Dir, name))
		}
	}
	return nil
}

// Endpoint is where the job server listens.
func (c *Cluster) Endpoint() string { return "localhost:" + strconv.Itoa(c.cfg.Port) }

// Kill kills a process, as a crash would.
func (c *Cluster) Kill(name string) error {
	for i, p := range c.procs {
		if p.name == name {
			c.procs = append(c.procs[:i], c.procs[i+1:]...)
			if proc, err := os.FindProcess(p.pid); err == nil {
				_ = proc.Kill() // it may be gone
			}
			return p.stop(c.cfg.Dir, 5*time.Second)
		}
	}
	return fmt.Errorf("no process %s", name)
}

// Pids are the process ids by name.
func (c *Cluster) Pids() map[string]int {
	pids := map[string]int{}
	for _, p := range c.procs {
		pids[p.name] = p.pid
	}
	return pids
}

// Stop ends all processes, workers of theirs too, and removes temporary files; logs stay.
func (c *Cluster) Stop() error { return Stop(c.cfg.Dir) }

// Stop ends all that was started in a folder.
func Stop(dir string) error {
	list, err := recorded(dir)
	if err != nil {
		return err
	}
	for _, p := range list {
		err = errors.Join(err, p.stop(dir, 5*time.Second))
	}
	return errors.Join(err, os.RemoveAll(filepath.Join(dir, "tmp")), os.RemoveAll(filepath.Join(dir, "artifacts")))
}

// freePort is a port on the loopback interface that nobody uses now. It is below those that the system gives to
// connections of its own choice, one of which might have it by the time that a server wants it.
func freePort() (port int, err error) {
	for range 100 {
		port = 20000 + rand.IntN(10000)
		var l net.Listener
		if l, err = net.Listen("tcp", "localhost:"+strconv.Itoa(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

func answers(port int) bool {
	c, err := net.DialTimeout("tcp", "localhost:"+strconv.Itoa(port), time.Second)
	if err != nil {
		return false
	}
	itself := c.LocalAddr().String() == c.RemoteAddr().String() // a connection may find its own end where nobody listens
	return c.Close() == nil && !itself
}

// get asks the JobManager.
func (c *Cluster) get(ctx context.Context, path string, into any) error {
	return c.call(ctx, http.MethodGet, path, into)
}

// call makes a request to the JobManager and decodes the answer, if that is wanted.
func (c *Cluster) call(ctx context.Context, method, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://localhost:%d%s", c.cfg.Rest, path), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// Slots is how many task slots there are.
func (c *Cluster) Slots(ctx context.Context) (int, error) {
	var overview struct {
		Slots int `json:"slots-total"`
	}
	err := c.get(ctx, "/overview", &overview)
	return overview.Slots, err
}
