package delta

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strings"

	"tripstats/io/objstore"
)

// objects is the log of a table in a store or folder.
type objects struct {
	access objstore.Access
	table  objstore.Table
	found  map[string]objstore.Object // by name
}

func (o *objects) Entries(ctx context.Context) ([]Entry, error) {
	list := o.table.Log
	if list == nil {
		var err error
		if list, err = o.access.List(ctx, objstore.Join(o.table.URI, Folder)+"/", 0); err != nil {
			return nil, fmt.Errorf("%s: %w", Folder, err)
		}
	}
	o.found = map[string]objstore.Object{}
	entries := make([]Entry, len(list))
	for i, e := range list {
		entries[i] = Entry{Name: path.Base(strings.ReplaceAll(e.URI, `\`, "/")), Size: e.Size}
		o.found[entries[i].Name] = e
	}
	return entries, nil
}

func (o *objects) Read(ctx context.Context, e Entry) ([]byte, error) {
	return o.access.Content(ctx, o.found[e.Name])
}

// Files lists the files of a table's latest version, in the form that [objstore.Inputs] needs.
func Files(ctx context.Context, access objstore.Access, table objstore.Table) ([]objstore.TableFile, error) {
	s, err := Latest(ctx, &objects{access: access, table: table})
	if err != nil {
		return nil, err
	}
	files := make([]objstore.TableFile, len(s.Files))
	for i, f := range s.Files {
		p, absolute, err := Path(f.Path)
		if err != nil {
			return nil, err
		}
		files[i] = objstore.TableFile{Path: p, Absolute: absolute}
		for _, v := range s.Partitions(f) {
			files[i].Values = append(files[i].Values, objstore.Value{Name: v.Name, Text: v.Value, Null: v.Null, Type: cmp.Or(v.Type, "string")})
		}
	}
	return files, nil
}
