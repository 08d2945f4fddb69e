package aggregate

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/element"
)

// The accumulators and their key are bytes to a runner: see element.EncodeRow.

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

// codedSource is a Source with its states in their binary form.
type codedSource struct {
	Source Source // without states
	Tables []string
	States [][]byte
}

func encodeSource(s Source) ([]byte, error) {
	var c codedSource
	for _, t := range s.States {
		b, err := t.State.AppendBinary(nil)
		if err != nil {
			return nil, err
		}
		c.Tables, c.States = append(c.Tables, t.Table), append(c.States, b)
	}
	c.Source = s
	c.Source.States = nil
	return element.EncodeRow(c)
}

func decodeSource(b []byte) (Source, error) {
	c, err := element.DecodeRow[codedSource](b)
	if err != nil {
		return Source{}, err
	}
	s := c.Source
	s.States = make([]TableState, len(c.Tables))
	for i, table := range c.Tables {
		s.States[i].Table = table
		if err := s.States[i].State.UnmarshalBinary(c.States[i]); err != nil {
			return Source{}, err
		}
	}
	return s, nil
}

func encodeState(s State) ([]byte, error) { return s.AppendBinary(nil) }
func decodeState(b []byte) (s State, err error) {
	err = s.UnmarshalBinary(b)
	return s, err
}
func encodeBlock(b Block) ([]byte, error) { return element.EncodeRow(b) }
func decodeBlock(b []byte) (Block, error) { return element.DecodeRow[Block](b) }
