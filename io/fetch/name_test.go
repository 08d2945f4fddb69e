package fetch

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"tripstats/io/objstore"
)

// names are addresses and the file names they give, "" where there is none.
var names = map[string]string{
	"https://h/trip-data/yellow_tripdata_2014-01.parquet": "yellow_tripdata_2014-01.parquet",
	"https://h/a/b.parquet?X=../../c#../d":                "b.parquet",
	"https://h/../../../etc/passwd":                       "passwd",
	"https://h/a/%2e%2e/x.parquet":                        "x.parquet",
	"https://h/m%C3%A4rz%202014.parquet":                  "märz 2014.parquet",
	"gs://bucket/a/b.parquet":                             "b.parquet",
	"s3://bucket/b.parquet":                               "b.parquet",
	"az://c/a/b.parquet?sig=x":                            "b.parquet",
	"https://h":                                           "",
	"https://h/":                                          "",
	"https://h/a/":                                        "",
	"https://h/a/..":                                      "",
	"https://h/a/.":                                       "",
	"https://h/%2e%2e":                                    "",
	"https://h/%2e%2e%2fx.parquet":                        "",
	"https://h/..%2f..%2fetc%2fpasswd":                    "",
	"https://h/%252e%252e%252fx":                          "",
	"https://h/%2fetc%2fpasswd":                           "",
	"https://h/..%5c..%5cx":                               "",
	`https://h/..\..\x`:                                   "",
	"https://h/C:%5cx":                                    "",
	"https://h/C:x":                                       "",
	"https://h/x%00.parquet":                              "",
	"https://h/x%0a.parquet":                              "",
	"https://h/x\x00.parquet":                             "",
	"https://h/%ff":                                       "",
	"https://h/%e2%80%aex.parquet":                        "",
	"https://h/%zz":                                       "",
	"https://h/x.parquet.":                                "",
	"https://h/x.parquet%20":                              "",
	"https://h/%20x":                                      "",
	"https://h/.bashrc":                                   "",
	"https://h/.x.part":                                   "",
	"https://h/-rf":                                       "",
	"https://h/~root":                                     "",
	"https://h/_fetched.json":                             "",
	"https://h/_FETCHED.JSON":                             "",
	"https://h/NUL":                                       "",
	"https://h/con.parquet":                               "",
	"https://h/Com1.x.parquet":                            "",
	"https://h/lpt%C2%B2":                                 "",
	"https://h/a%7Cb":                                     "",
	"https://h/*":                                         "",
	"https:x.parquet":                                     "",
	"https:///x.parquet":                                  "",
	"gs://bucket":                                         "",
	"gs://bucket/a/..":                                    "",
	"gs://bucket/a/%2e%2e":                                "",
	"/etc/passwd":                                         "",
	"file:///etc/passwd":                                  "",
	"https://h/" + strings.Repeat("x", 201):               "",
}

func TestNamesStayInTheDestination(t *testing.T) {
	for uri, want := range names {
		if got, err := Name(uri); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: found %q, %v, expected %q", uri, got, err, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	for name, want := range map[string]string{
		"yellow_tripdata_2014-01.parquet": "2014/yellow_tripdata_2014-01.parquet",
		"part-2009-12-x.parquet":          "2009/part-2009-12-x.parquet",
		"zones.parquet":                   "zones.parquet",
	} {
		if got := Place(name); got != want || !isPlace(got) {
			t.Errorf("%s: found %s, expected %s", name, got, want)
		}
	}
	for _, place := range []string{"", "/x", "../x", "2014/../x", "2015/yellow_tripdata_2014-01.parquet", "yellow_tripdata_2014-01.parquet", "2014/2014-01/../../x", `2014\x`} {
		if isPlace(place) {
			t.Errorf("%q is taken", place)
		}
	}
}

func TestListsOfAddresses(t *testing.T) {
	jobs, err := ParseList(objstore.Access{}, strings.NewReader("\ufeff# all\n\nhttps://h/a.parquet # one\r\n\thttps://h/b_2014-01.parquet?x=1#frag\nhttps://h/a.parquet\n"))
	if err != nil || len(jobs) != 2 || !reflect.DeepEqual(jobs[0], Job{URI: "https://h/a.parquet", Place: "a.parquet"}) || jobs[1].Place != "2014/b_2014-01.parquet" || jobs[1].URI != "https://h/b_2014-01.parquet?x=1#frag" {
		t.Errorf("found %+v, %v", jobs, err)
	}
	for list, words := range map[string]string{
		"https://h/a.parquet\nhttps://h/%2e%2e%2fx?sig=topsecret": "line 2 found file name",
		"https://h/a.parquet?sig=topsecret\nhttps://i/A.parquet":  "line 2 line 1",
		"file:///etc/passwd":                       "line 1 no address",
		"/etc/passwd":                              "line 1 no address",
		"ftp://h/topsecret/a.parquet":              `line 1 "ftp"`,
		"http://192.0.2.1/a.parquet?sig=topsecret": "line 1 --allow-http",
		"https://us er:topsecret@h/a.parquet":      "line 1 not a valid address",
		"\n" + strings.Repeat("x", 100<<10):        "line 2",
		"https://h/a\x00topsecret":                 "line 1",
	} {
		_, err := ParseList(objstore.Access{}, strings.NewReader(list))
		if err == nil {
			t.Errorf("%.40q: found no error", list)
			continue
		}
		for _, word := range strings.Split(words, " ") {
			if !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "topsecret") {
				t.Errorf("%.40q: found %v, expected %s", list, err, words)
			}
		}
	}
}

func FuzzName(f *testing.F) {
	for uri := range names {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		name, err := Name(uri)
		if err != nil {
			return
		}
		const root = "/dest"
		place := Place(name)
		path := filepath.Join(root, filepath.FromSlash(place))
		if filepath.Base(path) != name || !filepath.IsLocal(place) || !isPlace(place) ||
			filepath.Dir(path) != root && filepath.Dir(filepath.Dir(path)) != root || strings.ContainsAny(name, "/\\\x00:%") {
			t.Fatalf("%q: found name %q at %s", uri, name, path)
		}
	})
}

func FuzzManifest(f *testing.F) {
	sum := strings.Repeat("0a", 32)
	f.Add([]byte(nil))
	f.Add((manifest{}).encode())
	f.Add((manifest{"a.parquet": {Path: "a.parquet", Source: "https://h/<&>", Bytes: 1, ETag: `"x"`, SHA256: sum}}).encode())
	f.Add([]byte(`{"schema":1,"files":[{"path":"../x","source":"","bytes":1,"etag":"","sha256":"` + sum + `"}]}`))
	f.Add([]byte(`{"schema":1,"files":null}{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest(b)
		if err != nil {
			return
		}
		for place, e := range m {
			if place != e.Path || !filepath.IsLocal(place) {
				t.Fatalf("found path %q", place)
			}
		}
		again, err := decodeManifest(m.encode())
		if err != nil || !bytes.Equal(again.encode(), m.encode()) {
			t.Fatalf("not the same when written and read again: %v", err)
		}
	})
}

func FuzzSidecar(f *testing.F) {
	sum := strings.Repeat("0a", 32)
	f.Add([]byte(`{"url_sha256":"` + sum + `","version":"\"x\"","size":10,"kept":5}`))
	f.Add([]byte(`{"url_sha256":"` + sum + `","version":"","size":-1,"kept":5,"sha256":"` + sum + `"}`))
	f.Add([]byte(`{"url_sha256":"` + sum + `","version":"","size":1,"kept":-5}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeSidecar(b)
		if err == nil && (s.Kept < 0 || s.Size >= 0 && s.Kept > s.Size || !isSHA256(s.URL)) {
			t.Fatalf("found %+v", s)
		}
	})
}
