package element

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
)

// Plain returns an array with the values of a dictionary array in its rows, and any other array as it is. Its
// memory is Go's: that it is released is good for a count only.
func Plain(a arrow.Array) (arrow.Array, error) {
	d, ok := a.(*array.Dictionary)
	if !ok {
		a.Retain()
		return a, nil
	}
	values, err := compute.TakeArray(context.Background(), d.Dictionary(), d.Indices())
	if err != nil {
		return nil, fmt.Errorf("element: the values of a dictionary array: %w", err)
	}
	return values, nil
}

// PlainRecord returns rec with arrays as [Plain] makes them.
func PlainRecord(rec arrow.RecordBatch) (arrow.RecordBatch, error) {
	fields, arrays := rec.Schema().Fields(), make([]arrow.Array, rec.NumCols())
	for i, c := range rec.Columns() {
		a, err := Plain(c)
		if err != nil {
			return nil, err
		}
		defer a.Release()
		arrays[i], fields[i].Type = a, a.DataType()
	}
	meta := rec.Schema().Metadata()
	return array.NewRecordBatch(arrow.NewSchema(fields, &meta), arrays, rec.NumRows()), nil
}
