package element

import "github.com/apache/arrow-go/v18/arrow"

// ValueType says what the values of a leaf column are, physical and logical type taken together.
type ValueType int32

// The types of values. Whatever this program cannot use is Unsupported.
const (
	Unsupported ValueType = iota
	Null                  // logical type Null (UNKNOWN): nothing but nulls, whatever the physical type
	Int32
	Int64
	Uint32
	Uint64
	Float32
	Float64
	String // BYTE_ARRAY, with or without a string annotation
	TimestampMillis
	TimestampMicros
	TimestampNanos
	TimestampMillisUTC // the UTC ones are adjusted to UTC
	TimestampMicrosUTC
	TimestampNanosUTC
	Int96   // nanoseconds of the day and Julian day, as Impala and Spark write timestamps
	Decimal // whole numbers of a unit of 10 to the power of minus the column's scale
)

// Int96Type is how an INT96 column travels in an Arrow record: 12 bytes as in the file.
var Int96Type = &arrow.FixedSizeBinaryType{ByteWidth: 12}

var arrowTypes = map[ValueType]arrow.DataType{
	Null:               arrow.Null,
	Int32:              arrow.PrimitiveTypes.Int32,
	Int64:              arrow.PrimitiveTypes.Int64,
	Uint32:             arrow.PrimitiveTypes.Uint32,
	Uint64:             arrow.PrimitiveTypes.Uint64,
	Float32:            arrow.PrimitiveTypes.Float32,
	Float64:            arrow.PrimitiveTypes.Float64,
	String:             arrow.BinaryTypes.String,
	TimestampMillis:    &arrow.TimestampType{Unit: arrow.Millisecond},
	TimestampMicros:    &arrow.TimestampType{Unit: arrow.Microsecond},
	TimestampNanos:     &arrow.TimestampType{Unit: arrow.Nanosecond},
	TimestampMillisUTC: &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"},
	TimestampMicrosUTC: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
	TimestampNanosUTC:  &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
	Int96:              Int96Type,
}

// Arrow returns the Arrow type in which a column of this type travels, or nil for Unsupported. That of a Decimal depends on the column:
// see [Column.Arrow].
func (t ValueType) Arrow() arrow.DataType { return arrowTypes[t] }

// IsTime tells whether the type is a point in time.
func (t ValueType) IsTime() bool { return t >= TimestampMillis && t <= Int96 }

// IsUTC tells whether the type is a timestamp adjusted to UTC.
func (t ValueType) IsUTC() bool { return t >= TimestampMillisUTC && t <= TimestampNanosUTC }

// IsNumber tells whether the type is an integer, a floating-point number or a decimal.
func (t ValueType) IsNumber() bool { return t >= Int32 && t <= Float64 || t == Decimal }

// MostDigits is the largest precision of a decimal that is read.
const MostDigits = 76

// Arrow returns the Arrow type in which a column travels, or nil for Unsupported.
func (c Column) Arrow() arrow.DataType {
	switch {
	case c.Type != Decimal:
		return c.Type.Arrow()
	case c.Precision > 38:
		return &arrow.Decimal256Type{Precision: c.Precision, Scale: c.Scale}
	}
	return &arrow.Decimal128Type{Precision: c.Precision, Scale: c.Scale}
}
