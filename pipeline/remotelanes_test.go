package main_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

// remoteMonths are files in a store, each with several row groups, and the same files in a folder.
type remoteMonths struct {
	bucket
	fake   *fakes.S3
	folder string
	size   map[string]int // bytes, by name
	names  []string       // in the order of the files
}

func newRemoteMonths(t *testing.T) remoteMonths {
	t.Helper()
	b, fake := s3Bucket(t)
	m := remoteMonths{bucket: b, fake: fake, folder: t.TempDir(), size: map[string]int{}}
	for i := range 5 {
		o := month(tlcgen.Yellow, 2019, 1+i, 120_000)
		o.RowGroups = 3
		file := generate(t, filepath.Join(m.folder, "raw"), o)
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		if err := fake.Put("raw/"+name, content); err != nil {
			t.Fatal(err)
		}
		m.size[name], m.names = len(content), append(m.names, name)
	}
	return m
}

var rangeOfRequest = regexp.MustCompile(`^bytes=\d+-(\d+)$`)

// columnsOf returns the name of the file whose columns a request reads, or "" if the request reads something else, such as a footer.
func (m remoteMonths) columnsOf(r *http.Request) string {
	found := rangeOfRequest.FindStringSubmatch(r.Header.Get("Range"))
	name := path.Base(r.URL.Path)
	if r.Method != http.MethodGet || found == nil || m.size[name] == 0 {
		return ""
	}
	if last, err := strconv.Atoi(found[1]); err != nil || last >= m.size[name]-8 {
		return ""
	}
	return name
}

// run reads the files as on a machine with many cores, which reads several files side by side.
func (m remoteMonths) run(t *testing.T, output string, args ...string) result {
	t.Helper()
	return runOnce(t, command{
		args: append([]string{"--input=" + m.base + "/raw/**/*.parquet", "--output=" + output}, args...), dir: m.folder, env: append([]string{"GOMAXPROCS=16"}, m.env...),
	})
}

// met waits for something to happen and tells whether it did. It gives up after a time that is far longer than needed.
func met(happened <-chan struct{}) bool {
	select {
	case <-happened:
		return true
	case <-time.After(time.Minute):
		return false
	}
}

// TestRemoteFilesAreReadSideBySide makes the store hold back the columns of the first file until the run requests columns of another file.
func TestRemoteFilesAreReadSideBySide(t *testing.T) {
	m := newRemoteMonths(t)
	runOnce(t, command{args: []string{"--input=raw/**/*.parquet", "--output=out"}, dir: m.folder}).succeeds(t)
	want := treeOf(t, filepath.Join(m.folder, "out")).tableFiles()
	for _, runner := range runnerNames {
		other := make(chan struct{})
		var once sync.Once
		m.fake.Before = func(_ http.ResponseWriter, r *http.Request) bool {
			switch name := m.columnsOf(r); {
			case name == m.names[0]:
				if !met(other) {
					t.Errorf("%s: no other file was read beside the first file", runner)
				}
			case name != "":
				once.Do(func() { close(other) })
			}
			return false
		}
		output := t.TempDir()
		m.run(t, output, "--runner="+runner).succeeds(t)
		if got := treeOf(t, output).tableFiles(); !maps.Equal(got, want) {
			t.Errorf("%s: found %v, expected %v, the result for the files in a folder", runner, got, want)
		}
		if rows := readManifest(t, output).Rows; rows != int64(len(m.names)*120_000) {
			t.Errorf("%s: found %d rows, expected each row once", runner, rows)
		}
	}
}

// TestTheErrorOfRemoteFilesIsThatOfTheFirst makes the store refuse a later file at once, and the first file only after that.
func TestTheErrorOfRemoteFilesIsThatOfTheFirst(t *testing.T) {
	m := newRemoteMonths(t)
	for _, runner := range runnerNames {
		later := make(chan struct{})
		var once sync.Once
		m.fake.Before = func(w http.ResponseWriter, r *http.Request) bool {
			name := m.columnsOf(r)
			if name == "" {
				return false
			}
			if name == m.names[0] && !met(later) {
				t.Errorf("%s: the store refused no later file", runner)
			}
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, fakes.S3Error("AccessDenied", fmt.Sprintf("no access to %s", name)))
			if name != m.names[0] {
				once.Do(func() { close(later) })
			}
			return true
		}
		r := m.run(t, t.TempDir(), "--runner="+runner)
		if r.code == 0 || !strings.Contains(r.stderr, m.names[0]) || strings.Contains(r.stderr, m.names[1]) {
			t.Errorf("%s: found exit code %d and %s, expected only the error of %s", runner, r.code, r.stderr, m.names[0])
		}
	}
}
