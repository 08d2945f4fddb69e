package main

import (
	"context"
	"errors"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/source"
	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

func init() { beam.RegisterDoFn(reflect.TypeFor[examineFn]()) }

// examined adds to recognised files what only their values tell: the taxis of their trips, and the order of their dates. A file whose
// values do not tell this cannot be used.
//
// examined transforms a PCollection<element.Recognised> into a PCollection<element.Recognised> and a PCollection<element.Unusable>.
func examined(s beam.Scope, read source.Config, opts trip.Options, files beam.PCollection) (out, unusable beam.PCollection) {
	s = s.Scope("pipeline.Examined")
	return beam.ParDo2(s, &examineFn{Read: read, Options: opts}, files)
}

// examineFn examines the files of a bundle concurrently.
type examineFn struct {
	Read    source.Config
	Options trip.Options

	pending examinations
}

func (fn *examineFn) StartBundle(func(element.Recognised), func(element.Unusable)) { fn.pending = nil }

func (fn *examineFn) ProcessElement(ctx context.Context, f element.Recognised, emit func(element.Recognised), refuse func(element.Unusable)) error {
	fn.pending.add(ctx, fn.Read, fn.Options, f)
	return fn.pending.finish(examinedAtOnce-1, fn.Options, emit, refuse)
}

// FinishBundle emits the last files.
func (fn *examineFn) FinishBundle(emit func(element.Recognised), refuse func(element.Unusable)) error {
	return fn.pending.finish(0, fn.Options, emit, refuse)
}

// examinedAtOnce is how many files may be in progress. Reading a column of a file takes some megabytes.
const examinedAtOnce = 4

// examinations are files in progress, in their order, so that the first file that cannot be read is reported.
type examinations []chan examination

type examination struct {
	file element.Recognised
	err  error
}

// add begins with a file. A file that tells all by its columns is done at once.
func (e *examinations) add(ctx context.Context, cfg source.Config, opts trip.Options, f element.Recognised) {
	result := make(chan examination, 1)
	*e = append(*e, result)
	if f.TaxiColumn == "" && len(trip.TextTimes(f, opts)) == 0 {
		result <- examination{f, nil}
		return
	}
	go func() {
		f, err := examine(ctx, cfg, opts, f)
		result <- examination{f, err}
	}()
}

// finish emits or refuses the first files in progress, and leaves at most so many.
func (e *examinations) finish(most int, opts trip.Options, emit func(element.Recognised), refuse func(element.Unusable)) error {
	for len(*e) > most {
		f, err := e.first()
		if err == nil {
			emit(f)
			continue
		}
		u, err := trip.Refuse(f, opts, err)
		if err != nil {
			return err
		}
		refuse(u)
	}
	return nil
}

// first waits for the first file.
func (e *examinations) first() (element.Recognised, error) {
	result := <-(*e)[0]
	*e = (*e)[1:]
	return result.file, result.err
}

// examine does for one file what [examined] does.
func examine(ctx context.Context, cfg source.Config, opts trip.Options, f element.Recognised) (element.Recognised, error) {
	f, err := source.Tell(ctx, cfg, opts.Telling, f)
	if err != nil {
		return f, err
	}
	cfg.Codes = false
	return trip.Dated(ctx, f, opts, func(ctx context.Context, f element.Recognised, column int, emit func(arrow.Array) bool) error {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		f.Projection = []int{column}
		f.UnitBytes = f.BytesOf(f.Projection)
		enough := false
		err := source.Scan(ctx, f, cfg, func(c element.Columns) {
			if enough = enough || !emit(c.Record.Column(0)); enough {
				stop()
			}
		})
		if enough && errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	})
}
