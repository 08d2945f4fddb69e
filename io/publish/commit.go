package publish

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/io/quarantine"
	"tripstats/transforms/fault"
)

// version is what an attempt commits.
type version struct {
	manifest *Manifest                                                          // without Commit; of its Outputs Table and Rows are known
	tables   []func(w io.Writer) error                                          // write the files of the Outputs
	kept     func(ctx context.Context, dir string) (*kept.Index, []byte, error) // what is kept of the inputs; nil for nothing

	rows []quarantine.File
}

// attempt is an attempt at committing a version. A run may make several, also at once: the first one that commits ends it for all.
type attempt struct {
	cfg    Config
	format Format
	lock   *objstore.Lock
	past   pastRuns
	version

	head    Head     // what the lock was taken with
	lags    bool     // the copies may not be those of head
	content []byte   // the manifest as it is stored
	dir     string   // of the new version, below the output
	gone    []string // see copiesGone
}

// shown is the output in messages.
func (a *attempt) shown() string { return objstore.Redact(a.cfg.Output) }

// nothing returns the fault for an error before the commit.
func (a *attempt) nothing(what string, err error) error {
	code := fault.Failed
	if errors.Is(err, objstore.ErrBusy) {
		code = fault.Conflict
	}
	return fault.New(code, "output %s: %s%v; nothing was published", a.shown(), what, objstore.Reason(err))
}

// publish commits a version of the output that has the tables.
func (r *result) publish(ctx context.Context, cfg Config) error {
	format, err := FormatOf(cfg.Format)
	if err != nil {
		return err
	}
	v := version{manifest: r.manifest(cfg), rows: r.kept}
	for _, t := range r.tables {
		v.manifest.Outputs = append(v.manifest.Outputs, Output{Table: t.Name, SQL: cfg.SQL[t.Name], Rows: t.Record.NumRows()})
		v.tables = append(v.tables, func(w io.Writer) error { return format.Write(w, t.Record, cfg.Meta) })
	}
	if cfg.Identity != "" || len(r.remembered) > 0 || len(cfg.Kept) > 0 { // one input that cannot be known again does not cost what is kept of others
		v.kept = func(ctx context.Context, dir string) (*kept.Index, []byte, error) { return r.keep(ctx, cfg, dir) }
	}
	return publishVersion(ctx, cfg, v)
}

// publishVersion commits a version. The run may be that of another program than the one that made the tables.
func publishVersion(ctx context.Context, cfg Config, v version) (err error) {
	format, err := FormatOf(cfg.Format)
	if err != nil {
		return err
	}
	lock, err := cfg.Access.Lock(ctx, cfg.Output, cfg.ID, func(text string) { cfg.notice(ctx, text) })
	switch {
	case errors.Is(err, objstore.ErrBusy):
		return fault.New(fault.Conflict, "output %v; run again when it is done", err)
	case err != nil:
		return fault.New(fault.Failed, "output %v; nothing was published", err)
	}
	defer func() {
		switch closed := lock.Close(); {
		case closed == nil:
		case err == nil:
			cfg.notice(ctx, fmt.Sprintf("%s: all is published, but the lock could not be removed: %v", objstore.Redact(cfg.Output), closed))
		default:
			err = errors.Join(err, closed)
		}
	}()
	step(stepLocked)
	a := &attempt{cfg: cfg, format: format, lock: lock, version: v}
	committed, err := a.begin(ctx)
	switch {
	case err != nil:
		return err
	case committed && !a.head.isLatest(a.cfg.ID): // other runs have committed since
		return nil
	case committed:
		return a.goOn(ctx)
	}
	if err := a.check(ctx); err != nil {
		return err
	}
	if err := a.write(ctx); err != nil {
		return errors.Join(err, a.discard(ctx))
	}
	return a.commit(ctx)
}

// begin reads the head, and tells whether this run has committed already.
func (a *attempt) begin(ctx context.Context) (committed bool, err error) {
	if err := a.lock.Try(ManifestName); err != nil {
		return false, a.nothing("", err)
	}
	if a.head, err = ReadHead(ctx, a.cfg.Access, a.cfg.Output); err != nil && !errors.Is(err, ErrNoManifest) {
		return false, a.nothing(ManifestName+": ", err)
	}
	if a.past, err = readPast(ctx, a.cfg); err != nil {
		return false, a.nothing("", err)
	}
	step(stepRead)
	switch {
	case a.head.isOf(a.cfg.ID), a.past[a.cfg.ID] == published:
		return true, nil
	case a.past[a.cfg.ID] == revoked:
		return false, fault.New(fault.Conflict, "output %s: this run has been given up, so it may not publish any more", a.shown())
	case a.cfg.Base.Known && a.cfg.Base.Token != a.head.Token:
		return false, fault.New(fault.Conflict, "output %s: another run published there while this one ran; nothing was published: run again", a.shown())
	}
	return false, nil
}

// goOn finishes what an earlier attempt of this run has committed.
func (a *attempt) goOn(ctx context.Context) error {
	a.manifest, a.content, a.dir = a.head.Manifest, a.head.content, a.head.Dir
	if q := a.cfg.Quarantine; q != nil { // it finds the earlier attempt's change, and that this has published
		if _, err := quarantine.Prepare(ctx, *q, a.rows, a.proof()); err != nil {
			a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but not the quarantine %s: %v", a.shown(), q.Dir, objstore.Reason(err)))
		}
	}
	var err error
	if a.gone, err = readGone(ctx, a.cfg.Access, a.cfg.Output, a.dir); err != nil {
		a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but not all copies are of it: %v", a.shown(), err))
		return nil
	}
	a.finish(ctx, a.head, true)
	return nil
}

// check finds what keeps the run from publishing, before anything is written.
func (a *attempt) check(ctx context.Context) (err error) {
	if err := keepExisting(a.cfg, a.head, a.manifest); err != nil {
		return err
	}
	if a.lags, err = a.head.Lagging(ctx, a.cfg.Access, a.cfg.Output); err != nil {
		return a.nothing(a.head.Dir+": ", err)
	}
	if err := readyLogs(ctx, a.cfg, a.head.Manifest, a.cfg.Existing == Replace); err != nil {
		return err
	}
	a.prepare()
	if a.gone, err = a.copiesGone(ctx); err != nil {
		return a.nothing("", err)
	}
	places := []string{runsName}
	for _, o := range a.manifest.Outputs {
		if o.Plain != "" {
			places = append(places, o.Plain)
		}
	}
	for _, p := range places {
		if err := a.lock.Try(p); err != nil {
			return a.nothing("", err)
		}
	}
	step(stepChecked)
	return nil
}

// prepare makes the manifest of the new version, as far as it is known before its files are written.
func (a *attempt) prepare() {
	n := max(a.head.Version, 0) + 1
	a.dir = versionDir(n, a.cfg.ID)
	c := &Commit{Version: n, Base: a.head.Version, Run: a.cfg.ID, Nonce: newNonce(), Versions: []string{versionName(n, a.cfg.ID)}}
	c.Output = c.Nonce
	if m := a.head.Manifest; m != nil && m.Commit != nil {
		c.Output = cmp.Or(m.Commit.Output, c.Nonce)
	}
	for _, v := range slices.Backward(a.head.Versions()) {
		if v.Number > 0 && len(c.Versions) < a.cfg.keepVersions() {
			c.Versions = append(c.Versions, versionName(v.Number, v.Run))
		}
	}
	a.manifest.Commit = c
	if a.manifest.Format = a.format.Name(); a.manifest.Format == formats[0].Name() {
		a.manifest.Format = ""
	}
	for i := range a.manifest.Outputs {
		switch o := &a.manifest.Outputs[i]; a.manifest.Format {
		case DeltaName:
			o.Path, o.Plain = dataPath(o.Table, n, a.cfg.ID), ""
		default:
			o.Path, o.Plain = a.dir+"/"+o.Table+a.format.Ending()+tableEnding, place(o.Table, a.format)
		}
	}
}

func (cfg Config) keepVersions() int {
	if cfg.KeepVersions > 0 {
		return cfg.KeepVersions
	}
	return DefaultVersions
}

// newNonce tells one attempt from all others.
func newNonce() string {
	b := make([]byte, 16)
	rand.Read(b) //nolint:errcheck // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// write writes the files of the new version.
func (a *attempt) write(ctx context.Context) error {
	folders := []string{a.dir}
	files := []objstore.NewFile{{Place: a.dir + "/" + runName, Write: a.cfg.record().write}}
	if len(a.gone) > 0 {
		files = append(files, objstore.NewFile{Place: a.dir + "/" + goneName, Write: lines(a.gone)})
	}
	for i := range a.manifest.Outputs {
		o := &a.manifest.Outputs[i]
		files = append(files, objstore.NewFile{Place: o.Path, Write: func(w io.Writer) error {
			sum := &summer{hash: sha256.New()}
			err := a.tables[i](io.MultiWriter(w, sum))
			o.Bytes, o.SHA256 = sum.bytes, sum.sum()
			if err == nil {
				step(stepTable)
			}
			return err
		}})
		if dir := path.Dir(o.Path); !slices.Contains(folders, dir) {
			folders = append(folders, dir)
		}
	}
	if a.kept != nil {
		index, states, err := a.kept(ctx, a.dir)
		if err != nil {
			return a.nothing("", err)
		}
		if len(states) > 0 {
			files = append(files, objstore.NewFile{Place: a.dir + "/" + kept.StatesName, Write: bytesOf(states)})
		}
		content, err := index.Encode(a.dir)
		if err != nil {
			return a.nothing("", err)
		}
		files = append(files, objstore.NewFile{Place: a.dir + "/" + kept.IndexName, Write: bytesOf(content)})
	}
	if err := a.lock.WriteAll(ctx, files); err != nil {
		return a.nothing("", err)
	}
	a.content = a.manifest.encode()
	if err := a.lock.WriteAll(ctx, []objstore.NewFile{{Place: a.dir + "/" + versionManifest, Write: bytesOf(a.content)}}); err != nil {
		return a.nothing("", err)
	}
	step(stepWritten)
	if err := a.lock.Sync(folders...); err != nil {
		return a.nothing("", err)
	}
	step(stepSynced)
	return nil
}

func bytesOf(content []byte) func(io.Writer) error {
	return func(w io.Writer) error { _, err := w.Write(content); return err }
}

// proof returns what shows the next run that this one has committed: its manifest.
func (a *attempt) proof() quarantine.Proof {
	uri := objstore.Join(a.cfg.Output, ManifestName)
	if scheme, path := objstore.Scheme(uri); scheme == "" {
		if abs, err := filepath.Abs(path); err == nil {
			uri = abs // the next run may have another working directory
		}
	}
	sum := sha256.Sum256(a.content)
	return quarantine.Proof{URI: uri, SHA256: hex.EncodeToString(sum[:])}
}

// commit puts the manifest into its place, with the change of the quarantine around it, and finishes.
func (a *attempt) commit(ctx context.Context) error {
	change := &quarantine.Change{}
	if q := a.cfg.Quarantine; q != nil {
		var err error
		if change, err = quarantine.Prepare(ctx, *q, a.rows, a.proof()); err != nil {
			return errors.Join(notKept(*q, err), a.discard(ctx))
		}
	}
	Critical.Lock()
	defer Critical.Unlock()
	if err := change.Do(); err != nil { // all is as before then
		return errors.Join(fault.New(fault.Failed, "output %s: quarantine: %v; what was published before is whole: run again", a.shown(), fault.Advised(err)), a.discard(ctx))
	}
	step(stepSwapping)
	head, became, err := a.swap(ctx)
	switch became {
	case isUnknown: // recovery of the quarantine reads the manifest, too
		return err
	case isRejected:
		if undone := change.Undo(); undone != nil {
			err = errors.Join(err, fmt.Errorf("the refused rows of before could not be put back: %w; run again", undone))
		}
		return errors.Join(err, a.discard(ctx))
	}
	step(stepSwapped)
	if err := change.Confirm(); err != nil { // the next run finds the manifest, and that the change holds
		a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but the quarantine could not be marked: %v", a.shown(), objstore.Reason(err)))
	}
	if head.isLatest(a.cfg.ID) { // otherwise others have committed since
		a.finish(ctx, head, false)
	}
	return nil
}

// outcome says what became of a swap.
type outcome int

const (
	isCommitted outcome = iota
	isRejected          // this run does not commit
	isUnknown           // it may have committed, or may yet: a request may be under way
)

// patience is how long an attempt tries to find out what became of its swap, also after the run was told to end.
const patience = 2 * time.Minute

// swap replaces the manifest if it is still the one that the lock was taken with. It returns what is there after that.
func (a *attempt) swap(ctx context.Context) (head Head, became outcome, err error) {
	version, err := a.lock.Put(ctx, ManifestName, a.content, objstore.Condition{Absent: a.head.stored == "", Version: a.head.stored})
	if err == nil {
		return Head{Manifest: a.manifest, Version: a.manifest.Commit.Version, Dir: a.dir, content: a.content, stored: version}, isCommitted, nil
	}
	cause := fault.Advised(objstore.Reason(err))
	if a.lock.Held() != nil && errors.Is(err, objstore.ErrBusy) { // the request was not made
		return head, isRejected, fault.New(fault.Conflict, "output %s: %v; nothing was published: run again", a.shown(), cause)
	}
	away, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	head, unread := ReadHead(away, a.cfg.Access, a.cfg.Output)
	n := a.manifest.Commit.Version
	switch {
	case unread != nil && !errors.Is(unread, ErrNoManifest):
		return head, isUnknown, fault.New(fault.Unavailable, "output %s: %v; whether version %d is published cannot be seen (%v); one version is whole in any case: run again", a.shown(), cause, n, fault.Advised(unread))
	case head.isOf(a.cfg.ID):
		if version != "" {
			a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but may not survive a power cut: %v", a.shown(), cause))
		}
		return head, isCommitted, nil
	case head.Token != a.head.Token:
		return head, isRejected, fault.New(fault.Conflict, "output %s: another run published there while this one ran; nothing was published: run again", a.shown())
	case objstore.Remote(a.cfg.Output) && (ctx.Err() != nil || objstore.IsTemporary(err)):
		return head, isUnknown, fault.New(fault.Unavailable, "output %s: %v; version %d is not published, but may yet be if the request is still under way; one version is whole in any case: run again", a.shown(), cause, n)
	}
	return head, isRejected, fault.New(fault.Failed, "output %s: %s: %v; what was published before is whole: run again", a.shown(), ManifestName, cause)
}

// isLatest tells whether a run has committed the head.
func (h Head) isLatest(run string) bool {
	return h.Manifest != nil && h.Manifest.Commit != nil && h.Manifest.Commit.Run == run
}

// discard removes the version of an attempt that does not commit.
func (a *attempt) discard(ctx context.Context) error {
	away, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if a.lock.Held() != nil {
		return nil // the next run removes it
	}
	err := a.lock.DeleteAll(away, a.dir)
	for _, o := range a.manifest.Outputs {
		if !strings.HasPrefix(o.Path, a.dir+"/") {
			err = errors.Join(err, a.lock.Delete(away, o.Path, ""))
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", a.dir, objstore.Reason(err))
	}
	return nil
}

// finish does what comes after the commit, of this attempt or of one before. What fails is a note: the run has committed.
func (a *attempt) finish(ctx context.Context, head Head, before bool) {
	if err := a.past.add(ctx, a.lock, a.cfg, a.head); err != nil {
		a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but %s could not be written: %v", a.shown(), runsName, objstore.Reason(err)))
	}
	step(stepRecorded)
	f := forwarding{access: a.cfg.Access, output: a.cfg.Output, lock: a.lock, head: head, gone: a.gone, compare: before}
	if err := f.bring(ctx); errors.Is(err, errSuperseded) {
		return
	} else if err != nil {
		a.cfg.notice(ctx, fmt.Sprintf("%s: version %d is published, but not all copies are of it yet: %v; the next run, or check --repair, brings them forward", a.shown(), head.Version, err))
		return
	}
	if err := f.end(ctx); err != nil {
		a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but not all of what is not kept could be removed: %v", a.shown(), err))
	}
}
