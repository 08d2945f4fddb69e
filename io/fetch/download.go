package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tripstats/io/objstore"
)

// download is the fetching of one file.
type download struct {
	*run
	job  Job
	host *host
	part *part

	had      held
	received int64 // bytes, by all attempts
	whole    int64 // bytes of the file
	resumed  bool  // the part file has bytes of an earlier run
	restarts int
}

// held is the file as it is in the destination, if it is known what that is.
type held struct {
	version string // "" if there is none
	size    int64
	adopted string // SHA-256, of a file that was whole when a run ended before it stood in the manifest
}

const (
	// leastBytes must come while Config.Stall passes, else the attempt is given up: about 1 KiB a second.
	leastBytes = 32 << 10

	// enough bytes forgive the attempts that failed before them.
	enough = 256 << 10
)

var errStalled = errors.New("the server is too slow: next to nothing comes")

// fetch brings the file to its place, unless it is there.
func (d *download) fetch(ctx context.Context) (happened EventType, err error) {
	if err := d.findHad(ctx); err != nil {
		return Failed, err
	}
	if o := d.job.Object; d.had.version != "" && o.Version == d.had.version && o.Size == d.had.size {
		return d.keepHad(ctx)
	}
	d.report(Event{Type: Started, Place: d.job.Place, Size: d.expected()})
	if err := d.part.open(); err != nil {
		return Failed, localError{err}
	}
	defer func() {
		if closing := d.part.close(); closing != nil && err == nil {
			happened, err = Failed, localError{closing}
		}
	}()
	d.resumed = d.part.offset > 0
	retry := d.cfg.Patience.Begin()
	refused := d.cfg.Refused
	for again := false; ; again = true {
		if err := d.host.wait(ctx); err != nil {
			return Failed, err
		}
		if again {
			objstore.CountRetry()
		}
		before := d.received
		unchanged, err := d.attempt(ctx)
		switch {
		case err == nil && unchanged:
			if err := d.part.drop(); err != nil {
				return Failed, localError{err}
			}
			return d.keepHad(ctx)
		case err == nil:
			happened, err := d.finish(ctx)
			var wrong *wrongContent
			if errors.As(err, &wrong) && d.resumed && ctx.Err() == nil { // what was left may have been damaged
				d.resumed = false
				if err := d.part.open(); err != nil {
					return Failed, localError{err}
				}
				continue
			}
			return happened, err
		case ctx.Err() != nil:
			return Failed, ctx.Err()
		}
		if d.received-before >= enough && d.restarts < d.cfg.Patience.Attempts {
			retry.Progress()
		}
		surelyThere := d.job.Object.URI != "" && isWeb(d.job.URI) && objstore.Refused(err)
		if surelyThere { // a source that has just told of it means that it is asked too often
			err = objstore.Temporary(err)
		}
		wait, wished, failed := retry.Again(err)
		if failed != nil {
			return Failed, failed
		}
		if surelyThere {
			wait, wished, refused = max(wait, refused), true, min(2*refused, time.Minute)
		}
		d.report(Event{Type: Waits, Place: d.job.Place, Done: d.part.offset, Size: d.part.Size, Took: wait, Err: err})
		if wished {
			d.host.leave(wait)
		} else if err := sleep(ctx, wait); err != nil {
			return Failed, err
		}
	}
}

func isWeb(uri string) bool {
	scheme, _ := objstore.Scheme(uri)
	return scheme == "https" || scheme == "http"
}

// findHad finds out which version of the file the destination has.
func (d *download) findHad(ctx context.Context) error {
	size, there, err := d.dest.size(ctx, d.job.Place)
	if err != nil {
		return localError{err}
	}
	if !there {
		return nil
	}
	if s, ok := d.part.readSidecar(); ok && !d.part.exists() && d.dest.local(d.job.Place) != "" && s.SHA256 != "" && s.Size == size && s.Version != "" {
		d.had = held{version: s.Version, size: size, adopted: s.SHA256}
		return nil
	}
	if e, ok := d.entry(d.job.Place); ok && e.Bytes == size && e.Source == objstore.Redact(d.job.URI) && !d.part.exists() {
		d.had = held{version: e.ETag, size: size}
	}
	return nil
}

func (d *download) expected() int64 {
	if d.job.Object.URI != "" {
		return d.job.Object.Size
	}
	return -1
}

// keepHad leaves the file that is there. One that is not in the manifest yet comes into it.
func (d *download) keepHad(ctx context.Context) (EventType, error) {
	d.whole = d.had.size
	happened := Unchanged
	if d.had.adopted != "" {
		sum, err := verify(ctx, d.dest.local(d.job.Place), d.job.Place)
		if err == nil && sum != d.had.adopted {
			err = errors.New("it has been changed since it was fetched")
		}
		if err != nil {
			return Failed, localError{fmt.Errorf("found in the destination: %w; move it away", err)}
		}
		if err := d.keep(ctx, d.newEntry(d.had.version, sum)); err != nil {
			return Failed, err
		}
		happened = Fetched
	}
	if err := d.part.drop(); err != nil { // what a run may have left that was killed just before it removed it
		return Failed, localError{err}
	}
	return happened, nil
}

func (d *download) newEntry(version, sum string) Entry {
	return Entry{Path: d.job.Place, Source: objstore.Redact(d.job.URI), Bytes: d.whole, ETag: version, SHA256: sum}
}

// attempt makes one request and appends what comes to the part file. Its error is temporary, or another attempt is in
// vain.
func (d *download) attempt(ctx context.Context) (unchanged bool, err error) {
	if p := d.part; p.Size >= 0 && p.offset > 0 && p.offset == p.Size { // it is there; ask whether it is still the one
		if err := p.back(p.offset - 1); err != nil {
			return false, localError{err}
		}
	}
	trying, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(d.cfg.Stall, func() { cancel(errStalled) })
	defer stalled.Stop()
	body, err := d.cfg.Access.Get(trying, d.job.URI, objstore.From{Offset: d.part.offset, Version: d.part.Version, Have: d.had.version})
	switch {
	case err == nil:
	case context.Cause(trying) == errStalled:
		return false, objstore.Temporary(errStalled)
	case errors.Is(err, objstore.ErrChanged):
		return false, d.restart(err)
	default:
		return false, err
	}
	defer body.Close() //nolint:errcheck // read to its end or given up
	if body.Unchanged || d.had.version != "" && body.Version == d.had.version && body.Size == d.had.size {
		return true, nil
	}
	if body.Offset == 0 {
		if d.part.offset > 0 {
			if d.restarts++; d.restarts > d.cfg.Patience.Attempts {
				return false, errors.New("it changes all the time, or the server breaks off and cannot go on: begun anew too often")
			}
		}
		d.resumed = false
		if err := d.part.begin(body.Version, body.Size); err != nil {
			return false, localError{err}
		}
	} else if d.part.Size < 0 {
		d.part.Size = body.Size
	}
	err = d.copy(trying, body, stalled)
	if context.Cause(trying) == errStalled && ctx.Err() == nil {
		err = objstore.Temporary(errStalled)
	}
	if syncing := d.part.sync(); syncing != nil && err == nil {
		err = localError{syncing}
	}
	return false, err
}

// restart drops the part file's content, because the server has another version.
func (d *download) restart(why error) error {
	if d.restarts++; d.restarts > d.cfg.Patience.Attempts {
		return fmt.Errorf("%w, all the time", why)
	}
	d.resumed = false
	if err := d.part.begin("", -1); err != nil {
		return localError{err}
	}
	return objstore.Temporary(why)
}

// copy appends a body to the part file, to its end.
func (d *download) copy(ctx context.Context, body *objstore.Body, stalled *time.Timer) error {
	p, buf := d.part, make([]byte, 128<<10)
	sinceReset, least := 0, len(magic)
	for {
		if p.offset > 0 {
			least = 1
		}
		n, err := readSome(body, buf, least)
		ended := errors.Is(err, io.EOF)
		if n > 0 {
			if p.offset == 0 && (n >= len(magic) || ended) {
				if wrong := checkHead(buf[:min(n, len(magic)+60)]); wrong != nil {
					return errors.Join(wrong, p.begin("", -1))
				}
			}
			if p.Size >= 0 && p.offset+int64(n) > p.Size {
				return fmt.Errorf("more comes than the %d bytes that the server spoke of", p.Size)
			}
			if err := p.write(buf[:n]); err != nil {
				return localError{err}
			}
			d.received += int64(n)
			d.report(Event{Type: Progress, Place: d.job.Place, Done: p.offset, Size: p.Size})
			if sinceReset += n; sinceReset >= leastBytes {
				stalled.Reset(d.cfg.Stall)
				sinceReset = 0
			}
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case !ended:
			return objstore.Temporary(fmt.Errorf("the answer breaks off after %d of %d bytes: %w", p.offset, p.Size, err))
		case p.Size < 0: // the server did not say; the footer will
			p.Size = p.offset
			return nil
		case p.offset < p.Size:
			return objstore.Temporary(fmt.Errorf("the answer ends after %d of %d bytes", p.offset, p.Size))
		default:
			return nil
		}
	}
}

// readSome reads at least so many bytes, or all that come.
func readSome(r io.Reader, buf []byte, least int) (n int, err error) {
	for n < least && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	if n >= least {
		err = nil // it comes again
	}
	return n, err
}

// wrongContent says that what came, whole as it is, cannot be used.
type wrongContent struct{ error }

func (e *wrongContent) Unwrap() error { return e.error }

// finish makes the whole part file the file.
func (d *download) finish(ctx context.Context) (EventType, error) {
	p := d.part
	if err := p.sync(); err != nil {
		return Failed, localError{err}
	}
	if err := p.file.Close(); err != nil {
		return Failed, localError{err}
	}
	p.file = nil
	sum, err := verify(ctx, p.path, d.job.Place)
	var own localError
	switch {
	case ctx.Err() != nil:
		return Failed, ctx.Err()
	case errors.As(err, &own):
		return Failed, err
	case err != nil:
		return Failed, &wrongContent{errors.Join(err, p.drop())}
	}
	p.SHA256 = sum
	if err := p.save(); err != nil {
		return Failed, localError{err}
	}
	d.whole = p.offset
	had, version := d.hadBefore(ctx), p.Version
	if err := d.dest.commit(ctx, d.job.Place, p.path); err != nil {
		return Failed, localError{err}
	}
	if err := d.keep(ctx, d.newEntry(version, sum)); err != nil {
		return Failed, err
	}
	if err := p.drop(); err != nil {
		return Failed, localError{err}
	}
	if had {
		return Republished, nil
	}
	return Fetched, nil
}

// hadBefore tells whether the source has published the file before, with another content or version.
func (d *download) hadBefore(ctx context.Context) bool {
	e, ok := d.entry(d.job.Place)
	if !ok || e.Source != objstore.Redact(d.job.URI) || e.ETag == d.part.Version && e.Bytes == d.whole {
		return false
	}
	size, there, err := d.dest.size(ctx, d.job.Place)
	return err == nil && there && size == e.Bytes
}
