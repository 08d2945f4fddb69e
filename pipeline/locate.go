package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// locate finds the files that stay in the output and must be read again. It is an error if they are missing or have changed.
func (pl *planner) locate(ctx context.Context) error {
	var problems []*fault.Fault
	for i := range pl.choices {
		c := &pl.choices[i]
		if !c.file.stays || !c.read() {
			continue
		}
		o, err := pl.read.Access.Stat(ctx, c.file.uri)
		if err == nil {
			err = pl.relocate(c, o)
		}
		if err == nil {
			continue
		}
		if fault.CodeOf(err, fault.OK) == fault.Unavailable || ctx.Err() != nil {
			return fault.New(fault.Failed, "--existing=extend: %s: %v; nothing was published", c.file.uri, err)
		}
		why := objstore.Reason(err).Error()
		if gone(err) {
			why = "it is gone"
		}
		c.gone = true
		if len(c.missing) > 0 {
			problems = append(problems, fault.New(fault.Input, "--tables: %s is needed again for %s: %s; nothing was published: put the file back, leave the table out, %s", c.file.uri, strings.Join(c.missing, ", "), why, wayOut))
		} else {
			problems = append(problems, fault.New(fault.Gate, "--existing=extend: %s is needed again (%s): %s; nothing was published: put the file back, %s", c.file.uri, c.changed, why, wayOut))
		}
	}
	err := fault.All(problems...)
	if pl.job.plan {
		pl.locked, err = cmp.Or(pl.locked, err), nil
	}
	return err
}

// relocate gives a choice the object that is now at the file's address. The object must be the same as before.
func (pl *planner) relocate(c *choice, o objstore.Object) error {
	was := c.file.found
	switch {
	case c.file.token != "" && o.Token != c.file.token, c.file.token == "" && was.Version != "" && was.Version != o.Version, o.Size != was.Size:
		return errors.New("it has changed since the output was made")
	}
	f := source.Files([]objstore.Object{o})[0]
	f.Source, f.Dataset, f.Month, f.Taxis, f.Digest, f.Identity = was.Source, was.Dataset, was.Month, was.Taxis, was.Digest, ""
	if pl.kept[c.file.uri] != nil {
		f.MonthFrom, f.NameTaxi = was.MonthFrom, was.NameTaxi
	}
	f.Reading = pl.readings.of(f)
	c.file.found, c.file.token, c.file.reading = &f, o.Token, f.Reading
	return nil
}

// findCopies sets, for each file of the plan, the other files that it may be a copy of.
func (pl *planner) findCopies(ctx context.Context) error {
	if err := source.FindPacked(ctx, pl.read.Access, pl.listed); err != nil {
		return err
	}
	objects, files := pl.withStaying(ctx)
	if !pl.admission.MergeSameMonth {
		if err := source.FindCopies(ctx, pl.read.Access, objects, files); err != nil {
			return err
		}
	}
	known := make(map[string]*element.Found, len(files))
	for i := range files {
		known[files[i].URI] = &files[i]
	}
	set := func(f *element.Found) {
		if same, is := known[f.URI]; is {
			f.Digest, f.Text, f.Identity = same.Digest, same.Text, same.Identity
		}
	}
	for i := range pl.files {
		set(&pl.files[i])
	}
	for _, list := range [][]*kept.Input{pl.plan.kept, pl.partly, pl.keep} {
		for _, in := range list {
			set(&in.File.Found)
		}
	}
	return nil
}

// withStaying returns the listed files and their objects, and those that stay in the output and may be copies of them: files of the same
// size that have not changed since. A file that has changed or is gone cannot be compared.
func (pl *planner) withStaying(ctx context.Context) (objects []objstore.Object, files []element.Found) {
	objects, files = slices.Clone(pl.objects), slices.Clone(pl.listed)
	sizes := map[int64]bool{}
	for _, f := range pl.listed {
		sizes[f.Size] = true
	}
	for _, c := range pl.choices {
		f := *c.file.found
		if !c.file.stays || c.gone || !sizes[f.Size] || c.file.token == "" {
			continue
		}
		o, err := pl.read.Access.Stat(ctx, c.file.uri)
		if err != nil || o.Token != c.file.token {
			continue
		}
		f.URI, f.Version, f.Identity = c.file.uri, o.Version, o.Identity
		objects, files = append(objects, o), append(files, f)
	}
	return objects, files
}
