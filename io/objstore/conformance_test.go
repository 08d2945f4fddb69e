package objstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
)

// conforms checks what every store must do. base is an address below which there is no object yet, such as gs://bucket/run/. seed
// writes an object if the store itself cannot write.
func conforms(t *testing.T, s Store, base string, seed func(t *testing.T, path string, content []byte)) {
	t.Helper()
	writes := seed == nil
	if writes {
		seed = func(t *testing.T, path string, content []byte) {
			t.Helper()
			if _, err := s.Put(t.Context(), base+path, content, Condition{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	odd := "read/a b+c%.parquet"
	if !writes {
		odd = "read/a-b.parquet" // an address of the web is written escaped
	}
	content := bytes.Repeat([]byte("0123456789"), 10_000)
	stat := func(t *testing.T, path string) Object {
		t.Helper()
		o, err := s.Stat(t.Context(), base+path)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}

	t.Run("reads ranges of what was there", func(t *testing.T) {
		seed(t, odd, content)
		o := stat(t, odd)
		if o.Size != int64(len(content)) || o.Version == "" || o.URI != base+odd {
			t.Fatalf("found %+v", o)
		}
		for _, r := range [][2]int{{0, 1}, {5, 100}, {len(content) - 1, 1}, {0, len(content)}, {99_990, 10}} {
			p := make([]byte, r[1])
			if err := s.ReadRange(t.Context(), o, p, int64(r[0])); err != nil || !bytes.Equal(p, content[r[0]:r[0]+r[1]]) {
				t.Errorf("%v: found %.20q, %v", r, p, err)
			}
		}
	})
	t.Run("says that nothing is there", func(t *testing.T) {
		if o, err := s.Stat(t.Context(), base+"missing"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("stat: found %+v, %v", o, err)
		}
		gone := Object{URI: base + "missing", Size: 10, Version: "1"}
		if err := s.ReadRange(t.Context(), gone, make([]byte, 1), 0); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrChanged) {
			t.Errorf("read: found %v", err)
		}
	})
	t.Run("never mixes two versions", func(t *testing.T) {
		seed(t, "changing", []byte("old content"))
		o := stat(t, "changing")
		seed(t, "changing", []byte("new content"))
		p := make([]byte, 3)
		switch err := s.ReadRange(t.Context(), o, p, 0); {
		case err == nil && string(p) == "old": // some stores still have the old version
		case errors.Is(err, ErrChanged), errors.Is(err, fs.ErrNotExist):
		default:
			t.Errorf("found %q, %v", p, err)
		}
		if now := stat(t, "changing"); now.Version == o.Version {
			t.Errorf("two contents are of version %s", o.Version)
		}
	})
	t.Run("gives up when it is told to", func(t *testing.T) {
		seed(t, "cancelled", content)
		o := stat(t, "cancelled")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, local := s.(localStore); !local {
			if err := s.ReadRange(ctx, o, make([]byte, 10), 0); !errors.Is(err, context.Canceled) {
				t.Errorf("found %v", err)
			}
		}
	})
	if !writes {
		return
	}
	t.Run("lists below a prefix", func(t *testing.T) {
		var want []string
		for i := range 25 {
			path := fmt.Sprintf("list/%d/x%d.parquet", i%3, i)
			seed(t, path, []byte(path))
			want = append(want, base+path)
		}
		seed(t, "list2/other", []byte("x"))
		objects, err := s.List(t.Context(), base+"list/")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range objects {
			got = append(got, o.URI)
			if o.Size != int64(len(strings.TrimPrefix(o.URI, base))) || o.Version == "" {
				t.Errorf("found %+v", o)
			}
			if now := stat(t, strings.TrimPrefix(o.URI, base)); now.Version != o.Version || now.Size != o.Size {
				t.Errorf("the listing has %+v, stat %+v", o, now)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("found %v, expected %v", got, want)
		}
		if none, err := s.List(t.Context(), base+"nothing/here/"); err != nil || len(none) != 0 {
			t.Errorf("found %v, %v, expected nothing", none, err)
		}
	})
	t.Run("writes whole", func(t *testing.T) {
		for _, c := range [][]byte{nil, content, []byte("short")} {
			version, err := s.Put(t.Context(), base+"put/deep/er", c, Condition{})
			if err != nil {
				t.Fatal(err)
			}
			o := stat(t, "put/deep/er")
			p := make([]byte, len(c))
			if o.Version != version || o.Size != int64(len(c)) {
				t.Errorf("found %+v, expected version %s", o, version)
			}
			if len(c) > 0 {
				if err := s.ReadRange(t.Context(), o, p, 0); err != nil || !bytes.Equal(p, c) {
					t.Errorf("found %.20q, %v", p, err)
				}
			}
		}
	})
	t.Run("writes if absent, once among many", func(t *testing.T) {
		var wg sync.WaitGroup
		results := make([]error, 8)
		for i := range results {
			wg.Go(func() {
				_, results[i] = s.Put(t.Context(), base+"absent", []byte{byte('a' + i)}, Condition{Absent: true})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, ErrExists) && mayPass(err) == nil {
				t.Errorf("found %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d of 8 wrote it, expected one: %v", won, results)
		}
	})
	t.Run("replaces if the version matches", func(t *testing.T) {
		seed(t, "replace", []byte("one"))
		first := stat(t, "replace")
		second, err := s.Put(t.Context(), base+"replace", []byte("two"), Condition{Version: first.Version})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), base+"replace", []byte("three"), Condition{Version: first.Version}); !errors.Is(err, ErrChanged) {
			t.Errorf("found %v, expected %v", err, ErrChanged)
		}
		if o := stat(t, "replace"); o.Version != second {
			t.Errorf("found %+v, expected version %s", o, second)
		}
		if _, err := s.Put(t.Context(), base+"never-there", []byte("x"), Condition{Version: first.Version}); !errors.Is(err, ErrChanged) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("found %v, expected an error: nothing is there", err)
		}
	})
	t.Run("deletes", func(t *testing.T) {
		seed(t, "delete", []byte("x"))
		for range 2 { // and again, which is no error
			if err := s.Delete(t.Context(), base+"delete", ""); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Stat(t.Context(), base+"delete"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("found %v", err)
		}
	})
	t.Run("deletes what is of a version", func(t *testing.T) {
		seed(t, "delete-version", []byte("one"))
		first := stat(t, "delete-version")
		seed(t, "delete-version", []byte("another"))
		if err := s.Delete(t.Context(), base+"delete-version", first.Version); !errors.Is(err, ErrChanged) {
			t.Errorf("found %v, expected %v", err, ErrChanged)
		}
		now := stat(t, "delete-version")
		for range 2 { // and again, which is no error
			if err := s.Delete(t.Context(), base+"delete-version", now.Version); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Stat(t.Context(), base+"delete-version"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("found %v", err)
		}
	})
	t.Run("writes files", func(t *testing.T) {
		for _, c := range [][]byte{content, nil} { // over what is there
			version, err := s.PutFile(t.Context(), base+"file", bytes.NewReader(c), int64(len(c)))
			o := stat(t, "file")
			if err != nil || o.Version != version || o.Size != int64(len(c)) {
				t.Fatalf("found %+v, %v, expected version %s", o, err, version)
			}
			p := make([]byte, len(c))
			if len(c) > 0 {
				if err := s.ReadRange(t.Context(), o, p, 0); err != nil || !bytes.Equal(p, c) {
					t.Errorf("found %.20q, %v", p, err)
				}
			}
		}
	})
}

// again makes a retrying store a Store.
type again struct{ *retrying }

func (s again) List(ctx context.Context, prefix string) ([]Object, error) { return s.list(ctx, prefix) }

func (s again) Stat(ctx context.Context, uri string) (Object, error) { return s.stat(ctx, uri) }

func (s again) ReadRange(ctx context.Context, o Object, p []byte, off int64) error {
	return s.readRange(ctx, o, p, off)
}

func (s again) Put(ctx context.Context, uri string, content []byte, when Condition) (string, error) {
	return s.put(ctx, uri, content, when)
}

func (s again) PutFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (string, error) {
	return s.putFile(ctx, uri, content, size)
}

func (s again) Delete(ctx context.Context, uri, version string) error {
	return s.delete(ctx, uri, version)
}

func TestLocalFilesConform(t *testing.T) { conforms(t, localStore{}, t.TempDir()+"/", nil) }
