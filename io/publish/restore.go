package publish

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// Restore commits the tables of a kept version again, as a new version. It uses these fields of the config: Output, Access, ID, Base, Program,
// KeepVersions, Runner and Start.
func Restore(ctx context.Context, cfg Config, number int64) error {
	old, dir, err := ReadVersion(ctx, cfg.Access, cfg.Output, number)
	if err != nil {
		return err
	}
	m := *old
	m.Commit, m.Outputs = nil, nil
	v := version{manifest: &m}
	for _, o := range old.Outputs {
		content, err := ReadVerified(ctx, cfg.Access, cfg.Output, o.Path, o.Bytes, o.SHA256) // tables are small
		if err != nil {
			return err
		}
		cfg.Tables = append(cfg.Tables, o.Table)
		n := o
		n.Path, n.Plain, n.Bytes, n.SHA256 = "", "", 0, ""
		m.Outputs = append(m.Outputs, n)
		v.tables = append(v.tables, bytesOf(content))
	}
	index, err := usableIndex(ctx, cfg, dir)
	if err != nil {
		return fault.New(fault.Failed, "output %s: %v; nothing was published", objstore.Redact(cfg.Output), objstore.Reason(err))
	}
	if index != nil {
		v.kept = func(_ context.Context, dir string) (*keptFiles, error) {
			content, err := index.Encode(dir)
			return &keptFiles{index: bytesOf(content)}, err
		}
	}
	cfg.Format, cfg.Existing, cfg.MaxRejected = old.Format, Replace, -1
	return publishVersion(ctx, cfg, v)
}

// usableIndex reads the index of a version, without the inputs whose results were removed. It returns nil if there is no index, or if it is
// damaged.
func usableIndex(ctx context.Context, cfg Config, dir string) (*kept.Index, error) {
	index, err := ReadIndex(ctx, cfg.Access, cfg.Output, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil && fault.CodeOf(err, fault.OK) != fault.Unavailable {
		return nil, nil // a later run then reads the inputs again
	}
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, in := range index.Inputs {
		for _, r := range in.Results {
			if _, known := there[r.At.File]; known {
				continue
			}
			_, err := cfg.Access.Stat(ctx, objstore.Join(cfg.Output, r.At.File))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			there[r.At.File] = err == nil
		}
	}
	index.Inputs = slices.DeleteFunc(index.Inputs, func(in kept.Input) bool {
		return slices.ContainsFunc(in.Results, func(r kept.Result) bool { return !there[r.At.File] })
	})
	return index, nil
}
