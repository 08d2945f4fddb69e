package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/io/publish"
)

// TestAnInputOfWhichNothingIsKeptStaysWhenAnOutputIsExtended takes one of two inputs out of what is kept, as is one whose results are too
// large. The output has it all the same.
func TestAnInputOfWhichNothingIsKeptStaysWhenAnOutputIsExtended(t *testing.T) {
	raw, dir := t.TempDir(), t.TempDir()
	var paths []string
	for _, month := range []string{"2014-03", "2019-08", "2023-05"} {
		name := "yellow_tripdata_" + month + ".parquet"
		content, err := os.ReadFile(filepath.Join("..", "testdata", "sample", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(raw, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		waitSettled(t, path)
		paths = append(paths, path)
	}
	runs := func(output string, args ...string) {
		t.Helper()
		var o, e bytes.Buffer
		if code := run(t.Context(), append(args, "--output="+output), &o, &e, new(progress)); code != 0 {
			t.Fatalf("exit code %d: %s", code, e.String())
		}
	}
	out, whole := filepath.Join(dir, "out"), filepath.Join(dir, "whole")
	runs(out, "--input="+strings.Join(paths[:2], ","))
	found, err := filepath.Glob(filepath.Join(out, ".tripstats", "v", "*", kept.IndexName))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	of, err := filepath.Rel(out, filepath.Dir(found[0]))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	x, err := kept.Decode(filepath.ToSlash(of), content)
	if err != nil || len(x.Inputs) != 2 {
		t.Fatalf("found %+v, %v, expected two inputs", x, err)
	}
	x.Inputs = x.Inputs[1:]
	if content, err = x.Encode(filepath.ToSlash(of)); err == nil {
		err = os.WriteFile(found[0], content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	runs(out, "--input="+paths[2], "--existing=extend")
	runs(whole, "--input="+strings.Join(paths, ","))
	for _, o := range []string{out, whole} {
		content, err := os.ReadFile(filepath.Join(o, publish.ManifestName))
		var m publish.Manifest
		if err == nil {
			err = json.Unmarshal(content, &m)
		}
		if err != nil || len(m.Inputs) != 3 {
			t.Errorf("%s: found %d inputs, %v, expected 3", o, len(m.Inputs), err)
		}
	}
	a, err := os.ReadFile(filepath.Join(out, "trip_stats", "trip_stats.parquet"))
	b, err2 := os.ReadFile(filepath.Join(whole, "trip_stats", "trip_stats.parquet"))
	if err != nil || err2 != nil || !bytes.Equal(a, b) {
		t.Errorf("found other trip_stats than a run over all inputs makes (%v, %v)", err, err2)
	}
}

// TestInputsOfAnOutputAreThoseOfItsManifest whatever is kept of them.
func TestInputsOfAnOutputAreThoseOfItsManifest(t *testing.T) {
	in := func(source, uri string) kept.Input { return kept.Input{Source: source, URI: uri} }
	have := []kept.Input{in("a", "/a"), in("left out", "/left out")}
	named := []kept.Input{in("a", "/a"), in("b", "/b"), in("left out", "/elsewhere")}
	var got []string
	for _, i := range withUnkept(have, named) {
		got = append(got, i.URI)
	}
	if want := []string{"/a", "/left out", "/b"}; !slices.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
}

// waitSettled waits until the times of a file tell that it will be the same later.
func waitSettled(t *testing.T, path string) {
	t.Helper()
	for {
		o, err := (&job{}).access().Stat(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if o.Token != "" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestATableThatIsNamedAgainHasItsFilesAlone: what a Delta table does not have any more does not stay.
func TestATableThatIsNamedAgainHasItsFilesAlone(t *testing.T) {
	have := []kept.Input{{URI: "/t/a"}, {URI: "/t/b"}, {URI: "/t2/a"}, {URI: "/u"}}
	named := []objstore.Object{{URI: "/t/b", Table: "/t"}, {URI: "/t/c", Table: "/t"}, {URI: "/v"}}
	var got []string
	for _, in := range besidesTables(have, named) {
		got = append(got, in.URI)
	}
	if want := []string{"/t/b", "/t2/a", "/u"}; !slices.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
}
