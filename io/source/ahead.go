package source

import (
	"context"
	"errors"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// opened is an open file and its units that are being read.
type opened struct {
	file   objstore.Reader
	units  Units
	cancel context.CancelFunc // cancels the context in which the units are read; nil if the context is not theirs alone
}

func (o *opened) close() error {
	o.units.Close()
	if o.cancel != nil {
		o.cancel()
	}
	return o.file.Close()
}

// openPart opens the units of a part.
func openPart(ctx context.Context, cfg Config, p part) (o opened, err error) {
	format, err := named(p.file.Format)
	if err != nil {
		return o, err
	}
	if o.file, err = open(ctx, cfg.Access, p.file.Found); err != nil {
		return o, err
	}
	own, inPath := inFile(p.file)
	if len(own.Projection) == 0 && len(inPath) > 0 {
		err = errOnlyConstants
	} else {
		o.units, err = format.Open(ctx, own, o.file, p.units, cfg)
	}
	if err != nil {
		err = ofFile(p.file.Found, err)
		return opened{}, errors.Join(o.changed(ctx, p, err), o.file.Close())
	}
	return o, nil
}

// changed returns the error to report: err or, if the file has changed, an error that says so.
func (o *opened) changed(ctx context.Context, p part, err error) error {
	if changed := objstore.Unchanged(o.file); changed != nil && ctx.Err() == nil {
		return fault.Inputf("%s: %v", p.file.Source, objstore.Reason(changed))
	}
	return err
}

// ahead is units that are opened while the units before them are still read. So all cores have work while the last rows of one file are
// processed and the first rows of the next file are decoded.
type ahead struct {
	part   part
	cancel context.CancelFunc
	done   chan struct{} // closed when opened and err are set

	opened opened
	err    error
}

// openAhead opens units when the channel is closed. Whoever reads the units gets the error.
func openAhead(ctx context.Context, cfg Config, p part, when <-chan struct{}) *ahead {
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead{part: p, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		select {
		case <-when:
			a.opened, a.err = openPart(ctx, cfg, p)
			a.opened.cancel = cancel
		case <-ctx.Done():
			a.err = ctx.Err()
		}
	}()
	return a
}

// of tells whether these are the units of a part.
func (a *ahead) of(p part) bool {
	return a.part.units == p.units && a.part.file.URI == p.file.URI && a.part.file.Source == p.file.Source
}

// close closes units that nobody has begun to read.
func (a *ahead) close() {
	if a == nil {
		return
	}
	a.cancel()
	<-a.done
	if a.err == nil {
		a.opened.close() //nolint:errcheck // nothing was read, so the error does not matter
	}
}
