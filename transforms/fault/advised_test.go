package fault

import (
	"errors"
	"fmt"
	"testing"
)

// TestWhatToDoIsSaidOnce has messages that say by themselves what to do, and words in them that look like it.
func TestWhatToDoIsSaidOnce(t *testing.T) {
	store := fmt.Errorf("reading: %w", down{errors.New("503")})
	for _, c := range []struct {
		fault *Fault
		want  string
	}{
		{New(Failed, "x: %v", store), "x: reading: 503; try again later"},
		{New(Failed, "x: %v and %v", store, store), "x: reading: 503 and reading: 503; try again later"},
		{New(Failed, "again.parquet: %v; is it there?", store), "again.parquet: reading: 503; is it there?; try again later"},
		{New(Failed, "x: %v; run again", Advised(store)), "x: reading: 503; run again"},
		{New(Failed, "x: %v", fmt.Errorf("once: %w", Advised(store))), "x: once: reading: 503"},
		{New(Failed, "x: %v", New(Input, "y: %v", store)), "x: y: reading: 503; try again later"},
		{New(Usage, "x: %v", store), "x: reading: 503"},
	} {
		if c.fault.Message != c.want {
			t.Errorf("found %q, expected %q", c.fault.Message, c.want)
		}
	}
}
