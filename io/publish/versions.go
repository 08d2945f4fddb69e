package publish

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"tripstats/io/kept"
	"tripstats/io/objstore"
)

// The files of a version, in its folder. None ends in .parquet, because some readers look for such files in hidden folders too.
const (
	versionsDir     = objstore.StateDir + "/v"
	versionManifest = "manifest.json" // the same bytes as the manifest of the output had
	runName         = "run.json"      // a [RunRecord]
	copiedName      = "copied"        // empty: the copies are of this version, and versions that are not kept are removed
	tableEnding     = ".table"        // after the ending of the format
)

// DefaultVersions is how many versions of an output are kept.
const DefaultVersions = 12

// NoVersion is the version of the head if there is no output.
const NoVersion = -1

// Head is the latest version of an output.
type Head struct {
	Manifest *Manifest // nil if there is no output, or if its manifest cannot be parsed
	Token    string    // changes when a run commits; "" if there is no manifest
	Version  int64     // NoVersion if there is no output; 0 if a program without versions made it
	Dir      string    // the version's folder, below the output; "" for version 0

	content []byte // of the manifest
	stored  string // the store's own version of the manifest, such as an ETag; "" if there is no manifest
}

// Base is the head that a run was planned with. If another run has committed since, the run may not commit.
type Base struct {
	Known   bool // false if the submitting program cannot see the output: then the run may commit after any head
	Token   string
	Version int64
}

// Base returns the head as the base of a run that is planned with it.
func (h Head) Base() Base { return Base{Known: true, Token: h.Token, Version: h.Version} }

// ErrNoManifest says that the file in the place of the manifest is not a manifest.
var ErrNoManifest = errors.New("not a manifest of this program")

// ReadHead reads the head of an output. It is no error if there is no output. If the error wraps [ErrNoManifest], the head has a token.
func ReadHead(ctx context.Context, access objstore.Access, output string) (Head, error) {
	for range 3 {
		h, err := readHead(ctx, access, output)
		if !errors.Is(err, objstore.ErrChanged) { // a run has committed between two requests
			return h, err
		}
	}
	return Head{Version: NoVersion}, fmt.Errorf("%s: other runs keep changing it", ManifestName)
}

func readHead(ctx context.Context, access objstore.Access, output string) (Head, error) {
	h := Head{Version: NoVersion}
	o, err := access.Stat(ctx, objstore.Join(output, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return h, err
	}
	if h.content, err = access.Content(ctx, o); err != nil {
		return h, err
	}
	sum := sha256.Sum256(h.content)
	h.Token, h.stored = hex.EncodeToString(sum[:]), o.Version
	m, err := parseManifest(h.content)
	if err != nil {
		return h, err
	}
	h.Manifest, h.Version = m, 0
	if c := m.Commit; c != nil {
		h.Version, h.Dir = c.Version, versionDir(c.Version, c.Run)
	}
	return h, nil
}

func parseManifest(content []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := json.Unmarshal(content, m); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", ManifestName, ErrNoManifest, err)
	}
	return m, nil
}

// versionDir returns the folder of a version, below the output.
func versionDir(version int64, run string) string {
	return versionsDir + "/" + versionName(version, run)
}

func versionName(version int64, run string) string { return fmt.Sprintf("%d-%s", version, run) }

// numberOf returns the version of a folder's name.
func numberOf(name string) (version int64, run string, ok bool) {
	number, run, ok := strings.Cut(name, "-")
	version, err := strconv.ParseInt(number, 10, 64)
	return version, run, ok && err == nil && version > 0 && versionName(version, run) == name
}

// Version is a version that an output keeps.
type Version struct {
	Number int64
	Run    string // the id of its run; "" for version 0
	Dir    string // its folder, below the output; "" for version 0
}

// Versions returns the versions that the output kept when the head was read, in ascending order.
func (h Head) Versions() []Version {
	if h.Manifest == nil {
		return nil
	}
	if h.Manifest.Commit == nil {
		return []Version{{}}
	}
	var out []Version
	for _, name := range h.Manifest.Commit.Versions {
		if n, run, ok := numberOf(name); ok {
			out = append(out, Version{n, run, versionDir(n, run)})
		}
	}
	slices.SortFunc(out, func(a, b Version) int { return int(a.Number - b.Number) })
	return out
}

// ReadVersion reads the manifest of a version, whose files are in dir below the output. The error wraps fs.ErrNotExist if the output does
// not keep that version.
func ReadVersion(ctx context.Context, access objstore.Access, output string, n int64) (m *Manifest, dir string, err error) {
	h, err := ReadHead(ctx, access, output)
	if err != nil {
		return nil, "", err
	}
	return h.ReadVersion(ctx, access, output, n)
}

// ReadVersion is like the function of that name, without reading the head again.
func (h Head) ReadVersion(ctx context.Context, access objstore.Access, output string, n int64) (m *Manifest, dir string, err error) {
	if n == h.Version && h.Manifest != nil {
		return h.Manifest, h.Dir, nil
	}
	for _, v := range h.Versions() {
		if v.Number != n {
			continue
		}
		content, err := access.ReadAll(ctx, objstore.Join(output, v.Dir+"/"+versionManifest))
		if err != nil {
			return nil, "", fmt.Errorf("version %d: %s: %w", n, v.Dir+"/"+versionManifest, objstore.Reason(err))
		}
		m, err := parseManifest(content)
		if err != nil {
			return nil, "", fmt.Errorf("version %d: %w", n, err)
		}
		return m, v.Dir, nil
	}
	return nil, "", fmt.Errorf("version %d: %w", n, fs.ErrNotExist)
}

// ReadIndex reads the index of a version's kept results. The error wraps fs.ErrNotExist if the version has none.
func ReadIndex(ctx context.Context, access objstore.Access, output, dir string) (*kept.Index, error) {
	if dir == "" {
		return nil, fs.ErrNotExist
	}
	o, err := access.Stat(ctx, objstore.Join(output, dir+"/"+kept.IndexName))
	if err != nil {
		return nil, err
	}
	x, err := decodeIndex(ctx, access, dir, o)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", dir, kept.IndexName, err)
	}
	return x, nil
}

// decodeIndex decodes an index. If the index is a local file, its content is never held as a whole.
func decodeIndex(ctx context.Context, access objstore.Access, dir string, o objstore.Object) (x *kept.Index, err error) {
	if objstore.Remote(o.URI) {
		content, err := access.Content(ctx, o)
		if err != nil {
			return nil, err
		}
		return kept.Decode(dir, content)
	}
	r, err := access.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	return kept.DecodeFrom(dir, bufio.NewReaderSize(io.NewSectionReader(r, 0, r.Size()), 1<<20), r.Size())
}

// Lagging tells whether the run that committed the head was stopped before it had updated all copies and logs and had removed the versions
// that are not kept. [Forward] does the rest.
func (h Head) Lagging(ctx context.Context, access objstore.Access, output string) (bool, error) {
	if h.Dir == "" {
		return false, nil
	}
	_, err := access.Stat(ctx, objstore.Join(output, h.Dir+"/"+copiedName))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}

// LacksCopies tells whether copies of the head's tables are gone, or have another size.
func (h Head) LacksCopies(ctx context.Context, access objstore.Access, output string) (bool, error) {
	if h.Dir == "" {
		return false, nil
	}
	lacks := make([]bool, len(h.Manifest.Outputs))
	err := objstore.Each(len(lacks), func(i int) error {
		o := h.Manifest.Outputs[i]
		if o.Plain == "" {
			return nil
		}
		there, err := access.Stat(ctx, objstore.Join(output, o.Plain))
		if lacks[i] = errors.Is(err, fs.ErrNotExist) || err == nil && there.Size != o.Bytes; lacks[i] {
			return nil
		}
		return err
	})
	return slices.Contains(lacks, true), err
}

// isOf tells whether a run has committed the head, or a version that the output keeps.
func (h Head) isOf(run string) bool {
	if h.Manifest == nil || h.Manifest.Commit == nil {
		return false
	}
	return h.Manifest.Commit.Run == run || slices.ContainsFunc(h.Versions(), func(v Version) bool { return v.Run == run })
}
