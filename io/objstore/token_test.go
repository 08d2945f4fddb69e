package objstore

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestATokenTellsTheContentOfALocalFile changes a file in the ways in which files change, with and without a trace in its time.
func TestATokenTellsTheContentOfALocalFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	later := func() time.Time { return time.Now().Add(2 * settled) }
	token := func() string {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return localToken(info, later())
	}
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, known := changedAt(info); !known || numberOf(info) == "" {
		t.Skip("this system does not number files")
	}
	if got := localToken(info, time.Now()); got != "" {
		t.Errorf("changed a moment ago: found %q, expected none", got)
	}
	if got := localToken(info, time.Now().Add(-time.Hour)); got != "" {
		t.Errorf("changed in the future: found %q, expected none", got)
	}
	first := token()
	if first == "" || first != token() {
		t.Fatalf("found %q and %q", first, token())
	}
	old := info.ModTime()
	for name, change := range map[string]func() error{
		"other bytes of the same length, and the same time": func() error {
			if err := os.WriteFile(path, []byte("two"), 0o600); err != nil {
				return err
			}
			return os.Chtimes(path, old, old)
		},
		"another file of the same bytes, length and time": func() error {
			if err := os.WriteFile(path+"2", []byte("one"), 0o600); err != nil {
				return err
			}
			if err := os.Chtimes(path+"2", old, old); err != nil {
				return err
			}
			return os.Rename(path+"2", path)
		},
		"another length": func() error { return os.WriteFile(path, []byte("longer"), 0o600) },
	} {
		before := token()
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if after := token(); after == before {
			t.Errorf("%s: the token is still %s", name, after)
		}
	}
}

func TestATokenOfAStoreIsStrong(t *testing.T) {
	for version, want := range map[string]string{
		`"etag"`:                        `"etag"`,
		"1700000000000001":              "1700000000000001",
		`W/"weak"`:                      "",
		"":                              "",
		"Mon, 02 Jan 2006 15:04:05 GMT": "Mon, 02 Jan 2006 15:04:05 GMT, 7 bytes",
	} {
		if got := storeToken(version, 7); got != want {
			t.Errorf("%q: found %q, expected %q", version, got, want)
		}
	}
}
