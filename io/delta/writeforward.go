package delta

import (
	"context"
	"errors"
	"fmt"

	"tripstats/io/objstore"
)

// WritableLog is a log that takes new files.
type WritableLog interface {
	Log
	// Put writes a new file of the log, in one step. If there is a file of this name, the error wraps [objstore.ErrExists].
	Put(ctx context.Context, name string, content []byte) error
	// Replace writes a file of the log, whether there is one or not.
	Replace(ctx context.Context, name string, content []byte) error
}

// attempts is how many times a commit is tried if other programs commit to the same table.
const attempts = 20

// ErrSuperseded says that a change was not made because wanted returned false.
var ErrSuperseded = errors.New("there is a newer version")

// Forward commits a change. It does nothing if the log already has it: a commit of the application with the same version and nonce. It
// returns the table's version that has the change, and whether it made this commit. The version is -1 if it is not known or if there was
// nothing to do.
//
// Forward calls wanted after it has read the log and before it commits. wanted tells whether the change is still the latest of the
// application. If it is not, the error is [ErrSuperseded]. So an older change never follows a newer one.
//
// Forward overwrites rows that other programs commit meanwhile. It does not touch what they commit after the change.
func Forward(ctx context.Context, log WritableLog, c Change, wanted func() (bool, error)) (version int64, made bool, err error) {
	var last error
	for range attempts {
		h, err := HeadOf(ctx, log)
		if err != nil {
			return -1, false, errors.Join(err, last)
		}
		s, err := h.Since(ctx, c.App)
		if err != nil {
			return -1, false, errors.Join(err, last)
		}
		if s.App == c.Version && (s.Nonce == c.Nonce || s.At < 0) {
			return s.At, last != nil, nil
		}
		if last != nil && !errors.Is(last, objstore.ErrExists) {
			return -1, false, last // it was not written
		}
		if c.File == nil && len(h.state.files) == 0 {
			return -1, false, nil
		}
		content, err := h.Commit(c)
		if err != nil {
			return -1, false, err
		}
		switch ok, err := wanted(); {
		case err != nil:
			return -1, false, err
		case !ok:
			return -1, false, ErrSuperseded
		}
		// If no answer came, or if another program has written a commit of this name, the log tells whether the change is in it.
		if last = log.Put(ctx, NameOf(h.Version+1), content); last == nil {
			return h.Version + 1, true, nil
		}
		last = fmt.Errorf("%s/%s: %w", Folder, NameOf(h.Version+1), last)
	}
	return -1, false, fmt.Errorf("%w; other programs have written to the table %d times meanwhile", last, attempts)
}

// LogOf returns the log of the table in a folder.
func LogOf(access objstore.Access, table string) WritableLog {
	return &objects{access: access, table: objstore.Table{URI: table}}
}

// Put writes a new file of the log.
func (o *objects) Put(ctx context.Context, name string, content []byte) error {
	return o.put(ctx, name, content, objstore.Condition{Absent: true})
}

// Replace writes a file of the log.
func (o *objects) Replace(ctx context.Context, name string, content []byte) error {
	return o.put(ctx, name, content, objstore.Condition{})
}

func (o *objects) put(ctx context.Context, name string, content []byte, when objstore.Condition) error {
	_, err := o.access.Put(ctx, objstore.Join(o.table.URI, Folder+"/"+name), content, when)
	return err
}
