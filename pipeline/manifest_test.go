package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/testdata/tlcgen"
)

func readManifest(t *testing.T, output string) *publish.Manifest {
	t.Helper()
	m, err := publish.ReadManifest(t.Context(), objstore.Access{}, output)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheManifestSaysWhatWasReadAndPublished(t *testing.T) {
	dir := t.TempDir()
	yellow, green := month(tlcgen.Yellow, 2019, 8, 300), month(tlcgen.Green, 2023, 5, 200)
	yellow.RowGroups = 3
	for _, o := range []tlcgen.Options{yellow, green} {
		generate(t, filepath.Join(dir, "raw"), o)
	}
	args := []string{"--input=raw/*.parquet", "--output=out", "--same-month=merge"}
	runOnce(t, command{args: args, dir: dir}).succeeds(t)
	output := filepath.Join(dir, "out")
	m := readManifest(t, output)

	if m.Schema != publish.ManifestSchema || m.Program.Name != "tripstats" || m.Program.Version == "" || m.Quality != "standard" || m.Rules == nil || m.Rows != 500 {
		t.Errorf("the manifest: found %+v, expected schema, program, rules and 500 rows", m)
	}
	if m.Flags["input"] != "raw/*.parquet" || m.Flags["same-month"] != "merge" || m.Flags["output"] != "out" {
		t.Errorf("found flags %v, expected those given", m.Flags)
	}
	if len(m.Inputs) != 2 {
		t.Fatalf("found inputs %+v, expected two", m.Inputs)
	}
	for i, want := range []publish.Input{
		{Source: "green_tripdata_2023-05.parquet", Taxi: "green", Month: "2023-05", RowGroups: 1, Rows: 200, Counted: 200, Variant: "green since 2013"},
		{Source: "yellow_tripdata_2019-08.parquet", Taxi: "yellow", Month: "2019-08", RowGroups: 3, Rows: 300, Counted: 300, Variant: "yellow since 2011"},
	} {
		want.URI = filepath.Join(dir, "raw", want.Source)
		info, err := os.Stat(want.URI)
		if err != nil {
			t.Fatal(err)
		}
		want.Bytes = info.Size()
		if !reflect.DeepEqual(m.Inputs[i], want) {
			t.Errorf("input %d: found %+v, expected %+v", i, m.Inputs[i], want)
		}
	}
	if len(m.Outputs) != len(tableFiles(true)) {
		t.Fatalf("found outputs %+v, expected one of each table", m.Outputs)
	}
	for _, out := range m.Outputs {
		content, err := os.ReadFile(filepath.Join(output, filepath.FromSlash(out.Path)))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := os.ReadFile(filepath.Join(output, filepath.FromSlash(out.Plain)))
		if err != nil || string(plain) != string(content) {
			t.Errorf("%s: found other bytes than in the version's file, %v", out.Plain, err)
		}
		if rows := len(readTable(t, output, out.Table).rows); out.SHA256 != hexSHA256(content) || out.Bytes != int64(len(content)) || out.Rows != int64(rows) {
			t.Errorf("found %+v, expected what the file has: %d bytes, %d rows, SHA-256 %s", out, len(content), rows, hexSHA256(content))
		}
	}
}

func TestTheManifestHasNoTimesAndNoEnvironment(t *testing.T) {
	dir := t.TempDir()
	var texts []string
	for range 2 {
		runOnce(t, command{args: []string{"--input=sample", "--output=out"}, dir: dir, env: []string{"SECRET_TOKEN=hunter2"}}).succeeds(t)
		b, err := os.ReadFile(filepath.Join(dir, "out", publish.ManifestName))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b))
	}
	if string(withoutRun(publish.ManifestName, []byte(texts[0]))) != string(withoutRun(publish.ManifestName, []byte(texts[1]))) {
		t.Errorf("the same run wrote\n%s\nand\n%s", texts[0], texts[1])
	}
	if strings.Contains(texts[0], "hunter2") {
		t.Errorf("the environment is in the manifest:\n%s", texts[0])
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal([]byte(texts[0]), &top); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"schema", "program", "quality", "flags", "rows", "inputs", "outputs"} {
		if top[key] == nil {
			t.Errorf("no %q in the manifest", key)
		}
	}
}
