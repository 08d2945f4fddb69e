package objstore

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestALocalFileIsReadInOneVersionAlone writes to a file between two reads. Every way to read a file must notice it.
func TestALocalFileIsReadInOneVersionAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	begin := func() Object {
		if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := Stat(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	change := map[string]func() error{
		"other bytes": func() error {
			return errors.Join(os.WriteFile(path, []byte("abcdefghij"), 0o600), os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)))
		},
		"fewer bytes": func() error { return os.Truncate(path, 3) },
		"more bytes":  func() error { return os.WriteFile(path, []byte("0123456789+"), 0o600) },
	}
	for name, write := range change {
		r, err := Open(t.Context(), begin())
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 5)
		if _, err := r.ReadAt(p, 0); err != nil || Unchanged(r) != nil {
			t.Fatalf("before the change: found %v, %v", err, Unchanged(r))
		}
		if err := write(); err != nil {
			t.Fatal(err)
		}
		if n, err := r.ReadAt(p, 5); n != 0 || !errors.Is(err, ErrChanged) {
			t.Errorf("%s: found %d bytes, %v, expected %v", name, n, err, ErrChanged)
		}
		if err := Unchanged(r); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: found %v, expected %v", name, err, ErrChanged)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	begin()
	body, err := Get(t.Context(), path, From{})
	if err != nil {
		t.Fatal(err)
	}
	if err := change["other bytes"](); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(body); len(got) > 0 || !errors.Is(err, ErrChanged) {
		t.Errorf("fetched as a whole: found %q, %v, expected %v", got, err, ErrChanged)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}
