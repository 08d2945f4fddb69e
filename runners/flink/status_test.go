//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"tripstats/runners/flink/cluster"
	"tripstats/testdata/fakes"
)

// TestEmbeddedFlinkTellsTheStateOfAJob holds a job at its rows until the program has told that it runs, and what it waits for. At the end
// the job's counters are what was read.
func TestEmbeddedFlinkTellsTheStateOfAJob(t *testing.T) {
	needs(t, "embedded")
	c := up(t, cluster.Config{})
	gate := fakes.NewGate(t, 0, small(t)...)
	cmd := exec.Command(program(t), "--input="+gate.Addresses, "--output="+filepath.Join(t.TempDir(), "out"), "--log=json", "--verbose", "--runner=flink", "--endpoint="+c.Endpoint())
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	type record struct {
		Type, Stage, Job, State string

		Waiting  []string
		Counters map[string]int64
		Rows     int64
		RowsDone int64 `json:"rows_done"`
		Use      string
	}
	var last record
	running, files, rows := false, int64(0), int64(0)
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Errorf("found %s: %v", lines.Bytes(), err)
		}
		switch r.Type {
		case "status":
			t.Logf("%s", lines.Bytes())
			if last = r; r.State == "running" && len(r.Waiting) > 0 && r.Job != "" {
				running = true
				gate.Open()
			}
		case "file":
			files, rows = files+1, rows+r.Rows
		}
	}
	if err := cmd.Wait(); err != nil || !running {
		t.Fatalf("found the error %v, and that the job runs was told: %v", err, running)
	}
	if last.Stage != "done" || last.State != "done" || last.RowsDone != rows || last.Counters["rows_read"] != rows || rows == 0 || files != int64(len(small(t))) {
		t.Errorf("found %+v, expected %d rows of %d files as in the lines of files", last, rows, files)
	}
}
