package source

import (
	"tripstats/transforms/element"
	"tripstats/transforms/watch"
)

// Watched is a file as [watch.Run] counts it.
func Watched(f element.Recognised) watch.File {
	w := watch.File{Source: f.Source, Taxi: f.Taxi, Units: len(f.UnitRows)}
	for unit, rows := range f.UnitRows {
		w.Rows += rows
		w.Bytes += f.UnitBytes[unit]
	}
	if f.Rows == element.UnknownRows {
		w.Rows = element.UnknownRows
	}
	return w
}

// begin says that units of a file are about to be read.
func (fn *ReadFn) begin(f element.Recognised) {
	if run := watch.Of(fn.Config.Run); run != nil {
		run.Begin(Watched(f))
	}
}

// read says that rows of a file were read, and that all later stages of the bundle are done with them.
func (fn *ReadFn) read(source string, rows int64) { watch.Of(fn.Config.Run).Rows(source, rows) }

// unitDone says that a unit of a file was read, with the meaning of read.
func (fn *ReadFn) unitDone(f element.Recognised, unit int) {
	watch.Of(fn.Config.Run).Unit(f.Source, f.UnitBytes[unit])
}
