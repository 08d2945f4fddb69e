package fetch

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// ManifestName is the name of the manifest, in the destination.
const ManifestName = "_fetched.json"

// manifestSchema is the version of the manifest's form.
const manifestSchema = 1

// mostManifest is how many bytes of a manifest are read.
const mostManifest = 64 << 20

// Entry is what the manifest says of one file.
type Entry struct {
	Path   string `json:"path"`   // below the destination
	Source string `json:"source"` // its address, without user, password and query
	Bytes  int64  `json:"bytes"`
	ETag   string `json:"etag"` // or its Last-Modified, if the server gives no ETag; or "", if neither
	SHA256 string `json:"sha256"`
}

// manifest is the files of a destination, by path. It holds no time, so the same files give the same bytes.
type manifest map[string]Entry

type manifestForm struct {
	Schema int     `json:"schema"`
	Files  []Entry `json:"files"`
}

func (m manifest) encode() []byte {
	form := manifestForm{Schema: manifestSchema, Files: []Entry{}}
	for _, path := range slices.Sorted(maps.Keys(m)) {
		form.Files = append(form.Files, m[path])
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(form); err != nil {
		panic(err) // strings and numbers can be encoded
	}
	return b.Bytes()
}

// decodeManifest reads what encode wrote. Nothing at all is a manifest without files.
func decodeManifest(b []byte) (manifest, error) {
	m := manifest{}
	if len(b) == 0 {
		return m, nil
	}
	var form manifestForm
	if err := decodeOne(b, &form); err != nil {
		return nil, err
	}
	if form.Schema != manifestSchema {
		return nil, fmt.Errorf("found schema %d, expected %d", form.Schema, manifestSchema)
	}
	for _, e := range form.Files {
		_, twice := m[e.Path]
		switch {
		case !isPlace(e.Path):
			return nil, fmt.Errorf("found path %q, which is none of fetch's", e.Path)
		case twice:
			return nil, fmt.Errorf("found %s twice", e.Path)
		case e.Bytes < 0 || !isSHA256(e.SHA256):
			return nil, fmt.Errorf("%s: found %d bytes and sha256 %q", e.Path, e.Bytes, e.SHA256)
		}
		m[e.Path] = e
	}
	return m, nil
}

// decodeOne decodes one JSON value, with nothing after it and no field that is not known.
func decodeOne(b []byte, to any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(to); err != nil {
		return fmt.Errorf("not valid JSON of this form: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows after its end")
	}
	return nil
}

func isSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32 && s == strings.ToLower(s)
}
