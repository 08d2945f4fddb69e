package main_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoJobServerIsOneLine uses an endpoint at which nobody listens, and one at which something other than a job server listens.
func TestNoJobServerIsOneLine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	for _, endpoint := range []string{nobody, strings.TrimPrefix(web.URL, "http://")} {
		for _, runner := range []string{"flink", "spark"} {
			dir := t.TempDir()
			runOnce(t, command{args: []string{"--input=sample", "--output=out", "--runner=" + runner, "--endpoint=" + endpoint}, dir: dir}).
				fails(t, 7, "no Beam job server answers at "+endpoint, "--endpoint")
			if got := treeOf(t, dir); len(got) > 0 {
				t.Errorf("without a job server: found files %v, expected none", got)
			}
		}
	}
}

func TestWhatCannotWorkOnAClusterIsWrongUsage(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, args, words string }{
		{"detached in this process", "--runner=direct --detach", "--detach"},
		{"detached from its own workers", "--runner=flink --detach", "--detach: with --environment_type=LOOPBACK"},
		{"workers out of reach", "--runner=flink --endpoint=flink.example:8099", "which a cluster at flink.example does not reach"},
		{"endpoint without a port", "--runner=flink --endpoint=localhost", "HOST:PORT"},
		{"processes of what", "--runner=flink --environment_type=PROCESS", "--environment_config"},
		{"environment", "--runner=spark --environment_type=LOOPBAK", "LOOPBAK"},
		{"a quarantine that nobody waits for", "--runner=flink --detach --environment_type=EXTERNAL --environment_config=localhost:50000 --quarantine=kept", "--quarantine"},
	} {
		t.Run(c.name, func(t *testing.T) {
			runOnce(t, command{args: append([]string{"--input=sample", "--output=out"}, strings.Fields(c.args)...), dir: dir}).fails(t, 2, c.words)
		})
	}
	if got := treeOf(t, dir); len(got) > 0 {
		t.Errorf("after wrong usage: found files %v, expected none", got)
	}
}

// TestALocalPathWithAClusterElsewhereIsNoted needs no job server, because the note comes before the connection.
func TestALocalPathWithAClusterElsewhereIsNoted(t *testing.T) {
	input, err := filepath.Abs(filepath.Join("..", "testdata", "sample", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	r := runOnce(t, command{
		args: []string{"--input=" + input, "--output=out", "--runner=flink", "--endpoint=127.0.0.1:1", "--environment_type=DOCKER", "--parallelism=2"},
		dir:  t.TempDir(),
	})
	notes := strings.Join(r.notes(), "\n")
	for _, word := range []string{"--output=out is a local path", "the input " + filepath.Dir(input), "every worker must see the same files"} {
		if !strings.Contains(notes, word) {
			t.Errorf("found no %q in %q", word, notes)
		}
	}
	if _, err := os.Stat("out"); err == nil {
		t.Error("an output was made")
	}
}

func TestPlanNeedsNoJobServer(t *testing.T) {
	for _, runner := range []string{"flink", "spark", "dataflow"} {
		r := tripstats(t, "--input=sample", "--plan", "--runner="+runner).succeeds(t)
		if !strings.Contains(r.stdout, "restrictions") || r.stderr != sampleNote {
			t.Errorf("%s: found %q and %q", runner, r.stdout, r.stderr)
		}
	}
}
