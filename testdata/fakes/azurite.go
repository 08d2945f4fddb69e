package fakes

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Azurite starts Azurite with one account and returns its address. Without the program, the test skips.
func Azurite(t testing.TB, account, key string) string {
	t.Helper()
	path := os.Getenv("TRIPSTATS_AZURITE")
	if path == "" {
		path, _ = exec.LookPath("azurite-blob")
	}
	if path == "" {
		installed := filepath.Join(root(t), ".cache/azurite/node_modules/.bin/azurite-blob")
		if _, err := os.Stat(installed); err != nil {
			t.Skip("no Azurite (azurite-blob in PATH, its path in TRIPSTATS_AZURITE, or in .cache): say make azurite, which needs npm")
		}
		path = installed
	}
	cmd := exec.Command(path, "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+account+":"+key)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, read := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(read)
		listens := regexp.MustCompile(`listens on (http://\S+)`)
		for lines := bufio.NewScanner(out); lines.Scan(); { // to the end, or it would wait for a reader
			if m := listens.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
			}
		}
	}()
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		<-read
		_ = cmd.Wait() // killed, as it was to be
	})
	select {
	case a := <-address:
		return a
	case <-read:
		t.Fatalf("%s ended: %s", path, complaints.String())
	case <-time.After(time.Minute):
		t.Fatalf("%s does not listen after a minute", path)
	}
	return ""
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
	}
}
