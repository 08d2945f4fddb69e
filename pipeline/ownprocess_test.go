package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const ownProcess = "TRIPSTATS_TEST_IN_OWN_PROCESS"

// inOwnProcess runs a test in a process of its own. It tells whether this is that process; otherwise the test is over. Many runs make the
// process that has them large, and a program that is started from a large process counts its memory as its own until it is loaded.
func inOwnProcess(t *testing.T, args ...string) bool {
	t.Helper()
	if os.Getenv(ownProcess) == t.Name() {
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, append(args, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=0")...)
	cmd.Env = append(os.Environ(), ownProcess+"="+t.Name())
	out, failed := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, " level=INFO ") { // what Beam logs
			t.Log(strings.TrimRight(line, "\n"))
		}
	}
	if failed != nil {
		t.Error(failed)
	}
	return false
}
