package objstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lake is a folder with data and with files that programs write beside data; the values say how they are matched.
var lake = []string{
	"y_2014-01.parquet/part-0.parquet", "y_2014-01.parquet/day=1/part-1", "y_2014-01.parquet/_SUCCESS", "y_2014-01.parquet/_temporary/part-2.parquet",
	"y_2014-01.parquet/.part-0.parquet.crc", "sub/g_2014-01.parquet", "sub/._g_2014-01.parquet", "_tmp/x.parquet", ".git/x.parquet",
	"out/trip_stats/trip_stats.parquet", "out/.tripstats/lock", "plain/plain.parquet", "table/_delta_log/0.json", "table/month=1/part-0.parquet", "table/part-1.parquet",
}

// described returns the matches of a pattern as words: NAME or DATASET:NAME, with ! if it is refused and = if it is named.
func described(t *testing.T, patterns ...string) string {
	t.Helper()
	return describedBy(t, func() ([]Object, error) { return Match(context.Background(), patterns, ours...) })
}

func describedBy(t *testing.T, match func() ([]Object, error)) string {
	t.Helper()
	objects, err := match()
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, o := range objects {
		word := o.Name
		if o.Dataset != "" {
			word = o.Dataset + ":" + strings.TrimPrefix(o.Name, o.Dataset+"/")
		}
		if o.Refused != "" {
			word += "!"
		}
		if !o.Wild {
			word += "="
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestFoldersAndBucketsAreMatchedAlike(t *testing.T) {
	root := tree(t, lake...)
	manifest := filepath.Join(root, "out", "_manifest.json")
	if err := os.WriteFile(manifest, []byte("{\"schema\": \"tripstats/manifest/1\"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := useMem(t)
	for _, p := range lake {
		m.objects["mem://b/lake/"+p] = memObject{[]byte(p), "1"}
	}
	m.objects["mem://b/lake/out/_manifest.json"] = memObject{[]byte("{\"schema\": \"tripstats/manifest/1\"}"), "1"}
	m.objects["mem://b/lake/sub/"] = memObject{nil, "1"} // some programs make such objects to represent a folder
	for _, c := range []struct{ pattern, want string }{
		{"*.parquet", "y_2014-01.parquet:day=1/part-1 y_2014-01.parquet:part-0.parquet"},
		{"**/*.parquet", "plain/plain.parquet sub/g_2014-01.parquet table! y_2014-01.parquet:day=1/part-1 y_2014-01.parquet:part-0.parquet"},
		{"y*/part*", "y_2014-01.parquet:part-0.parquet"},
		{"y_2014-01.parquet/**/part-*", "y_2014-01.parquet:day=1/part-1 y_2014-01.parquet:part-0.parquet"},
		{"y_2014-01.parquet", "y_2014-01.parquet:day=1/part-1= y_2014-01.parquet:part-0.parquet="},
		{"y_2014-01.parquet/part-0.parquet", "part-0.parquet="},
		{"y*/_temporary/*.parquet", "y_2014-01.parquet:_temporary/part-2.parquet"},
		{"_tmp/*.parquet", "x.parquet"},
		{"{_t,.g}*/*.parquet", ".git/x.parquet _tmp/x.parquet"},
		{"sub/*", "g_2014-01.parquet"},
		{"out/trip_stats/*.parquet", "trip_stats.parquet"},
		{"table/month=*/*.parquet", "table!"},
		{"table/month=1/*.parquet", "table!"},
		{"table", "table!="},
		{"table/part-1.parquet", "part-1.parquet="}, // a file that is named is read
	} {
		for _, base := range []string{root, "mem://b/lake"} {
			if found := described(t, base+"/"+c.pattern); found != c.want {
				t.Errorf("%s/%s: found %q, expected %q", base, c.pattern, found, c.want)
			}
		}
	}
	for _, c := range []struct{ pattern, want string }{
		{"sub", "it is a folder; for the parquet files in it say 'ROOT/sub/*.parquet'"},
		{"sub/", "it is a folder; for the parquet files in it say 'ROOT/sub/*.parquet'"},
		{"", "it is a folder; for the parquet files in it say 'ROOT/*.parquet'"},
		{"out", "it is a folder; for the parquet files in it say 'ROOT/out/**/*.parquet'"},
		{"none", "no such "},
		{"none/", "no such "},
		{"out/**/*.parquet", "no "},
		{"_*.parquet", "no "},
	} {
		for _, base := range []string{root, "mem://b/lake"} {
			_, err := Match(context.Background(), []string{base + "/" + c.pattern}, ours...)
			if want := strings.ReplaceAll(c.want, "ROOT", base); !errors.Is(err, ErrNoMatch) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s/%s: found %v, expected %q", base, c.pattern, err, want)
			}
		}
	}
}

func TestABucketMayBeADeltaTable(t *testing.T) {
	m := useMem(t)
	for _, p := range []string{"_delta_log/0.json", "month=1/part-0.parquet", "part-1.parquet"} {
		m.objects["mem://delta/"+p] = memObject{[]byte(p), "1"}
	}
	for _, pattern := range []string{"*.parquet", "**/*.parquet", "month=1/*.parquet", "month=*/*.parquet"} {
		if found, want := described(t, "mem://delta/"+pattern), "delta!"; found != want {
			t.Errorf("%s: found %q, expected %q", pattern, found, want)
		}
	}
}

func TestDatasetsOfOneNameGetMoreOfTheirPath(t *testing.T) {
	root := tree(t, "a/x.parquet/0", "b/x.parquet/0", "b/x.parquet/1")
	want := "a/x.parquet:0 b/x.parquet:0 b/x.parquet:1"
	for _, patterns := range [][]string{{"a/*", "b/*"}, {"b/*", "a/*"}, {"b/x.parquet/*", "a/*"}, {"a/*", "b/*", "b/x*/0"}} {
		var full []string
		for _, p := range patterns {
			full = append(full, filepath.Join(root, p))
		}
		if found := described(t, full...); found != want {
			t.Errorf("%v: found %q, expected %q", patterns, found, want)
		}
	}
}

func TestNamesThatAreNotUTF8AreWrittenSo(t *testing.T) {
	root := tree(t, "a/x")
	for _, name := range []string{"a\xff.parquet", "a\xfe.parquet", "sub\xc3/b.parquet", "d\xff.parquet/0"} {
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Skip("no such names here:", err)
		}
		if err := os.WriteFile(full, []byte("x"), 0o600); err != nil {
			t.Skip("no such names here:", err)
		}
	}
	if found, want := described(t, root+"/**/*.parquet"), `a\xFE.parquet a\xFF.parquet d\xFF.parquet:0 sub\xC3/b.parquet`; found != want {
		t.Errorf("found %q, expected %q", found, want)
	}
	if err := os.WriteFile(filepath.Join(root, `a\xFF.parquet`), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if found := described(t, root+"/*.parquet"); !strings.Contains(found, "two inputs of this name") {
		t.Errorf("found %q, expected a refusal of two names that are written alike", found)
	}
}

func TestHardLinksHaveOneIdentity(t *testing.T) {
	root := tree(t, "a", "c")
	if err := os.Link(filepath.Join(root, "a"), filepath.Join(root, "b")); err != nil {
		t.Skip("no hard links here:", err)
	}
	objects, err := Match(context.Background(), []string{root + "/*"})
	if err != nil || len(objects) != 3 {
		t.Fatal(objects, err)
	}
	if a, b, c := objects[0].Identity, objects[1].Identity, objects[2].Identity; a == "" || a != b || a == c {
		t.Errorf("found identities %q, %q and %q, expected the first two to be equal", a, b, c)
	}
}

func TestPathsThatExistAreTakenAsTheyAre(t *testing.T) {
	root := tree(t, "a,b.parquet", "c.parquet", "d,e[1]/f.parquet", "{g,h}.parquet", "h.parquet")
	at := func(p string) string { return filepath.Join(root, p) }
	for list, want := range map[string][]string{
		at("a,b.parquet"):                         {at("a,b.parquet")},
		at("c.parquet,") + at("a,b.parquet"):      {at("c.parquet"), at("a,b.parquet")},
		at("c.parquet") + "," + at("h.parquet"):   {at("c.parquet"), at("h.parquet")},
		at("d,e[1]/*.parquet,") + at("c.parquet"): {at("d,e[1]/*.parquet"), at("c.parquet")},
		at("x,y.parquet"):                         {at("x"), "y.parquet"},
		at("x/*.parquet,") + at("y/*.parquet"):    {at("x/*.parquet"), at("y/*.parquet")},
	} {
		if found := SplitPatterns(list); !slices.Equal(found, want) {
			t.Errorf("SplitPatterns(%q): found %q, expected %q", list, found, want)
		}
	}
	for pattern, want := range map[string]string{"{g,h}.parquet": "{g,h}.parquet=", "d,e[1]/*.parquet": "f.parquet", "d,e[[]1]/*.parquet": "d,e[1]/f.parquet"} {
		if found := described(t, at(pattern)); found != want {
			t.Errorf("%s: found %q, expected %q", pattern, found, want)
		}
	}
	m := useMem(t)
	m.objects["mem://b/x[1].parquet"] = memObject{[]byte("x"), "1"}
	if found := described(t, "mem://b/x[1].parquet"); found != "x[1].parquet=" {
		t.Errorf("found %q, expected the object of this name", found)
	}
}

func TestPathsForOtherReadersAreExplained(t *testing.T) {
	for pattern, want := range map[string]string{"~/x/*.parquet": "$HOME", "~": "$HOME", "~me/x.parquet": "$HOME", `C:\data\*`: "Windows", `\\host\share\*`: "Windows"} {
		_, err := Match(context.Background(), []string{pattern})
		if filepath.Separator != '/' && want == "Windows" {
			continue
		}
		if !errors.Is(err, ErrPattern) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v, expected a hint of %s", pattern, err, want)
		}
	}
}
