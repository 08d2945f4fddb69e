package publishtest_test

import (
	"testing"

	"tripstats/io/publish"
	"tripstats/io/publish/publishtest"
	"tripstats/testdata/lines"
)

func TestParquet(t *testing.T) { publishtest.Conform(t, publish.Parquet{}) }

// TestAFormatOfSomebodyElse has a format pass that is not the program's.
func TestAFormatOfSomebodyElse(t *testing.T) { publishtest.Conform(t, lines.Table{}) }

func TestDelta(t *testing.T) { publishtest.Conform(t, publish.Delta{}) }
