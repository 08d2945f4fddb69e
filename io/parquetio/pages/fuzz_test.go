package pages_test

import (
	"bytes"
	"testing"
)

// FuzzChunkAgainstArrow changes bytes of column chunks. If our decoder accepts a chunk, arrow-go must read the same values.
func FuzzChunkAgainstArrow(f *testing.F) {
	all := forms()
	names := []string{"few values, some null", "many values, required", "few values, runs of nulls", "one value", "many values, some null"}
	files := map[[2]int][]byte{}
	for i := range names {
		for j := range all {
			files[[2]int{i, j}] = write(f, columns(300)[names[i]], all[j])
			f.Add(byte(i), byte(j), []byte{})
			f.Add(byte(i), byte(j), []byte{0, 30, 1, 0, 3, 7})
		}
	}
	f.Add(byte(41), byte(1), []byte{0, 29, 0x31, 0, 30, 7}) // in the statistics, a list of no elements of a type that there is not
	f.Fuzz(func(t *testing.T, name, form byte, changes []byte) {
		data := bytes.Clone(files[[2]int{int(name) % len(names), int(form) % len(all)}])
		chunk, typ := chunkOf(t, data)
		for ; len(changes) >= 3; changes = changes[3:] { // place and what to flip, within the chunk
			at := (int64(changes[0])<<8 | int64(changes[1])) % chunk.Size
			data[chunk.Off+at] ^= changes[2]
		}
		got, valid, _, err := both(data, chunk, typ, 128, false, &unlimited{left: 256 << 20})
		byCode, validByCode, _, codeErr := both(data, chunk, typ, 128, true, &unlimited{left: 256 << 20})
		if (err == nil) != (codeErr == nil) {
			t.Fatalf("%v: by values %v, by codes %v", all[int(form)%len(all)], err, codeErr)
		}
		if err != nil {
			return // arrow-go is asked then
		}
		if i := differ(got, byCode, valid, validByCode); i >= 0 {
			t.Fatalf("%v: row %d differs by its code", all[int(form)%len(all)], i)
		}
		want, wantValid, err := theirs(data)
		if err != nil {
			t.Fatalf("%v: we read %d rows, arrow-go says %v", all[int(form)%len(all)], len(got), err)
		}
		if i := differ(got, want, valid, wantValid); i >= 0 {
			t.Fatalf("%v: of %d rows, arrow-go %d, row %d differs", all[int(form)%len(all)], len(got), len(want), i)
		}
	})
}
