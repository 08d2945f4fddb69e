package publish

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// KeepReal refuses, with exit code 5, to replace an output that may have real data by tables of made-up data. A run calls it
// before it reads anything, and again when it holds the lock of the output.
func KeepReal(ctx context.Context, cfg Config) error {
	if err := keepReal(ctx, cfg); err != nil || !cfg.Sample {
		return err
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
			continue
		case err != nil:
			return fault.New(fault.Failed, "output %s: %s: %v; nothing was published", objstore.Redact(cfg.Output), place, objstore.Reason(err))
		}
		_, err := ReadManifest(ctx, cfg.Access, cfg.Output)
		if errors.Is(err, fs.ErrNotExist) {
			return wouldReplace(cfg, "has tables and no "+ManifestName+" that says what they are made of")
		}
	}
	return nil
}

// keepReal is the part of KeepReal that looks only at the manifest. Tables without a manifest may be those of an attempt of
// this run.
func keepReal(ctx context.Context, cfg Config) error {
	if !cfg.Sample {
		return nil
	}
	m, err := ReadManifest(ctx, cfg.Access, cfg.Output)
	var syntax *json.SyntaxError
	var form *json.UnmarshalTypeError
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && m.Sample:
		return nil
	case err == nil:
		return wouldReplace(cfg, "has tables of real data")
	case errors.As(err, &syntax), errors.As(err, &form):
		return wouldReplace(cfg, "has a "+ManifestName+" that makes no sense")
	}
	return fault.New(fault.Failed, "output %s: %s: %v; nothing was published", objstore.Redact(cfg.Output), ManifestName, objstore.Reason(err))
}

func wouldReplace(cfg Config, what string) error {
	return fault.New(fault.Gate, "output %s: it %s, which the made-up sample does not replace; nothing was published: name another folder with --output, or remove this one",
		objstore.Redact(cfg.Output), what)
}
