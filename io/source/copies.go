package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// FindCopies sets the digest of each file that has the same content as another file. files[i] is the file of objects[i].
//
// It compares files of the same size of which one has no month, and parts of one dataset. Other copies need no digest: two files of one
// taxi and month are found by their month. Files of one table are not compared with each other, because the log of the table says that each
// of them counts. Few files are read: only files of the same size whose last bytes are the same.
func FindCopies(ctx context.Context, access objstore.Access, objects []objstore.Object, files []element.Found) error {
	groups, compared := map[string][]int{}, map[string]bool{}
	var order []string
	add := func(key string, i int, compare bool) {
		compared[key] = compared[key] || compare
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], i)
	}
	for i, f := range files {
		if f.Refused != "" || f.Size == 0 {
			continue
		}
		add(fmt.Sprint(f.Size), i, f.Month == element.NoMonth)
		if f.Dataset != "" {
			add(fmt.Sprint(f.Size, " ", f.Dataset), i, true)
		}
	}
	tails := map[int]string{} // a file may be in two groups
	tail := func(i int) (sum string, err error) {
		sum, known := tails[i]
		if !known {
			sum, err = digest(ctx, access, files[i], max(0, files[i].Size-endBytes))
			tails[i] = sum
		}
		return sum, err
	}
	whole := func(i int) (string, error) {
		if sum := files[i].Digest; sum != "" {
			return sum, nil
		}
		return digest(ctx, access, files[i], 0)
	}
	for _, key := range order { // so that of several faults the same one is reported each time
		if !compared[key] {
			continue
		}
		alike, err := parted(objects, groups[key], tail)
		if err != nil {
			return err
		}
		for _, end := range slices.Sorted(maps.Keys(alike)) {
			same, err := parted(objects, alike[end], whole)
			if err != nil {
				return err
			}
			for sum, copies := range same {
				for _, i := range copies {
					files[i].Digest = sum
				}
			}
		}
	}
	return nil
}

// parted groups files by the result of the function of. It drops groups that have one file, or only files of one table.
func parted(objects []objstore.Object, group []int, of func(int) (string, error)) (map[string][]int, error) {
	several := func(group []int) bool {
		first := objects[group[0]].Table
		return len(group) > 1 && (first == "" || slices.ContainsFunc(group, func(i int) bool { return objects[i].Table != first }))
	}
	parts := map[string][]int{}
	if !several(group) {
		return nil, nil
	}
	for _, i := range group {
		sum, err := of(i)
		if err != nil {
			return nil, err
		}
		parts[sum] = append(parts[sum], i)
	}
	maps.DeleteFunc(parts, func(_ string, part []int) bool { return !several(part) })
	return parts, nil
}

// endBytes is how many bytes at the end of files are compared before whole files are read. In parquet these have the footer.
const endBytes = 64 << 10

// digest returns the SHA-256 of the content of a file from an offset on.
func digest(ctx context.Context, access objstore.Access, f element.Found, from int64) (sum string, err error) {
	r, err := open(ctx, access, f)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	h := sha256.New()
	buffer := make([]byte, min(4<<20, f.Size-from))
	if _, err := io.CopyBuffer(h, io.NewSectionReader(r, from, f.Size-from), buffer); err != nil {
		return "", fault.Inputf("%s: reading it, because a file of its size may be a copy: %v", f.Source, objstore.Reason(err))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
