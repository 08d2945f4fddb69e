package objstore

import (
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestContentRanges(t *testing.T) {
	for value, want := range map[string][2]int64{
		"bytes 0-9/10":                   {0, 10},
		"bytes 5-9/10":                   {5, 10},
		"bytes 5-9/*":                    {5, -1},
		"bytes 5-8/10":                   {-1, 0}, // not to the end
		"bytes 9-5/10":                   {-1, 0},
		"bytes -5-9/10":                  {-1, 0},
		"bytes 5-9":                      {-1, 0},
		"5-9/10":                         {-1, 0},
		"bytes */10":                     {-1, 0},
		"":                               {-1, 0},
		"bytes 0-9/99999999999999999999": {-1, 0},
	} {
		first, size, ok := contentRange(value)
		if ok != (want[0] >= 0) || ok && (first != want[0] || size != want[1]) {
			t.Errorf("%q: found %d, %d, %v", value, first, size, ok)
		}
	}
}

func TestGetContinuesTheSameVersionOnly(t *testing.T) {
	s := &site{content: map[string][]byte{"x": []byte("0123456789")}}
	server := httptest.NewServer(s)
	defer server.Close()
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("0123456789"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{server.URL + "/x", path} {
		get := func(from From) (*Body, string) {
			t.Helper()
			b, err := Get(t.Context(), uri, from)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close() //nolint:errcheck // read to its end
			content, err := io.ReadAll(b)
			if err != nil && !b.Unchanged {
				t.Fatal(err)
			}
			return b, string(content)
		}
		whole, content := get(From{})
		if content != "0123456789" || whole.Size != 10 || whole.Offset != 0 || whole.Version == "" {
			t.Errorf("found %+v, %s", whole, content)
		}
		if b, content := get(From{Offset: 4, Version: whole.Version}); content != "456789" || b.Size != 10 || b.Offset != 4 || b.Version != whole.Version {
			t.Errorf("found %+v, %s", b, content)
		}
		if b, content := get(From{Offset: 4, Version: `"other"`}); content != "0123456789" || b.Offset != 0 {
			t.Errorf("of another version: found %+v, %s", b, content)
		}
		if b, content := get(From{Offset: 4}); content != "0123456789" || b.Offset != 0 {
			t.Errorf("of no version: found %+v, %s", b, content)
		}
		if b, _ := get(From{Have: whole.Version}); !b.Unchanged {
			t.Errorf("of the version that is had: found %+v", b)
		}
	}
}

func TestRetryEndsAndForgets(t *testing.T) {
	r := Patience{Attempts: 3, First: 8 * time.Millisecond, Last: 10 * time.Millisecond}.Begin()
	again := errors.New("again")
	for i, most := range []time.Duration{8, 10} {
		if wait, wished, err := r.Again(Temporary(again)); err != nil || wished || wait < 4*time.Millisecond || wait > most*time.Millisecond {
			t.Errorf("%d: found %v, %v, %v", i, wait, wished, err)
		}
	}
	r.Progress()
	if wait, wished, err := r.Again(temporary(again, time.Hour)); err != nil || !wished || wait != policy.longestWish {
		t.Errorf("found %v, %v, %v", wait, wished, err)
	}
	if _, _, err := r.Again(again); !errors.Is(err, again) {
		t.Errorf("found %v", err)
	}
	_, _, _ = r.Again(Temporary(again))
	if _, _, err := r.Again(Temporary(again)); !errors.Is(err, again) || !IsTemporary(err) {
		t.Errorf("found %v", err)
	}
}
