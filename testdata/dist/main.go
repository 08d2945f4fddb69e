// Dist packs programs into the archives of a release, and checks the archives. make dist calls it:
//
//	dist licenses PACKAGE > EXTRA/LICENSES.txt
//	dist pack VERSION PROGRAMS EXTRA OUT
//	dist check VERSION OUT
//
// PROGRAMS has a folder for each platform, such as linux-amd64, with the program and its SBOM. EXTRA has files that all archives get. OUT gets
// an archive and an SBOM for each platform, and SHA256SUMS. Equal files give equal archives: they have no times, owners or names of machines.
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	sumsName = "SHA256SUMS"
	sbomName = "tripstats.cdx.json"
)

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 5 && args[0] == "pack":
		err = pack(args[1], args[2], args[3], args[4])
	case len(args) == 2 && args[0] == "licenses":
		err = licenses(os.Stdout, args[1])
	case len(args) == 3 && args[0] == "check":
		err = check(os.Stdout, args[1], args[2])
	default:
		err = errors.New("usage: dist licenses PACKAGE, dist pack VERSION PROGRAMS EXTRA OUT, or dist check VERSION OUT")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// platform is an operating system and a processor, as Go names them.
type platform struct{ os, arch string }

// platforms are those that archives are made for.
var platforms = []platform{{"darwin", "amd64"}, {"darwin", "arm64"}, {"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"}}

// program is the file name of the program.
func (p platform) program() string {
	if p.os == "windows" {
		return "tripstats.exe"
	}
	return "tripstats"
}

// folder is the one folder that an archive has. All its files are below.
func (p platform) folder(version string) string {
	return fmt.Sprintf("tripstats_%s_%s_%s", version, p.os, p.arch)
}

// archive is the file name of the archive: a zip where people open it with the file manager of Windows.
func (p platform) archive(version string) string {
	if p.os == "windows" {
		return p.folder(version) + ".zip"
	}
	return p.folder(version) + ".tar.gz"
}

// entry is a file of an archive. Its name is below the folder of the archive.
type entry struct {
	name    string
	mode    fs.FileMode
	content []byte
}

// pack makes the archives, the SBOMs and the checksums.
func pack(version, programs, extra, out string) error {
	common, err := below(extra)
	if err != nil {
		return err
	}
	made := map[string][]byte{}
	for _, p := range platforms {
		dir := filepath.Join(programs, p.os+"-"+p.arch)
		program, err := os.ReadFile(filepath.Join(dir, p.program()))
		if err != nil {
			return err
		}
		sbom, err := os.ReadFile(filepath.Join(dir, sbomName))
		if err != nil {
			return err
		}
		entries := append([]entry{{p.program(), 0o755, program}}, common...)
		write := tarred
		if p.os == "windows" {
			write = zipped
		}
		if made[p.archive(version)], err = write(p.folder(version), entries); err != nil {
			return fmt.Errorf("%s: %w", p.archive(version), err)
		}
		made[p.folder(version)+".cdx.json"] = sbom
	}
	made[sumsName] = sums(made)
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	for name, content := range made {
		if err := os.WriteFile(filepath.Join(out, name), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// below returns the files below a folder, sorted by name.
func below(dir string) ([]entry, error) {
	var entries []entry
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		entries = append(entries, entry{filepath.ToSlash(name), 0o644, content})
		return err
	})
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	return entries, err
}

// sums returns the text that sha256sum -c reads.
func sums(files map[string][]byte) []byte {
	var lines []string
	for name, content := range files {
		lines = append(lines, fmt.Sprintf("%x  %s\n", sha256.Sum256(content), name))
	}
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(a[66:], b[66:]) })
	return []byte(strings.Join(lines, ""))
}

// tarred returns a compressed tar file.
func tarred(folder string, entries []entry) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: path.Join(folder, e.name), Mode: int64(e.mode), Size: int64(len(e.content)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	err = errors.Join(w.Close(), z.Close())
	return b.Bytes(), err
}

// zipped returns a zip file.
func zipped(folder string, entries []entry) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: path.Join(folder, e.name), Method: zip.Deflate}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(e.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// unpacked returns the files of an archive, which must all be in one folder.
func unpacked(p platform, version string, archive []byte) ([]entry, error) {
	var entries []entry
	add := func(name string, mode fs.FileMode, content io.Reader) error {
		inside, ok := strings.CutPrefix(name, p.folder(version)+"/")
		if !ok || !fs.ValidPath(inside) || !mode.IsRegular() {
			return fmt.Errorf("found %q (%v), expected files below %s", name, mode, p.folder(version))
		}
		b, err := io.ReadAll(content)
		entries = append(entries, entry{inside, mode.Perm(), b})
		return err
	}
	if p.os == "windows" {
		r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			return nil, err
		}
		for _, f := range r.File {
			content, err := f.Open()
			if err == nil {
				err = errors.Join(add(f.Name, f.Mode(), content), content.Close())
			}
			if err != nil {
				return nil, err
			}
		}
		return entries, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err == nil {
			err = add(h.Name, h.FileInfo().Mode(), r)
		}
		if err != nil {
			return nil, err
		}
	}
}
