package objstore

import (
	"context"
	"errors"
	"testing"
)

// TestARequestUnderWayIsTold looks at a request while its second attempt is under way. Its address has a secret.
func TestARequestUnderWayIsTold(t *testing.T) {
	defer QuickRetries()()
	const uri = "https://host-that-is-asked-twice/a.parquet?sig=hidden"
	find := func() (found []Request) {
		for _, r := range UnderWay(0) {
			if r.URI == "https://host-that-is-asked-twice/a.parquet" {
				found = append(found, r)
			}
		}
		return found
	}
	s, cause := newRetrying(nil), errors.New("status 503")
	err := s.do(t.Context(), uri, 0, func(_ context.Context, attempt int) error {
		got := find()
		if len(got) != 1 || got[0].Tries != attempt || (got[0].Cause == nil) != (attempt == 0) || got[0].Since.IsZero() {
			t.Errorf("attempt %d: found %+v", attempt, got)
		}
		if attempt == 0 {
			return Temporary(cause)
		}
		if !errors.Is(got[0].Cause, cause) {
			t.Errorf("found the cause %v, expected %v", got[0].Cause, cause)
		}
		return nil
	})
	if got := find(); err != nil || len(got) != 0 {
		t.Errorf("found %v and %v, expected nothing under way", err, got)
	}
}
