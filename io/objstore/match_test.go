package objstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tree makes files with their path as content below a new folder.
func tree(t *testing.T, paths ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, p := range paths {
		full := filepath.Join(root, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func namesOf(t *testing.T, patterns ...string) []string {
	t.Helper()
	objects, err := Match(context.Background(), patterns)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, o := range objects {
		names = append(names, o.Name)
	}
	return names
}

func TestMatchNamesObjectsBelowTheFixedPrefix(t *testing.T) {
	root := tree(t, "yellow/2014/y_2014-01.parquet", "yellow/2015/y_2015-01.parquet", "green/2014/g_2014-01.parquet", "green/notes.txt", "b/y_2014-01.parquet", "we[i]rd,{x}.parquet")
	at := func(p string) string { return filepath.Join(root, p) }
	for name, c := range map[string]struct {
		patterns []string
		want     []string
	}{
		"all below":             {[]string{at("**/*.parquet")}, []string{"b/y_2014-01.parquet", "green/2014/g_2014-01.parquet", "we[i]rd,{x}.parquet", "yellow/2014/y_2014-01.parquet", "yellow/2015/y_2015-01.parquet"}},
		"one folder":            {[]string{at("yellow/*/*.parquet")}, []string{"2014/y_2014-01.parquet", "2015/y_2015-01.parquet"}},
		"either":                {[]string{at("yellow/{2014,2015}/*.parquet")}, []string{"2014/y_2014-01.parquet", "2015/y_2015-01.parquet"}},
		"plain path":            {[]string{at("green/2014/g_2014-01.parquet")}, []string{"g_2014-01.parquet"}},
		"file URI":              {[]string{"file://" + at("green/2014/g_2014-01.parquet")}, []string{"g_2014-01.parquet"}},
		"made longer to differ": {[]string{at("yellow/2014/y_2014-01.parquet"), at("b/y_2014-01.parquet")}, []string{"2014/y_2014-01.parquet", "b/y_2014-01.parquet"}},
		"several match one":     {[]string{at("**/g*.parquet"), at("green/2014/*"), at("green/2014/g_2014-01.parquet")}, []string{"g_2014-01.parquet"}},
		"strange characters":    {[]string{at("we[i]rd,{x}.parquet")}, []string{"we[i]rd,{x}.parquet"}},
	} {
		if got := namesOf(t, c.patterns...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, expected %v", name, got, c.want)
		}
		reversed := append([]string(nil), c.patterns...)
		for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
			reversed[i], reversed[j] = reversed[j], reversed[i]
		}
		if got := namesOf(t, reversed...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s, patterns in reverse: %v, expected %v", name, got, c.want)
		}
	}
}

func TestASymbolicLinkIsTheFileItPointsTo(t *testing.T) {
	root := tree(t, "real/x.parquet")
	if err := os.Symlink(filepath.Join(root, "real", "x.parquet"), filepath.Join(root, "link.parquet")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if got := namesOf(t, filepath.Join(root, "link.parquet"), filepath.Join(root, "real", "*")); len(got) != 1 {
		t.Errorf("read %v, expected the file once", got)
	}
}

func TestMatchFaults(t *testing.T) {
	root := tree(t, "a/x.parquet")
	for name, c := range map[string]struct {
		pattern string
		noMatch bool
		want    string
	}{
		"no file":     {filepath.Join(root, "*.parquet"), true, "no file"},
		"no path":     {filepath.Join(root, "nothing.parquet"), true, "no such file"},
		"no folder":   {filepath.Join(root, "none", "*.parquet"), true, "no file"},
		"a folder":    {filepath.Join(root, "a"), true, "it is a folder"},
		"bad pattern": {filepath.Join(root, "[a"), false, "not a valid pattern"},
		"scheme":      {"ftp://host/x.parquet", false, `no store for scheme "ftp"`},
	} {
		_, err := Match(context.Background(), []string{c.pattern})
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrNoMatch) != c.noMatch {
			t.Errorf("%s: %v, expected %q, no match %v", name, err, c.want, c.noMatch)
		}
	}
}

func TestSplitPatternsKeepsCommasInBraces(t *testing.T) {
	for in, want := range map[string][]string{
		"a,b":             {"a", "b"},
		"x/{1,2}/*, y ":   {"x/{1,2}/*", "y"},
		"":                nil,
		",,":              nil,
		"{a,{b,c}},d}":    {"{a,{b,c}}", "d}"},
		`a\,b,c\d,{e\,f}`: {"a,b", `c\d`, `{e\,f}`},
	} {
		if got := SplitPatterns(in); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("SplitPatterns(%q) = %q, expected %q", in, got, want)
		}
	}
}

func TestOpenRefusesAnotherVersion(t *testing.T) {
	root := tree(t, "x.parquet")
	objects, err := Match(context.Background(), []string{filepath.Join(root, "x.parquet")})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(context.Background(), objects[0])
	if err != nil {
		t.Fatal(err)
	}
	before := BytesRead()
	b := make([]byte, 4)
	if _, err := r.ReadAt(b, 2); err != nil || string(b) != "parq" || BytesRead()-before != 4 {
		t.Errorf("read %q, counted %d, error %v", b, BytesRead()-before, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(root, "x.parquet"), []byte("longer than before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), objects[0]); !errors.Is(err, ErrChanged) {
		t.Errorf("found %v, expected %v", err, ErrChanged)
	}
}

func TestAMountedFileSystemIsMatchedAndRead(t *testing.T) {
	Mount("mounted", fstest.MapFS{"a.parquet": {Data: []byte("hello")}, "b.txt": {}})
	objects, err := Match(context.Background(), []string{"mounted://*.parquet"})
	if err != nil || len(objects) != 1 || objects[0].URI != "mounted://a.parquet" || objects[0].Name != "a.parquet" || objects[0].Size != 5 {
		t.Fatalf("%+v, %v", objects, err)
	}
	if _, err := Match(context.Background(), []string{"mounted://*.csv"}); !errors.Is(err, ErrNoMatch) {
		t.Errorf("found %v, expected %v", err, ErrNoMatch)
	}
}

func sorted(names []string) string {
	slices.Sort(names)
	return strings.Join(names, " ")
}
