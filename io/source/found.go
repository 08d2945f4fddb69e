package source

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[foundFn]())
	register.Emitter1[element.Found]()
}

// Found puts matched files into the pipeline.
//
// Found returns a PCollection<element.Found>.
func Found(s beam.Scope, files []element.Found) beam.PCollection {
	s = s.Scope("source.Found")
	fn := &foundFn{}
	for part := range slices.Chunk(files, sharedFiles) {
		b, err := element.CompactList(part)
		if err != nil {
			panic(fmt.Sprintf("source: files cannot be coded: %v", err)) // no content of the files causes this
		}
		fn.Lists = append(fn.Lists, b)
	}
	return beam.ParDo(s, fn, beam.Impulse(s))
}

// foundFn holds the files in compact lists, because they stay in memory while the pipeline runs.
type foundFn struct{ Lists [][]byte }

func (fn *foundFn) ProcessElement(_ []byte, emit func(element.Found)) error {
	for _, b := range fn.Lists {
		files, err := element.ExpandList[element.Found](b)
		if err != nil {
			return err
		}
		for _, f := range files {
			emit(f)
		}
	}
	return nil
}
