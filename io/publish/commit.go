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
	"tripstats/transforms/watch"
)

// version is what an attempt commits.
type version struct {
	manifest *Manifest                                                 // without Commit; its Outputs have only Table, SQL and Rows
	tables   []func(w io.Writer) error                                 // write the files of the Outputs
	kept     func(ctx context.Context, dir string) (*keptFiles, error) // returns the kept results for the version's folder; no function or nil if there are none

	rows []quarantine.File // the refused rows that are kept
}

// attempt is one try of a run to commit its version. A run may make several, also at once. Only the first one that comes through commits.
type attempt struct {
	cfg    Config
	format Format
	lock   *objstore.Lock
	past   pastRuns
	version

	head    Head     // as read after the lock was taken
	lags    bool     // the copies may be older than head
	content []byte   // the manifest as it is stored
	dir     string   // of the new version, below the output
	gone    []string // places of copies to remove: see copiesGone
}

// shown is the output in messages.
func (a *attempt) shown() string { return objstore.Redact(a.cfg.Output) }

// notPublished returns the fault for an error before the commit.
func (a *attempt) notPublished(what string, err error) error {
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
	r.files, r.tallies = nil, nil // there may be many, and the manifest has what it needs of them
	v.kept = func(ctx context.Context, dir string) (*keptFiles, error) { return r.keep(ctx, cfg, dir) }
	return publishVersion(ctx, cfg, v)
}

// publishVersion takes the lock and commits a version. Restore calls it too, with tables that an earlier run made.
func publishVersion(ctx context.Context, cfg Config, v version) (err error) {
	format, err := FormatOf(cfg.Format)
	if err != nil {
		return err
	}
	watched := watch.Of(cfg.Run)
	watched.Stage(watch.Locking)
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
	watched.Stage(watch.Publishing)
	step(stepLocked)
	a := &attempt{cfg: cfg, format: format, lock: lock, version: v}
	committed, err := a.begin(ctx)
	switch {
	case err != nil:
		return err
	case committed && !a.head.isLatest(a.cfg.ID): // another run has committed since; the copies are its own
		return nil
	case committed:
		return a.finishEarlier(ctx)
	}
	if err := a.check(ctx); err != nil {
		return err
	}
	if err := a.write(ctx); err != nil {
		return errors.Join(err, a.discard(ctx))
	}
	return a.commit(ctx)
}

// begin reads the head. It tells whether an earlier attempt of this run has committed. It is a fault if the run may not commit.
func (a *attempt) begin(ctx context.Context) (committed bool, err error) {
	if err := a.lock.Try(ManifestName); err != nil {
		return false, a.notPublished("", err)
	}
	if a.head, err = ReadHead(ctx, a.cfg.Access, a.cfg.Output); err != nil && !errors.Is(err, ErrNoManifest) {
		return false, a.notPublished(ManifestName+": ", err)
	}
	if a.past, err = readPast(ctx, a.cfg); err != nil {
		return false, a.notPublished("", err)
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

// finishEarlier does what is left to do after the commit of an earlier attempt of this run.
func (a *attempt) finishEarlier(ctx context.Context) error {
	a.manifest, a.content, a.dir = a.head.Manifest, a.head.content, a.head.Dir
	if q := a.cfg.Quarantine; q != nil { // Prepare finds the change of the earlier attempt, and that this attempt has committed
		if _, err := quarantine.Prepare(ctx, *q, a.rows, a.proof()); err != nil {
			a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but the quarantine %s is not updated: %v", a.shown(), q.Dir, objstore.Reason(err)))
		}
	}
	var err error
	if a.gone, err = readGone(ctx, a.cfg.Access, a.cfg.Output, a.dir); err != nil {
		a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but the copies are not updated: %v", a.shown(), err))
		return nil
	}
	a.finish(ctx, a.head, true)
	return nil
}

// check refuses to publish, before anything is written, if the output would lose something or a file cannot be replaced.
func (a *attempt) check(ctx context.Context) (err error) {
	if err := keepExisting(a.cfg, a.head, a.manifest); err != nil {
		return err
	}
	if a.lags, err = a.head.Lagging(ctx, a.cfg.Access, a.cfg.Output); err != nil {
		return a.notPublished(a.head.Dir+": ", err)
	}
	if err := readyLogs(ctx, a.cfg, a.head.Manifest, a.cfg.Existing == Replace); err != nil {
		return err
	}
	a.prepare()
	if a.gone, err = a.copiesGone(ctx); err != nil {
		return a.notPublished("", err)
	}
	places := []string{runsName}
	for _, o := range a.manifest.Outputs {
		if o.Plain != "" {
			places = append(places, o.Plain)
		}
	}
	for _, p := range places {
		if err := a.lock.Try(p); err != nil {
			return a.notPublished("", err)
		}
	}
	step(stepChecked)
	return nil
}

// prepare completes the manifest of the new version, except for the sizes and digests of its files, which are known after writing.
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

// newNonce returns random text that no other attempt has.
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
		results, err := a.kept(ctx, a.dir)
		if err != nil {
			return a.notPublished("", err)
		}
		if results != nil && results.states != nil {
			files = append(files, objstore.NewFile{Place: a.dir + "/" + kept.StatesName, Write: results.states})
		}
		if results != nil {
			files = append(files, objstore.NewFile{Place: a.dir + "/" + kept.IndexName, Write: results.index})
		}
	}
	if err := a.lock.WriteAll(ctx, files); err != nil {
		return a.notPublished("", err)
	}
	a.content = a.manifest.encode()
	if err := a.lock.WriteAll(ctx, []objstore.NewFile{{Place: a.dir + "/" + versionManifest, Write: bytesOf(a.content)}}); err != nil {
		return a.notPublished("", err)
	}
	step(stepWritten)
	if err := a.lock.Sync(folders...); err != nil {
		return a.notPublished("", err)
	}
	step(stepSynced)
	return nil
}

func bytesOf(content []byte) func(io.Writer) error {
	return func(w io.Writer) error { _, err := w.Write(content); return err }
}

// proof returns what a later run needs to see whether this run has committed: place and digest of its manifest.
func (a *attempt) proof() quarantine.Proof {
	uri := objstore.Join(a.cfg.Output, ManifestName)
	if scheme, path := objstore.Scheme(uri); scheme == "" {
		if abs, err := filepath.Abs(path); err == nil {
			uri = abs // a later run may have another working directory
		}
	}
	sum := sha256.Sum256(a.content)
	return quarantine.Proof{URI: uri, SHA256: hex.EncodeToString(sum[:])}
}

// commit replaces the manifest and then the copies. The refused rows change before the manifest does, and are put back if the run does not
// commit.
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
	if err := change.Do(); err != nil { // then Do has changed nothing
		return errors.Join(fault.New(fault.Failed, "output %s: quarantine: %v; the previous version is unchanged: run again", a.shown(), fault.Advised(err)), a.discard(ctx))
	}
	step(stepSwapping)
	head, became, err := a.swap(ctx)
	switch became {
	case isUnknown: // the next run reads the manifest and puts the quarantine right
		return err
	case isRejected:
		if undone := change.Undo(); undone != nil {
			err = errors.Join(err, fmt.Errorf("the refused rows of the previous version could not be put back: %w; run again", undone))
		}
		return errors.Join(err, a.discard(ctx))
	}
	step(stepSwapped)
	if err := change.Confirm(); err != nil { // not a failure: the next run sees from the manifest that the change is valid
		a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but the quarantine could not be marked as complete: %v", a.shown(), objstore.Reason(err)))
	}
	if head.isLatest(a.cfg.ID) { // otherwise another run has committed since, and the copies are its own
		a.finish(ctx, head, false)
	}
	return nil
}

// outcome is the result of a swap.
type outcome int

const (
	isCommitted outcome = iota
	isRejected          // this attempt has not committed, and will not
	isUnknown           // it may have committed, or a request that is still under way may yet commit
)

// patience is how long an attempt tries to find out the outcome of its swap. It does so even if the run was told to end.
const patience = 2 * time.Minute

// swap replaces the manifest if it is still that of a.head. It returns the head after that.
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
		return head, isUnknown, fault.New(fault.Unavailable, "output %s: %v; it is not known whether version %d is published (%v); the output is whole in both cases: run again", a.shown(), cause, n, fault.Advised(unread))
	case head.isOf(a.cfg.ID):
		if version != "" {
			a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but may not survive a power cut: %v", a.shown(), cause))
		}
		return head, isCommitted, nil
	case head.Token != a.head.Token:
		return head, isRejected, fault.New(fault.Conflict, "output %s: another run published there while this one ran; nothing was published: run again", a.shown())
	case objstore.Remote(a.cfg.Output) && (ctx.Err() != nil || objstore.IsTemporary(err)):
		return head, isUnknown, fault.New(fault.Unavailable, "output %s: %v; version %d is not published yet, but a request that is still under way may publish it; the output is whole in both cases: run again", a.shown(), cause, n)
	}
	return head, isRejected, fault.New(fault.Failed, "output %s: %s: %v; the previous version is unchanged: run again", a.shown(), ManifestName, cause)
}

// isLatest tells whether a run has committed the head.
func (h Head) isLatest(run string) bool {
	return h.Manifest != nil && h.Manifest.Commit != nil && h.Manifest.Commit.Run == run
}

// discard removes the files of an attempt that does not commit. Without the lock it removes nothing: the next run does.
func (a *attempt) discard(ctx context.Context) error {
	away, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if a.lock.Held() != nil {
		return nil
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

// finish does what is left to do after the commit. earlier says that an earlier attempt has committed, and may have done a part of it. An
// error is only a note to the user, because the run has committed.
func (a *attempt) finish(ctx context.Context, head Head, earlier bool) {
	if err := a.past.add(ctx, a.lock, a.cfg, a.head); err != nil {
		a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but %s could not be written: %v", a.shown(), runsName, objstore.Reason(err)))
	}
	step(stepRecorded)
	f := forwarding{access: a.cfg.Access, output: a.cfg.Output, lock: a.lock, head: head, gone: a.gone, compare: earlier}
	if err := f.update(ctx); errors.Is(err, errSuperseded) {
		return
	} else if err != nil {
		a.cfg.notice(ctx, fmt.Sprintf("%s: version %d is published, but not all copies are updated: %v; the next run, or check --repair, updates them", a.shown(), head.Version, err))
		return
	}
	if err := f.cleanAndMark(ctx); err != nil {
		a.cfg.notice(ctx, fmt.Sprintf("%s: all is published, but versions that are not kept could not be removed: %v", a.shown(), err))
	}
}
