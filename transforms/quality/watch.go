package quality

import (
	"tripstats/transforms/trip"
	"tripstats/transforms/watch"
)

// tell says how many rows of a judged batch row rules refuse.
func (fn *judgeFn) tell(b *trip.Batch) {
	refused, start := 0, 0
	for _, run := range b.Months {
		if run.Refused {
			refused += run.End - start
		}
		start = run.End
	}
	if refused > 0 {
		watch.Of(fn.Config.Run).Refused(b.Source, int64(refused))
	}
}
