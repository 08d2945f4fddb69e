package publish

import (
	"context"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// KeepTables refuses, with exit code 5, to publish over an output that has tables which this run does not make: its reader would miss
// them. A run calls it before it reads anything, and again when it holds the lock of the output.
func KeepTables(ctx context.Context, cfg Config) error {
	m, err := ReadManifest(ctx, cfg.Access, cfg.Output)
	if err != nil {
		return nil // there is no output that can be read; what else is wrong, publishing finds
	}
	var dropped []string
	for _, o := range m.Outputs {
		if !slices.Contains(cfg.Tables, o.Table) && !slices.Contains(cfg.Absent, o.Table) {
			dropped = append(dropped, o.Table)
		}
	}
	if len(dropped) == 0 {
		return nil
	}
	return fault.New(fault.Gate, "output %s: it has %s, which this run does not make; nothing was published: add to --tables what shall stay, or name another folder with --output",
		objstore.Redact(cfg.Output), strings.Join(dropped, ", "))
}
