package parquetio

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[piecesFn]())
	register.Iter1[element.File]()
}

// Pieces cuts the files where Read would split them, for runners that deal elements out to their workers, and
// restrictions with them: the largest piece first, so that those who are dealt every nth have about the same bytes.
//
// Pieces transforms a PCollection<element.File> into a PCollection<element.File>.
func Pieces(s beam.Scope, files beam.PCollection) beam.PCollection {
	s = s.Scope("parquetio.Pieces")
	return beam.ParDo(s, &piecesFn{}, beam.Impulse(s), beam.SideInput{Input: files})
}

type piecesFn struct{}

func (fn *piecesFn) ProcessElement(_ []byte, next func(*element.File) bool, emit func(element.File)) {
	var files []element.File
	for {
		var f element.File
		if !next(&f) {
			break
		}
		files = append(files, f)
	}
	for _, f := range piecesOf(files) {
		emit(f)
	}
}

// piecesOf are the pieces of all files, by bytes, descending.
func piecesOf(files []element.File) []element.File {
	var pieces []element.File
	for _, f := range files {
		for _, r := range splitRowGroups(allRowGroups(f), f.RowGroupBytes, minSplitBytes, maxSplits) {
			f.Piece = element.Range{Start: int(r.Start), End: int(r.End)}
			pieces = append(pieces, f)
		}
	}
	slices.SortFunc(pieces, func(a, b element.File) int {
		return cmp.Or(cmp.Compare(bytesOf(b), bytesOf(a)), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Piece.Start, b.Piece.Start))
	})
	return pieces
}

func bytesOf(piece element.File) int64 {
	total := int64(0)
	for _, n := range piece.RowGroupBytes[piece.Piece.Start:piece.Piece.End] {
		total += n
	}
	return total
}

// Restrictions is into how many pieces Read splits a file.
func Restrictions(f element.File) int {
	return len(splitRowGroups(allRowGroups(f), f.RowGroupBytes, minSplitBytes, maxSplits))
}
