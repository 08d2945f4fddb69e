package publish

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// KeepReal refuses, with exit code 5, to replace tables that may be of real data by tables of made-up data, where no manifest says what they
// are made of. A run calls it before it reads anything. Such tables are not looked for again, as they may be those of an attempt of the run.
func KeepReal(ctx context.Context, cfg Config) error {
	if !cfg.Sample || cfg.Existing == Replace {
		return nil
	}
	format, err := FormatOf(cfg.Format)
	if err != nil {
		return err
	}
	var places []string
	for _, t := range slices.Concat(cfg.Tables, cfg.Absent) {
		places = append(append(places, place(t, format)), others(t, format)...)
	}
	for _, place := range places {
		switch _, err := cfg.Access.Stat(ctx, objstore.Join(cfg.Output, place)); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fault.New(fault.Failed, "output %s: %s: %v; nothing was published", objstore.Redact(cfg.Output), place, objstore.Reason(err))
		default:
			return wouldReplace(cfg, "has tables and no "+ManifestName+" that says what they are made of")
		}
	}
	return nil
}

func wouldReplace(cfg Config, what string) error {
	return fault.New(fault.Gate, "output %s: it %s, which the made-up sample does not replace; nothing was published: name another folder with --output, or remove this one",
		objstore.Redact(cfg.Output), what)
}
