package main

import (
	"io"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/io/publish"
	"tripstats/io/sheets"
	"tripstats/transforms/query"
)

// writeWorkbook writes tables as sheets of a workbook.
func writeWorkbook(w io.Writer, tables []publish.Output, batches []arrow.RecordBatch) error {
	var all []sheets.Sheet
	for i, rows := range batches {
		columns, err := answerColumns(rows)
		if err != nil {
			return err
		}
		sheet := sheets.Sheet{Name: tables[i].Table, Rows: cells(columns, int(rows.NumRows()))}
		for _, c := range columns {
			sheet.Columns = append(sheet.Columns, c.name)
		}
		all = append(all, sheet)
	}
	return sheets.Write(w, all)
}

// cells yields the rows of columns.
func cells(columns []answerColumn, rows int) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for row := range rows {
			values := make([]any, len(columns))
			for c, column := range columns {
				values[c] = column.cell(column.value(row))
			}
			if !yield(values) {
				return
			}
		}
	}
}

// cell returns a value of the column as a cell. Numbers that a spreadsheet cannot store exactly become text.
func (c answerColumn) cell(v query.Value) any {
	switch {
	case v.IsNull:
		return nil
	case c.typ.Kind == query.Boolean:
		return v.Int != 0
	case c.typ.Kind == query.Integer, c.typ.Kind == query.BigInt:
		return v.Int
	case c.typ.Kind == query.Double:
		return v.Float
	case c.typ.Kind == query.Date:
		return sheets.Date(v.Int)
	}
	return c.typ.Format(v)
}
