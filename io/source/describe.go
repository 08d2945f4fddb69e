package source

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/watch"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[describeFn]())
	beam.RegisterDoFn(reflect.TypeFor[narrowFn]())
	register.Emitter1[element.Described]()
	register.Emitter1[element.Recognised]()
	register.Emitter1[element.RecognisedFiles]()
	register.Emitter1[element.Unusable]()
}

// Described asks the format of each file what the file holds. A file that cannot be used comes out as Unusable.
//
// Described transforms a PCollection<element.Found> into a PCollection<element.Described> and a PCollection<element.Unusable>.
func Described(s beam.Scope, cfg Config, files beam.PCollection) (described, unusable beam.PCollection) {
	s = s.Scope("source.Described")
	return beam.ParDo2(s, &describeFn{Access: cfg.Access, Run: cfg.Run}, files)
}

// describeFn describes the files of a bundle concurrently, because each takes a round trip to the place of the file.
type describeFn struct {
	Access objstore.Access
	Run    string // see Config

	pending []chan description // in the order of the files, so that the first file that cannot be read is reported
}

type description struct {
	file element.Described
	err  error
}

// describedAtOnce is how many files may be in progress.
const describedAtOnce = 16

// StartBundle begins with no file in progress.
func (fn *describeFn) StartBundle(_ func(element.Described), _ func(element.Unusable)) {
	fn.pending = nil
}

func (fn *describeFn) ProcessElement(ctx context.Context, f element.Found, emit func(element.Described), refuse func(element.Unusable)) error {
	if len(fn.pending) == describedAtOnce {
		if err := fn.first(emit, refuse); err != nil {
			return err
		}
	}
	result := make(chan description, 1)
	fn.pending = append(fn.pending, result)
	go func() {
		d, err := Describe(ctx, fn.Access, f)
		d.Found = f
		result <- description{d, err}
	}()
	return nil
}

// FinishBundle emits the last files.
func (fn *describeFn) FinishBundle(emit func(element.Described), refuse func(element.Unusable)) error {
	for len(fn.pending) > 0 {
		if err := fn.first(emit, refuse); err != nil {
			return err
		}
	}
	return nil
}

// first waits for the first file in progress.
func (fn *describeFn) first(emit func(element.Described), refuse func(element.Unusable)) error {
	d := <-fn.pending[0]
	fn.pending = fn.pending[1:]
	watch.Of(fn.Run).Looked()
	if d.err == nil {
		emit(d.file)
		return nil
	}
	u, err := d.file.Refuse(d.err)
	if err == nil {
		refuse(u)
	}
	return err
}

// Describe asks a file's format what the file holds. Errors are faults that name the file.
func Describe(ctx context.Context, access objstore.Access, f element.Found) (element.Described, error) {
	return describe(ctx, access, f, nil)
}

// DescribeAs is [Describe] of a file whose format is known.
func DescribeAs(ctx context.Context, access objstore.Access, f element.Found, format Format) (element.Described, error) {
	return describe(ctx, access, f, format)
}

func describe(ctx context.Context, access objstore.Access, f element.Found, format Format) (d element.Described, err error) {
	if f.Refused != "" {
		return d, fault.Inputf("%s", f.Refused)
	}
	r, err := open(ctx, access, f)
	if err != nil {
		return d, err
	}
	defer func() {
		if changed := objstore.Unchanged(r); changed != nil { // it is the cause of any other error
			err = fault.Inputf("%s: %v", f.Source, objstore.Reason(changed))
		}
		err = errors.Join(err, r.Close())
	}()
	if format == nil {
		format, err = formatOf(f, r)
	}
	if err == nil {
		d, err = format.Describe(ctx, f, r)
	}
	if err != nil {
		return d, ofFile(f, err)
	}
	d.Found, d.Format = f, format.Name()
	return withConstants(d), nil
}

// open opens f and turns errors into faults that name it and say what to do.
func open(ctx context.Context, access objstore.Access, f element.Found) (objstore.Reader, error) {
	r, err := access.Open(ctx, objstore.Object{URI: f.URI, Size: f.Size, Version: f.Version})
	switch {
	case err == nil:
		return r, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.Inputf("%s: not found where it is read (%s); every worker must reach the input under this path", f.Source, objstore.Redact(f.URI))
	}
	return nil, fault.Inputf("%s: cannot be opened: %v", f.Source, objstore.Reason(err))
}

// Narrowed drops what is known of files and not needed to read their projection, and makes lists of them.
//
// Narrowed transforms a PCollection<element.Recognised> into a PCollection<element.RecognisedFiles>.
func Narrowed(s beam.Scope, files beam.PCollection) beam.PCollection {
	s = s.Scope("source.Narrowed")
	return beam.ParDo(s, &narrowFn{}, files)
}

// narrowFn holds the list of its bundle that is not full yet.
type narrowFn struct{ list []element.Recognised }

func (fn *narrowFn) StartBundle(func(element.RecognisedFiles)) { fn.list = nil }

func (fn *narrowFn) ProcessElement(f element.Recognised, emit func(element.RecognisedFiles)) error {
	f, err := Narrow(f)
	if err != nil {
		return err
	}
	if fn.list = append(fn.list, f); len(fn.list) == element.MostInList {
		return fn.FinishBundle(emit)
	}
	return nil
}

func (fn *narrowFn) FinishBundle(emit func(element.RecognisedFiles)) error {
	if len(fn.list) == 0 {
		return nil
	}
	b, err := element.CompactList(fn.list)
	if err == nil {
		emit(element.RecognisedFiles{Compact: b})
	}
	clear(fn.list)
	fn.list = fn.list[:0]
	return err
}

// Narrow does for one file what [Narrowed] does.
func Narrow(f element.Recognised) (element.Recognised, error) {
	format, err := named(f.Format)
	if err != nil {
		return f, err
	}
	own, constants := inFile(f)
	narrowed, err := format.Narrow(own)
	if err != nil {
		return f, fault.New(fault.Failed, "%s: %v", f.Source, err)
	}
	if len(constants) > 0 { // formats share the columns of files
		narrowed.Columns = slices.Concat(narrowed.Columns, constants)
		narrowed.Projection = slices.Clone(narrowed.Projection)
		for i := range constants {
			narrowed.Projection = append(narrowed.Projection, len(narrowed.Columns)-len(constants)+i)
		}
	}
	return narrowed, nil
}
