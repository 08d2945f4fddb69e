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

// Restore commits a version that an output keeps as its latest version. Of the config it uses Output, Access, ID, Base, Program, KeepVersions
// and Start.
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
		v.kept = func(context.Context, string) (*kept.Index, []byte, error) { return index, nil, nil }
	}
	cfg.Format, cfg.Existing, cfg.MaxRejected = old.Format, Replace, -1
	return publishVersion(ctx, cfg, v)
}

// usableIndex reads what a version was made of, without the results that are not kept any more. It is nil if nothing is known.
func usableIndex(ctx context.Context, cfg Config, dir string) (*kept.Index, error) {
	index, err := ReadIndex(ctx, cfg.Access, cfg.Output, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil && fault.CodeOf(err, fault.OK) != fault.Unavailable {
		return nil, nil // nothing is believed that cannot be read
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
