package main_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

// secretWord is a secret of these tests, and secretUser a user whose name is one.
const (
	secretWord = "s3cr3tS1gnature"
	secretUser = "someuser"
)

// leaks lists where a planted secret appears: in what a run printed, and in all files below a folder, including the names of files
// and the texts in parquet.
func leaks(t *testing.T, r result, dir string) (found []string) {
	t.Helper()
	look := func(where string, content []byte) {
		for _, secret := range []string{secretWord, secretUser, url.QueryEscape(secretWord)} {
			if bytes.Contains(content, []byte(secret)) {
				found = append(found, where)
			}
		}
	}
	look("stdout: "+r.stdout, []byte(r.stdout))
	look("stderr: "+r.stderr, []byte(r.stderr))
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !strings.Contains(strings.Join(r.args, " "), d.Name()) { // unless the user has named the folder so
			look("the name of "+path, []byte(d.Name()))
		}
		if !d.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		look(path, content)
		if strings.HasSuffix(path, ".parquet") && bytes.HasPrefix(content, []byte("PAR1")) && bytes.HasSuffix(content, []byte("PAR1")) {
			look(path, fmt.Append(nil, readParquet(t, path)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// hidden runs the program in a folder of its own, which also has its temporary files. The test fails if a secret is shown.
func hidden(t *testing.T, args ...string) result {
	t.Helper()
	dir := t.TempDir()
	temp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temp, 0o777); err != nil {
		t.Fatal(err)
	}
	r := runOnce(t, command{args: args, dir: dir, env: []string{"TMPDIR=" + temp, "XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), "AWS_EC2_METADATA_DISABLED=true"}})
	for _, leak := range leaks(t, r, dir) {
		t.Errorf("tripstats %q: the secret is shown in %s", args, leak)
	}
	return r
}

// secretForms are addresses with secrets in them, as people write them.
var secretForms = []string{
	"https://" + secretUser + ":" + secretWord + "@nowhere.invalid/x.parquet?sig=" + secretWord,
	"HTTPS://nowhere.invalid/x.parquet?" + secretWord,
	"https:/nowhere.invalid/x.parquet?sig=" + secretWord,
	"https:nowhere.invalid/x.parquet?sig=" + secretWord,
	"https:///nowhere.invalid/x.parquet?sig=" + secretWord,
	"htps://nowhere.invalid/x.parquet?sig=" + secretWord,
	"https://nowhere.invalid/x.parquet?a=1&sig=" + secretWord + "#" + secretWord,
	"https://nowhere.invalid/a?sig=" + secretWord + ",https://nowhere.invalid/b?sig=" + secretWord,
	"{https://nowhere.invalid/a?sig=" + secretWord + ",b}",
	"http://" + secretUser + ":" + secretWord + "@nowhere.invalid/x.parquet",
	"https://" + secretUser + ":" + secretWord + "/x@h/x.parquet",
	"az://container/x.parquet?sv=1&sig=" + secretWord,
	"s3://bucket/x.parquet?X-Amz-Signature=" + secretWord,
	secretUser + ":" + secretWord + "@127.0.0.1:1",
	"nowhere.invalid/x.parquet?sig=" + secretWord,
}

// TestNoFlagShowsASecret gives addresses of each form to every flag of the program. To flags of Beam it gives secrets without a
// form, because this program knows few of those flags.
func TestNoFlagShowsASecret(t *testing.T) {
	beam := []string{ // their values may be any text
		"environment_config", "options", "labels", "experiments", "dataflow_service_options", "resource_hints", "transform_name_mapping",
		"sdk_harness_container_image_override",
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^  --([a-z-]+)`).FindAllStringSubmatch(tripstats(t, "help", "all").succeeds(t).stdout, -1) {
		names = append(names, m[1])
	}
	flag.VisitAll(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") && !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	})
	if len(names) < 70 {
		t.Fatalf("found %d flags", len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := []string{secretForms[0], secretForms[2], secretForms[13], secretForms[14]}
			if slices.Contains(beam, name) {
				values = append(values, secretWord, `{"command":"x","env":{"TOKEN":"`+secretWord+`"}}`, "token="+secretWord+",other=1")
			}
			for _, value := range values {
				hidden(t, "--input=sample", "--output=out", "--"+name+"="+value)
			}
			hidden(t, "--output=out", "--"+name, secretForms[2])
			hidden(t, "--runner=flink", "--input=sample", "--output=out", "--"+name+"="+values[len(values)-1])
		})
	}
	for _, subcommand := range []string{"fetch", "inspect"} {
		for _, name := range []string{"months", "taxi", "source", "urls-file", "dest", "missing", "per-host", "json", "utc", "short", "unknown"} {
			for _, value := range secretForms {
				hidden(t, subcommand, "--months=2019-08", "--taxi=yellow", "--dest=raw", "--"+name+"="+value)
			}
		}
	}
	hidden(t, "--worker", "--options="+secretWord)
}

// TestNoFormOfAddressShowsItsSecret puts addresses wherever the program accepts one.
func TestNoFormOfAddressShowsItsSecret(t *testing.T) {
	for _, form := range secretForms {
		for _, args := range [][]string{
			{form},
			{"--plan", form},
			{"run", form},
			{"--" + form},
			{"inspect", form},
			{"inspect", "--json", form},
			{"fetch", form},
			{"--input=" + form, "--output=out"},
			{"--input", form, "--output=out", "--verbose"},
			{"--input=sample", "--output=" + form},
			{"--input=sample", "--output=out", "--quarantine=" + form},
			{"--months=2019-08", "--taxi=yellow", "--source=" + form, "--output=out"},
			{"fetch", "--months=2019-08", "--taxi=yellow", "--source=" + form, "--dest=raw"},
		} {
			hidden(t, args...)
		}
	}
}

// repeating answers requests for a file, or for its head, with text that the client must never repeat.
var repeating = map[string]func(w http.ResponseWriter, r *http.Request){
	"sent on to no valid address": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://[::1/"+r.URL.RawQuery)
		w.WriteHeader(http.StatusFound)
	},
	"sent on to a control character": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://h/\x7f?"+r.URL.RawQuery)
		w.WriteHeader(http.StatusFound)
	},
	"sent on to another scheme": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "s3cr3t://h/?"+r.URL.RawQuery, http.StatusFound)
	},
	"sent on to nobody": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://nowhere.invalid/?"+r.URL.RawQuery, http.StatusFound)
	},
	"sent on and on": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.String(), http.StatusFound)
	},
	"in its status":           func(w http.ResponseWriter, r *http.Request) { raw(w, "HTTP/1.1 418 no "+r.URL.RawQuery+"\r\n\r\n") },
	"in no answer of HTTP":    func(w http.ResponseWriter, r *http.Request) { raw(w, r.URL.RawQuery+"\r\n\r\n") },
	"in a broken head":        func(w http.ResponseWriter, r *http.Request) { raw(w, "HTTP/1.1 200 OK\r\n"+r.URL.RawQuery+"\r\n\r\n") },
	"in its content encoding": func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Encoding", r.URL.RawQuery) },
	"in its ETag": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"`+fmt.Sprint(len(r.Method))+r.URL.RawQuery+`"`)
		w.Write(make([]byte, 100)) //nolint:errcheck // the client may give up
	},
	"in its range": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Range", r.URL.RawQuery)
		w.Header().Set("Content-Length", "8")
		w.WriteHeader(http.StatusPartialContent)
	},
	"in a page": func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<html>%s of %s</html>", r.URL.RawQuery, secretUser)
	},
}

// raw writes an answer that package net/http would not write.
func raw(w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	conn.Write([]byte(text)) //nolint:errcheck // the client may give up
	conn.Close()             //nolint:errcheck // as above
}

// TestNoAnswerOfAServerShowsTheSecretItWasAskedWith reads and fetches signed addresses from servers that repeat the address, servers
// that fail in other ways, and a server without faults.
func TestNoAnswerOfAServerShowsTheSecretItWasAskedWith(t *testing.T) {
	o := month(tlcgen.Yellow, 2019, 8, 20_000)
	content := generated(t, o)
	name := tlcgen.FileName(o.Taxi, o.Month)
	answers := map[string]func(w http.ResponseWriter, r *http.Request, content []byte) bool{
		"good": func(http.ResponseWriter, *http.Request, []byte) bool { return false },
	}
	for what, answer := range repeating {
		answers[what] = func(w http.ResponseWriter, r *http.Request, _ []byte) bool { answer(w, r); return true }
		answers[what+", after the head"] = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if r.Method == http.MethodHead {
				return false
			}
			answer(w, r)
			return true
		}
	}
	for what, fault := range fakes.Faults {
		if what != "429" && what != "500" && what != "503" && !strings.HasPrefix(what, "reset") && what != "short body" { // these are retried for half a minute
			answers[what] = func(w http.ResponseWriter, r *http.Request, content []byte) bool { fault(w, r, content); return true }
		}
	}
	for what, answer := range answers {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			web := fakes.NewWeb(t, map[string][]byte{name: content})
			web.Before = answer
			signed := strings.Replace(web.URL, "http://", "http://"+secretUser+":"+secretWord+"@", 1) + "/" + name + "?sig=" + secretWord
			list := filepath.Join(t.TempDir(), "list") // the user's own file, which has the secret
			if err := os.WriteFile(list, []byte(signed+"\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			good := what == "good" || what == "slow drip"
			for _, args := range [][]string{
				{"--input=" + signed, "--output=out", "--quarantine=kept", "--quarantine-cells"},
				{"--input=" + signed, "--output=out", "--runner=prism", "--verbose", "--cpuprofile=cpu", "--memprofile=memory", "--trace=trace"},
				{"inspect", "--json", signed},
				{"fetch", "--urls-file=" + list, "--dest=raw"},
			} {
				if r := hidden(t, args...); (r.code == 0) != good && what != "another ETag" && what != "packed" {
					t.Errorf("tripstats %q: exit code %d: %s", args, r.code, r.stderr)
				}
			}
		})
	}
}

// TestAStoppedRunShowsNoSecret stops a run and a fetch while they read.
func TestAStoppedRunShowsNoSecret(t *testing.T) {
	path := generate(t, t.TempDir(), month(tlcgen.Yellow, 2019, 8, 20_000))
	for _, runner := range runnerNames {
		gate := fakes.NewGate(t, 0, path)
		dir := t.TempDir()
		s := start(t, command{args: []string{"--input=" + gate.Addresses + "?sig=" + secretWord, "--output=out", "--quarantine=kept", "--runner=" + runner, "--verbose"}, dir: dir, env: []string{"TMPDIR=" + dir}})
		s.untilHeld(t, gate)
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		for _, leak := range leaks(t, s.wait(), dir) {
			t.Errorf("%s: the secret is shown in %s", runner, leak)
		}
	}
}
