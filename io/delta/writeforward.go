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

// attempts is how often a commit is tried while other programs commit to the same table.
const attempts = 20

// ErrSuperseded says that a change was not made, because the caller does not want it any more.
var ErrSuperseded = errors.New("there is a newer version")

// Forward commits a change, unless the log has it: a commit of the application with the same version and nonce. It returns the table's
// version that has the change, or -1 if that is not known or if there is nothing to do, and whether it made this commit. wanted is asked after the log was read and before
// the commit, and tells whether the change is still the latest of the application: so no change follows a newer one. If it is not, the
// error is [ErrSuperseded].
//
// What others commit to the table meanwhile is overwritten. What they commit after the change stays.
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
		// If there is no answer, or if the commit of another program has the name, the log tells what became of it.
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
