package runners

import (
	"context"
	"errors"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// idle is an engine on which every job succeeds.
type idle struct{}

func (idle) check(Flags, []Place) ([]string, error) { return nil, nil }
func (idle) here(Flags) bool                        { return true }
func (idle) run(context.Context, Flags, *beam.Pipeline, func(Status)) (Outcome, error) {
	return Outcome{}, nil
}

func TestACleanUpThatFailsIsSaid(t *testing.T) {
	want := errors.New("the folder cannot be removed")
	r := Runner{engine: idle{}, temp: func() (func() error, error) { return func() error { return want }, nil }}
	if _, err := r.Run(t.Context(), beam.NewPipeline()); !errors.Is(err, want) {
		t.Errorf("found %v, expected %v", err, want)
	}
}
