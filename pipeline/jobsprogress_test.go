package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestJobsSideBySideCountOnlyTheirOwnFiles runs jobs at the same time in this process. What each tells of its progress, and of its files, is
// what it tells in its ledger.
func TestJobsSideBySideCountOnlyTheirOwnFiles(t *testing.T) {
	jobs := []struct {
		args                 []string
		files, rows, refused int64
	}{
		{[]string{"--input=sample"}, 8, 58_000, 8},
		{[]string{"--input=sample", "--runner=prism"}, 8, 58_000, 8},
		{[]string{"--input=sample", "--taxi=green", "--max-memory=200MiB"}, 4, 10_000, 3},
		{[]string{"--input=sample", "--taxi=yellow", "--quality=raw"}, 4, 48_000, 0},
		{[]string{"--input=" + filepath.Join("..", "testdata", "sample", "green_*"), "--limits=duration_over=30"}, 4, 10_000, 3},
	}
	var all sync.WaitGroup
	for _, job := range jobs {
		all.Go(func() {
			var stdout, stderr bytes.Buffer
			args := append(job.args, "--output="+filepath.Join(t.TempDir(), "out"), "--log=json", "--verbose")
			if code := run(t.Context(), args, &stdout, &stderr, new(progress)); code != 0 {
				t.Errorf("%q: found exit code %d: %s", args, code, stderr.String())
			}
			var files, rows, refused int64
			for line := range strings.Lines(stderr.String()) {
				var r struct {
					Type  string
					Stage string

					Files, Rows, Inputs int64
					FilesDone           int64 `json:"files_done"`
					RowsDone            int64 `json:"rows_done"`
					Refused             int64 `json:"rows_refused"`
					Rejected            int64 `json:"rows_rejected"`
				}
				if err := json.Unmarshal([]byte(line), &r); err != nil {
					t.Errorf("found %s: %v", line, err)
				}
				switch r.Type {
				case "file":
					files, rows, refused = files+1, rows+r.Rows, refused+r.Refused
				case "status":
					if got, want := fmt.Sprint(r.Files, r.FilesDone, r.Rows, r.RowsDone, r.Refused), fmt.Sprint(job.files, job.files, job.rows, job.rows, job.refused); r.Stage == "done" && got != want {
						t.Errorf("%q: found a last status with files and rows %s, expected %s", args, got, want)
					}
				case "summary":
					if r.Inputs != job.files || r.Rows != job.rows || r.Rejected != job.refused {
						t.Errorf("%q: found the summary %s", args, line)
					}
				}
			}
			if files != job.files || rows != job.rows || refused != job.refused || !strings.Contains(stderr.String(), `"stage":"done"`) {
				t.Errorf("%q: found %d files with %d rows, %d refused: %s", args, files, rows, refused, stderr.String())
			}
		})
	}
	all.Wait()
}
