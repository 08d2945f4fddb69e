//go:build unix

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestTheUserIsKnownBeforeBeamAsks protects the order of initialisation: Beam ends the program if nobody knows the user.
func TestTheUserIsKnownBeforeBeamAsks(t *testing.T) {
	cmd := exec.Command(program(t), "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var order []string
	for _, m := range regexp.MustCompile(`(?m)^init \S*/(account|expansionx) @`).FindAllSubmatch(out, -1) {
		order = append(order, string(m[1]))
	}
	if strings.Join(order, " ") != "account expansionx" {
		t.Errorf("found the order %v, expected account before Beam's expansionx, which asks for the user", order)
	}
}

// TestAUserWhoIsNotInTheSystem starts the program as a user of a container may: without a name, a home and any variable. A program with cgo
// cannot start, and says so.
func TestAUserWhoIsNotInTheSystem(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can run a program as another user")
	}
	bin := filepath.Join(openFolder(t), "tripstats")
	content, err := os.ReadFile(program(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bin, content, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "version")
	cmd.Dir, cmd.Env = filepath.Dir(bin), []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1_234_567, Gid: 1_234_567}}
	out, err := cmd.CombinedOutput()
	started := err == nil && strings.HasPrefix(string(out), "tripstats ")
	told := cmd.ProcessState.ExitCode() == 1 && regexp.MustCompile(`^tripstats: error: found no user with the number 1234567 in /etc/passwd, .*\n$`).Match(out)
	if !started && !told {
		t.Errorf("found %v: %s\nexpected that it starts, or one line that says why not", err, out)
	}
}

// openFolder returns a folder that all users can reach. Those of the tests are for one user alone.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tripstats-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // it is in the folder for temporary files
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
