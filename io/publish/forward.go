package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// goneName is, in a version's folder, the list of the copies that are removed after its commit.
const goneName = "gone"

// lines writes a line for each name.
func lines(names []string) func(io.Writer) error {
	return bytesOf([]byte(strings.Join(names, "\n") + "\n"))
}

// forwarding does what is left to do after a commit: it updates copies and logs to the head, and removes versions that are not kept.
type forwarding struct {
	access objstore.Access
	output string
	lock   *objstore.Lock
	head   Head
	gone   []string // places of copies to remove: see copiesGone

	compare  bool     // copies that have the right bytes are not written again
	repaired []string // places that were changed
}

// Forward does what a run that was stopped after its commit left undone: it updates the copies and the logs of Delta tables to the head,
// and removes versions that are not kept. It compares each copy with the head's table, and returns the places that it has changed. It is no
// error if there is nothing to do, or no output.
func Forward(ctx context.Context, access objstore.Access, output string, note func(string)) (changed []string, err error) {
	if h, err := ReadHead(ctx, access, output); err != nil || h.Manifest == nil {
		return nil, err // without making a lock in a folder that is no output
	}
	lock, err := access.Lock(ctx, output, "forward-"+newNonce(), note)
	switch {
	case errors.Is(err, objstore.ErrBusy):
		return nil, fault.New(fault.Conflict, "output %v; run again when it is done", err)
	case err != nil:
		return nil, fault.New(fault.Failed, "output %v", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	h, err := ReadHead(ctx, access, output)
	if err != nil || h.Dir == "" {
		return nil, err
	}
	gone, err := readGone(ctx, access, output, h.Dir)
	if err != nil {
		return nil, err
	}
	Critical.Lock()
	defer Critical.Unlock()
	f := forwarding{access: access, output: output, lock: lock, head: h, gone: gone, compare: true}
	if err := f.update(ctx); errors.Is(err, errSuperseded) {
		return f.repaired, nil
	} else if err != nil {
		return f.repaired, fault.New(fault.Failed, "output %s: %v", objstore.Redact(output), err)
	}
	if err := f.cleanAndMark(ctx); err != nil {
		return f.repaired, fault.New(fault.Failed, "output %s: %v", objstore.Redact(output), err)
	}
	return f.repaired, nil
}

// errSuperseded says that another run has committed. That run updates the copies.
var errSuperseded = errors.New("another run has committed")

// cleanAndMark removes the versions that are not kept. Then it writes the mark that nothing is left to do.
func (f *forwarding) cleanAndMark(ctx context.Context) error {
	if err := f.clean(ctx); err != nil {
		return err
	}
	step(stepCleaned)
	if err := f.lock.Write(ctx, f.head.Dir+"/"+copiedName, bytesOf(nil)); err != nil {
		return objstore.Reason(err)
	}
	step(stepMarked)
	return nil
}

// update updates the head's copies and logs, and removes the copies of tables that the head does not have.
func (f *forwarding) update(ctx context.Context) error {
	if err := f.mendManifest(ctx); err != nil {
		return err
	}
	if err := f.updateLogs(ctx); err != nil {
		return err
	}
	var outputs []Output
	for _, o := range f.head.Manifest.Outputs {
		if o.Plain != "" {
			outputs = append(outputs, o)
		}
	}
	changed := make([]bool, len(outputs)+1) // and the text beside the tables
	err := f.forAll(len(changed), func(i int) (err error) {
		if i == len(outputs) {
			changed[i], err = f.addReadme(ctx)
			return err
		}
		changed[i], err = f.replaceCopy(ctx, outputs[i])
		return err
	})
	for i, o := range append(outputs, Output{Plain: ReadmeName}) {
		if changed[i] {
			f.repaired = append(f.repaired, o.Plain)
		}
	}
	if err != nil {
		return err
	}
	err = f.forAll(len(f.gone), func(i int) error {
		if strings.HasSuffix(f.gone[i], "/") {
			return nil // updateLogs has emptied that table
		}
		return f.removeCopy(ctx, f.gone[i])
	})
	if err != nil {
		return err
	}
	step(stepCopied)
	return nil
}

// updateLogs updates the logs of Delta tables to the head.
func (f *forwarding) updateLogs(ctx context.Context) error {
	var before []string
	for _, p := range f.gone {
		if table, isTable := strings.CutSuffix(p, "/"); isTable {
			before = append(before, table)
		}
	}
	made, err := forwardLogs(ctx, f.access, f.output, f.head.Manifest, before, time.Now(), func() (bool, error) {
		if err := f.lock.Held(); err != nil {
			return false, err
		}
		now, err := f.access.Stat(ctx, objstore.Join(f.output, ManifestName))
		return err == nil && now.Version == f.head.stored, err
	})
	f.repaired = append(f.repaired, made...)
	return err
}

// forAll calls do for n items. In a store it calls it for several at once, because each request takes time.
func (f *forwarding) forAll(n int, do func(i int) error) error {
	if objstore.Remote(f.output) {
		return objstore.Each(n, do)
	}
	for i := range n {
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}

// replaceCopy replaces a copy, unless another run has committed. It looks at the copy first, then at the manifest, and then writes only if
// the copy is still the one that it looked at. This order matters if this run has lost its lock without knowing: if a newer run has written
// the copy meanwhile, the write fails, so an older version never replaces a newer one.
func (f *forwarding) replaceCopy(ctx context.Context, o Output) (changed bool, err error) {
	for range 3 {
		there, err := f.access.Stat(ctx, objstore.Join(f.output, o.Plain))
		absent := errors.Is(err, fs.ErrNotExist)
		if err != nil && !absent {
			return false, fmt.Errorf("%s: %w", o.Plain, objstore.Reason(err))
		}
		now, err := f.access.Stat(ctx, objstore.Join(f.output, ManifestName))
		switch {
		case err != nil:
			return false, fmt.Errorf("%s: %w", ManifestName, objstore.Reason(err))
		case now.Version != f.head.stored:
			return false, errSuperseded
		case f.compare && !absent && f.isCopy(ctx, there, o):
			return false, nil
		}
		_, err = f.lock.Copy(ctx, o.Path, o.Plain, objstore.Condition{Absent: absent, Version: there.Version})
		switch {
		case err == nil:
			step(stepCopy)
			return true, nil
		case !errors.Is(err, objstore.ErrChanged) && !errors.Is(err, objstore.ErrExists) && !errors.Is(err, fs.ErrNotExist):
			return false, fmt.Errorf("%s: %w", o.Plain, objstore.Reason(err))
		}
	}
	return false, fmt.Errorf("%s: another program keeps changing it", o.Plain)
}

// removeCopy removes a copy that the head does not have, unless another run has committed: the new head may have that table. It makes its
// requests in the same order as replaceCopy, for the same reason. The lock of a folder cannot be lost, so there it only removes the copy.
func (f *forwarding) removeCopy(ctx context.Context, place string) error {
	fails := func(err error) error { return fmt.Errorf("%s of an earlier version: %w", place, objstore.Reason(err)) }
	if !objstore.Remote(f.output) {
		if err := f.lock.Delete(ctx, place, ""); err != nil {
			return fails(err)
		}
		return nil
	}
	for range 3 {
		there, err := f.access.Stat(ctx, objstore.Join(f.output, place))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fails(err)
		}
		now, err := f.access.Stat(ctx, objstore.Join(f.output, ManifestName))
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", ManifestName, objstore.Reason(err))
		case now.Version != f.head.stored:
			return errSuperseded
		}
		if err := f.lock.Delete(ctx, place, there.Version); !errors.Is(err, objstore.ErrChanged) {
			if err != nil {
				return fails(err)
			}
			return nil
		}
	}
	return fails(errors.New("another program keeps changing it"))
}

// isCopy tells whether an object has the bytes of a table of the head.
func (f *forwarding) isCopy(ctx context.Context, there objstore.Object, o Output) bool {
	if there.Size != o.Bytes {
		return false
	}
	content, err := f.access.Content(ctx, there)
	sum := sha256.Sum256(content)
	return err == nil && hex.EncodeToString(sum[:]) == o.SHA256
}

// mendManifest makes the manifest in the folder of the head equal to that of the output. They differ if two attempts of one run wrote into
// the folder at once.
func (f *forwarding) mendManifest(ctx context.Context) error {
	if !f.compare {
		return nil
	}
	at := f.head.Dir + "/" + versionManifest
	have, err := f.access.ReadAll(ctx, objstore.Join(f.output, at))
	if err == nil && string(have) == string(f.head.content) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", at, objstore.Reason(err))
	}
	f.repaired = append(f.repaired, at)
	_, err = f.lock.Put(ctx, at, f.head.content, objstore.Condition{})
	return err
}

// copiesGone returns the places of copies of earlier versions that the new version does not have. For a Delta table it is the table's name
// with a slash.
func (a *attempt) copiesGone(ctx context.Context) ([]string, error) {
	var places []string
	if m := a.head.Manifest; m != nil {
		for _, o := range m.Outputs {
			if m.Format == DeltaName {
				places = append(places, o.Table+"/")
				continue
			}
			places = append(places, plainOf(o))
			places = append(places, others(o.Table, a.format)...)
		}
	}
	for _, t := range slices.Concat(a.cfg.Tables, a.cfg.Absent) {
		places = append(places, others(t, a.format)...)
	}
	for _, t := range a.cfg.Absent {
		places = append(places, place(t, a.format))
	}
	if a.lags {
		before, err := readGone(ctx, a.cfg.Access, a.cfg.Output, a.head.Dir)
		if err != nil {
			return nil, err
		}
		places = append(places, before...)
	}
	slices.Sort(places)
	places = slices.Compact(places)
	return slices.DeleteFunc(places, func(p string) bool {
		return p == "" || slices.ContainsFunc(a.manifest.Outputs, func(o Output) bool {
			return o.Plain == p || o.Table+"/" == p && a.manifest.Format == DeltaName
		})
	}), nil
}

// plainOf returns the place of a table's copy, or "" if it has none. The tables of version 0 are in the places of copies.
func plainOf(o Output) string {
	if o.Plain == "" && !strings.HasPrefix(o.Path, versionsDir+"/") {
		return o.Path
	}
	return o.Plain
}

// readGone reads the list of copies that are to be removed after a version's commit.
func readGone(ctx context.Context, access objstore.Access, output, dir string) ([]string, error) {
	content, err := access.ReadAll(ctx, objstore.Join(output, dir+"/"+goneName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", dir, goneName, objstore.Reason(err))
	}
	return strings.Fields(string(content)), nil
}

// abandoned is the age at which a version with a higher number than the head is removed. Its run may still commit if it is younger.
const abandoned = 24 * time.Hour

// clean removes the folders of versions that the manifest does not name. If the number of such a version is not above the head's, its run
// cannot commit any more, because the manifest that it has read was replaced. Files with kept results that the head uses stay.
func (f *forwarding) clean(ctx context.Context) error {
	files, err := f.lock.List(ctx, versionsDir)
	if err != nil {
		return err
	}
	folders := map[string][]string{}
	for _, p := range files {
		name, _, _ := strings.Cut(strings.TrimPrefix(p, versionsDir+"/"), "/")
		folders[name] = append(folders[name], p)
	}
	if err := f.cleanData(ctx); err != nil {
		return err
	}
	var drop []string
	for name := range folders {
		if slices.Contains(f.head.Manifest.Commit.Versions, name) || !f.isAbandoned(ctx, name) {
			continue
		}
		drop = append(drop, name)
	}
	if len(drop) == 0 {
		return nil
	}
	needed, err := f.needed(ctx)
	if err != nil {
		return err
	}
	slices.Sort(drop)
	return f.forAll(len(drop), func(i int) error {
		dir := versionsDir + "/" + drop[i]
		if !slices.ContainsFunc(folders[drop[i]], needed) {
			err = f.lock.DeleteAll(ctx, dir)
			step(stepRemoved)
			return err
		}
		for _, p := range folders[drop[i]] {
			if !needed(p) {
				if err := f.lock.Delete(ctx, p, ""); err != nil {
					return fmt.Errorf("%s: %w", p, objstore.Reason(err))
				}
			}
		}
		return nil
	})
}

// cleanData removes the data files of Delta tables whose versions are not kept, also those of tables that the head does not have.
func (f *forwarding) cleanData(ctx context.Context) error {
	if f.head.Manifest.Format != DeltaName {
		return nil
	}
	files, err := dataFiles(ctx, f.access, f.output)
	if err != nil {
		return err
	}
	var drop []string
	for place, version := range files {
		if !slices.Contains(f.head.Manifest.Commit.Versions, version) && f.isAbandoned(ctx, version) {
			drop = append(drop, place)
		}
	}
	slices.Sort(drop)
	return f.forAll(len(drop), func(i int) error { return f.lock.Delete(ctx, drop[i], "") })
}

// isAbandoned tells whether no run can commit the version with this folder name any more.
func (f *forwarding) isAbandoned(ctx context.Context, name string) bool {
	n, _, ok := numberOf(name)
	if !ok || n <= f.head.Version {
		return ok
	}
	r, err := ReadRun(ctx, f.access, f.output, versionsDir+"/"+name)
	if err != nil {
		return false
	}
	end, err := time.Parse(time.RFC3339, r.End)
	return err == nil && time.Since(end) > abandoned
}

// needed returns a function that tells whether a file has kept results that the head uses.
func (f *forwarding) needed(ctx context.Context) (func(place string) bool, error) {
	x, err := ReadIndex(ctx, f.access, f.output, f.head.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return func(string) bool { return false }, nil
	}
	if err != nil {
		return func(p string) bool { return path.Base(p) == kept.StatesName }, nil // the index cannot be read: keep all files with results
	}
	files := map[string]bool{}
	for _, in := range x.Inputs {
		for _, r := range in.Results {
			files[r.At.File] = true
		}
	}
	return func(p string) bool { return files[p] }, nil
}
