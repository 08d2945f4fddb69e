package objstore

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStagedFilesShowOnlyOncePublished(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "out")
	s, err := NewStaging(context.Background(), out, "1", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stage("t", write("first")); err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(out, "t", "t.parquet")
	if _, err := os.Stat(place); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before publishing: %v", err)
	}
	if err := s.Publish("t", "t/t.parquet"); err != nil {
		t.Fatal(err)
	}
	if got := content(t, place); got != "first" {
		t.Errorf("published %q", got)
	}
	if err := s.Stage("u", write("never published")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(out, StateDir, "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != lockName {
		t.Errorf("left in the state folder: %v, %v, expected the lock alone", left, err)
	}
}

func TestAFailedWriteLeavesThePublishedFile(t *testing.T) {
	out := t.TempDir()
	s, err := NewStaging(context.Background(), out, "1", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := errors.Join(s.Stage("t", write("old")), s.Publish("t", "t.parquet")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk full")
	if err := s.Stage("t", func(w io.Writer) error { return errors.Join(write("half")(w), broken) }); !errors.Is(err, broken) {
		t.Fatalf("found %v", err)
	}
	if got := content(t, filepath.Join(out, "t.parquet")); got != "old" {
		t.Errorf("published %q, expected the old content", got)
	}
}

func TestOneRunPublishesAtATime(t *testing.T) {
	out := t.TempDir()
	first, err := NewStaging(context.Background(), out, "1", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := NewStaging(ctx, out, "2", nil, nil); err == nil {
		t.Fatal("two runs hold one output")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := NewStaging(context.Background(), out, "2", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatADeadRunLeftIsRemoved(t *testing.T) {
	out := t.TempDir()
	dead := filepath.Join(out, StateDir, stagePrefix+"dead")
	if err := os.MkdirAll(dead, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dead, "t"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := NewStaging(context.Background(), out, "1", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestCheckOutputSeesAFileInTheWay(t *testing.T) {
	root := tree(t, "file")
	for path, ok := range map[string]bool{".": true, "new/deep": true, "file": false, "file/below": false} {
		if err := CheckOutput(filepath.Join(root, path)); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
	var unsupported *UnsupportedError
	if err := CheckOutput("ftp://host/out"); !errors.As(err, &unsupported) {
		t.Errorf("gs: %v", err)
	}
}
