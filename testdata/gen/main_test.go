package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"tripstats/testdata"
	"tripstats/testdata/tlcgen"
)

func TestWrongFlags(t *testing.T) {
	out := t.TempDir()
	for _, tt := range []struct{ args, want string }{
		{"", "--months and --out are needed"},
		{"--months 2014-01", "--months and --out are needed"},
		{"--months 2014-1 --out " + out, "2014-1"},
		{"--months 2008-12 --out " + out, "the first is 2009-01"},
		{"--months 2016-07 --coordinates --out " + out, "the last is 2016-06"},
		{"--months 2014-01 --old-names --out " + out, "ask for both"},
		{"--months 2014-01 --taxi boat --out " + out, "boat"},
		{"--months 2014-01 --codec lzo --out " + out, "lzo"},
		{"--months 2014-01 --columns some --out " + out, "neither all nor job"},
		{"--months 2014-01 --rows -1 --out " + out, "rows"},
		{"--months 2014-01 --rows x --out " + out, "rows"},
		{"--months 2014-01 --row-groups 0 --out " + out, "row-groups"},
		{"--months 2014-01 --colour red --out " + out, "colour"},
		{"--months 2014-01 --out " + out + " more", "more"},
		{"--sample --rows 5", "--rows"},
		{"--sample --coordinates", "--coordinates"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), strings.Fields(tt.args), &stdout, &stderr); code != 2 {
			t.Errorf("%q: exit code %d, expected 2", tt.args, code)
		}
		if !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%q: %q says nothing of %q", tt.args, stderr.String(), tt.want)
		}
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 0 {
		t.Errorf("wrong flags left %v (%v)", entries, err)
	}
}

func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), []string{"--help"}, &stdout, &stderr); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if stdout.String() != usage || stderr.Len() != 0 {
		t.Errorf("stdout %q, stderr %q", stdout.String(), stderr.String())
	}
}

func TestRun(t *testing.T) {
	out := t.TempDir()
	args := []string{
		"--months", "2014-12..2015-01", "--taxi", "yellow,green", "--rows", "200", "--row-groups", "2",
		"--codec", "snappy", "--truth", "--out", out,
	}
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if stdout.Len() != 0 {
		t.Errorf("stdout %q", stdout.String())
	}
	b, err := os.ReadFile(filepath.Join(out, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth tlcgen.Truth
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	if len(truth.Files) != 4 {
		t.Fatalf("%d files, expected 4", len(truth.Files))
	}
	for _, f := range truth.Files {
		info, err := os.Stat(filepath.Join(out, filepath.FromSlash(f.Path)))
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Size() != f.Bytes || f.Rows != 200 || f.RowGroups != 2 || f.Codec != tlcgen.Snappy {
			t.Errorf("%s has %d bytes, truth is %+v", f.Path, info.Size(), f)
		}
		if info.Mode().Perm() != 0o644 {
			t.Errorf("%s has mode %v", f.Path, info.Mode())
		}
	}
}

// TestCoordinates checks that the flags reach the files.
func TestCoordinates(t *testing.T) {
	out := t.TempDir()
	args := []string{
		"--months", "2009-01,2014-12", "--taxi", "yellow", "--rows", "50", "--flat", "--truth",
		"--coordinates", "--old-names", "--string-times", "--out", out,
	}
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	for _, tt := range []struct{ month, pickup string }{{"2009-01", "Trip_Pickup_DateTime"}, {"2014-12", "pickup_datetime"}} {
		r, err := file.OpenParquetFile(filepath.Join(out, "yellow_tripdata_"+tt.month+".parquet"), false)
		if err != nil {
			t.Fatal(err)
		}
		c := r.MetaData().Schema.Column(1)
		if c.Name() != tt.pickup || c.PhysicalType() != parquet.Types.ByteArray {
			t.Errorf("%s has %s of type %v, expected %s as text", tt.month, c.Name(), c.PhysicalType(), tt.pickup)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(out, "truth.json"))
	if err != nil || bytes.Count(b, []byte(`"coordinates": true`)) != 2 {
		t.Errorf("truth does not say that the files have coordinates (%v)", err)
	}
}

// TestSample checks that --sample writes what is embedded, and nothing else.
func TestSample(t *testing.T) {
	out := t.TempDir()
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), []string{"--sample", "--out", out, "--quiet"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	want, err := fs.ReadDir(testdata.Sample, "sample")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d files, expected %d", len(got), len(want))
	}
	for _, e := range want {
		a, err := fs.ReadFile(testdata.Sample, "sample/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(out, e.Name()))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs from the embedded one (%v)", e.Name(), err)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := t.TempDir()
	var stdout, stderr bytes.Buffer
	args := []string{"--months", "2014-01", "--flat", "--out", out}
	if code := run(ctx, args, &stdout, &stderr); code != 130 {
		t.Errorf("exit code %d, expected 130: %s", code, stderr.String())
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 0 {
		t.Errorf("interrupted run left %v (%v)", entries, err)
	}
}
