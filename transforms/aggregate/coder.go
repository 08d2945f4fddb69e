package aggregate

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/element"
)

// The accumulators and their key are bytes to a runner: see element.EncodeRow.

func init() {
	for _, fn := range []any{encodeSource, decodeSource, encodeMonth, decodeMonth, encodeZones, decodeZones, encodeKey, decodeKey} {
		beam.RegisterFunction(fn)
	}
	beam.RegisterType(reflect.TypeFor[Source]())
	beam.RegisterType(reflect.TypeFor[Month]())
	beam.RegisterType(reflect.TypeFor[Zones]())
	beam.RegisterType(reflect.TypeFor[Key]())
	beam.RegisterCoder(reflect.TypeFor[Source](), encodeSource, decodeSource)
	beam.RegisterCoder(reflect.TypeFor[Month](), encodeMonth, decodeMonth)
	beam.RegisterCoder(reflect.TypeFor[Zones](), encodeZones, decodeZones)
	beam.RegisterCoder(reflect.TypeFor[Key](), encodeKey, decodeKey)
}

func encodeSource(s Source) ([]byte, error) { return element.EncodeRow(s) }
func decodeSource(b []byte) (Source, error) { return element.DecodeRow[Source](b) }
func encodeMonth(m Month) ([]byte, error)   { return element.EncodeRow(m) }
func decodeMonth(b []byte) (Month, error)   { return element.DecodeRow[Month](b) }
func encodeZones(z Zones) ([]byte, error)   { return element.EncodeRow(z) }
func decodeZones(b []byte) (Zones, error)   { return element.DecodeRow[Zones](b) }
func encodeKey(k Key) ([]byte, error)       { return element.EncodeRow(k) }
func decodeKey(b []byte) (Key, error)       { return element.DecodeRow[Key](b) }
