package source

import (
	"tripstats/transforms/element"
	"tripstats/transforms/watch"
)

// Watched is a file as [watch.Run] counts it.
func Watched(f element.Recognised) watch.File {
	w := watch.File{Source: f.Source, Taxi: f.Taxi, Units: len(f.UnitRows)}
	for unit := range f.UnitRows {
		w.Bytes += bytesOfUnit(f, unit)
	}
	if w.Rows = f.RowsToRead(); w.Rows >= 0 {
		w.Others = f.OtherRows()
	}
	return w
}

// begin says that units of a file are about to be read.
func (cfg Config) begin(f element.Recognised) {
	if run := watch.Of(cfg.Run); run != nil {
		run.Begin(Watched(f))
	}
}

// rowsRead says that a batch was read, and that all later stages of the bundle are done with it.
func (cfg Config) rowsRead(c element.Columns) { watch.Of(cfg.Run).Rows(c.Source, c.Record.NumRows()) }

// unitDone says that all rows of a unit were read, with the meaning of rowsRead.
func (cfg Config) unitDone(f element.Recognised, unit int) {
	watch.Of(cfg.Run).Unit(f.Source, bytesOfUnit(f, unit))
}

// bytesOfUnit is 0 where nobody has asked which bytes hold the projection.
func bytesOfUnit(f element.Recognised, unit int) int64 {
	if unit >= len(f.UnitBytes) {
		return 0
	}
	return f.UnitBytes[unit]
}
