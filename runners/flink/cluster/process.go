//go:build unix

package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one that was started, here or by a program before. It is known by its id and the time it began, as ids are
// used again.
type process struct {
	name string
	pid  int
	born string
}

// launch starts a program in the background, with a log and a record of its own below dir.
func launch(dir, name string, env []string, argv ...string) (p process, err error) {
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return p, err
	}
	defer log.Close() //nolint:errcheck // the process has it open
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C at the terminal is not for it
	if err := cmd.Start(); err != nil {
		return p, err
	}
	go func() { _ = cmd.Wait() }() // so that it does not stay a zombie while this program lives
	p = process{name, cmd.Process.Pid, born(cmd.Process.Pid)}
	return p, os.WriteFile(p.record(dir), fmt.Appendf(nil, "%d %s\n", p.pid, p.born), 0o666)
}

func (p process) record(dir string) string { return filepath.Join(dir, p.name+".pid") }

// recorded lists the processes of a folder that still run.
func recorded(dir string) ([]process, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.pid"))
	if err != nil {
		return nil, err
	}
	var list []process
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		id, when, _ := strings.Cut(strings.TrimSpace(string(content)), " ")
		pid, err := strconv.Atoi(id)
		if err != nil {
			return nil, fmt.Errorf("%s: found %q, expected a process id", path, content)
		}
		p := process{strings.TrimSuffix(filepath.Base(path), ".pid"), pid, when}
		if p.runs() {
			list = append(list, p)
		} else if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// runs tells whether the process is still there, and not another of the same id.
func (p process) runs() bool { return p.pid > 0 && born(p.pid) == p.born && p.born != "" }

// born is when a process began, in the system's ticks; "" if it is gone, or a zombie with no thread that still ends: until
// then its sockets listen.
func born(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, ok := strings.Cut(string(stat), ") ") // the name before it may hold anything
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return ""
	}
	if threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid)); fields[0] == "Z" && (err != nil || len(threads) <= 1) {
		return ""
	}
	return fields[19]
}

// stop asks the process to end, and kills it if it has not ended after patience.
func (p process) stop(dir string, patience time.Duration) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if !p.runs() {
			break
		}
		if err := syscall.Kill(p.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("%s (%d): %w", p.name, p.pid, err)
		}
		for deadline := time.Now().Add(patience); p.runs() && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		}
	}
	if p.runs() {
		return fmt.Errorf("%s (%d) does not end", p.name, p.pid)
	}
	if err := os.Remove(p.record(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lastLines is the end of a process's log, for messages.
func lastLines(dir, name string) string {
	content, err := os.ReadFile(filepath.Join(dir, name+".log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
