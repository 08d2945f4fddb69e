package aggregate

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/element"
)

// The accumulators and their key are bytes to a runner: see element.CompactList and element.EncodeRow.

func init() {
	for _, fn := range []any{encodeSource, decodeSource, encodeState, decodeState, encodeBlock, decodeBlock} {
		beam.RegisterFunction(fn)
	}
	beam.RegisterType(reflect.TypeFor[Source]())
	beam.RegisterType(reflect.TypeFor[State]())
	beam.RegisterType(reflect.TypeFor[Block]())
	beam.RegisterCoder(reflect.TypeFor[Source](), encodeSource, decodeSource)
	beam.RegisterCoder(reflect.TypeFor[State](), encodeState, decodeState)
	beam.RegisterCoder(reflect.TypeFor[Block](), encodeBlock, decodeBlock)
}

func encodeSource(s Source) ([]byte, error) { return element.CompactOne(s) }
func decodeSource(b []byte) (Source, error) { return element.ExpandOne[Source](b) }
func encodeState(s State) ([]byte, error)   { return s.AppendBinary(nil) }
func decodeState(b []byte) (s State, err error) {
	err = s.UnmarshalBinary(b)
	return s, err
}
func encodeBlock(b Block) ([]byte, error) { return element.EncodeRow(b) }
func decodeBlock(b []byte) (Block, error) { return element.DecodeRow[Block](b) }
