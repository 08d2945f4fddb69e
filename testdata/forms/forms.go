// Package forms writes the same trips in every form in which people have them: text, other types, one file for several taxis, and folders.
// Tests check that all forms give the same tables, on every engine.
package forms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tripstats/testdata/tlcgen"
)

// Form is an input. All forms of the same trips have the same tables of trips.
type Form struct {
	Name  string
	Args  []string // --input, and what the form needs
	Trips string   // which trips it has
}

// Which trips a form has.
const (
	Yellow  = "yellow"
	Both    = "yellow and green"
	Minutes = "yellow, in whole minutes"
	Hired   = "high-volume for-hire vehicles"
)

var month = tlcgen.MonthOf(2019, 3)

// Write writes the forms into a folder.
func Write(ctx context.Context, dir string) ([]Form, error) {
	w := writer{ctx: ctx, dir: dir}
	yellow := tlcgen.Options{Taxi: tlcgen.Yellow, Month: month, Rows: 3_000, JobColumns: true}
	green := tlcgen.Options{Taxi: tlcgen.Green, Month: month, Rows: 1_000, JobColumns: true}

	w.file("parquet", Yellow, yellow)
	w.file("CSV", Yellow, text(yellow, tlcgen.CSV, tlcgen.Text{BOM: true, Lines: tlcgen.MixedLines, BlankLines: 1, StrayBlanks: 3, TrailingCommas: 2, Index: true, NotAvailable: true, Quoted: tlcgen.QuoteSome}))
	w.file("CSV.gz", Yellow, text(yellow, tlcgen.CSVGzip, tlcgen.Text{Lines: tlcgen.CRLF, Times: tlcgen.TimesT, Numbers: tlcgen.NumbersPython, Members: 2}))
	w.file("CSV with offsets", Yellow, text(yellow, tlcgen.CSV, tlcgen.Text{Times: tlcgen.TimesOffset, Quoted: tlcgen.QuoteAll}), "--utc=wall")
	w.file("CSV with months before days", Minutes, text(yellow, tlcgen.CSV, tlcgen.Text{Times: tlcgen.TimesMDY}))
	w.file("CSV.gz with days before months", Minutes, text(yellow, tlcgen.CSVGzip, tlcgen.Text{Times: tlcgen.TimesDMY}))
	hired := tlcgen.Options{Taxi: tlcgen.FHVHV, Month: month.Add(60), Rows: 2_000}
	w.file("fhvhv", Hired, hired)
	w.file("fhvhv as CSV", Hired, text(hired, tlcgen.CSV, tlcgen.Text{Lines: tlcgen.CRLF, Quoted: tlcgen.QuoteTexts}))
	strings := yellow
	strings.StringTimes = true
	w.file("times as text", Yellow, strings)
	w.file("a hive folder", Yellow, yellow, "year=2019/month=03/part-0.parquet")
	w.file("a folder of months", Yellow, yellow, "2019/03.parquet")
	w.delta(yellow)
	w.add(Both, "two files", func(dir string) ([]string, error) {
		return []string{"--input=" + dir}, errors.Join(w.generate(dir, yellow), w.generate(dir, green))
	})
	w.add(Both, "two taxis in a file", func(dir string) ([]string, error) {
		path := filepath.Join(dir, "trips_2019-03.csv")
		content, err := Together(w.ctx, "color", yellow, green)
		if err == nil {
			err = os.WriteFile(path, content, 0o644)
		}
		return []string{"--input=" + path}, err
	})
	return w.forms, w.err
}

// text returns the options of a CSV file.
func text(o tlcgen.Options, f tlcgen.Format, t tlcgen.Text) tlcgen.Options {
	o.Format, o.Text = f, t
	return o
}

type writer struct {
	ctx   context.Context
	dir   string
	forms []Form
	err   error
}

// add makes a folder for a form and has it filled.
func (w *writer) add(trips, name string, fill func(dir string) (args []string, err error)) {
	dir := filepath.Join(w.dir, strings.ReplaceAll(name, " ", "_"))
	err := os.MkdirAll(dir, 0o755)
	var args []string
	if err == nil {
		args, err = fill(dir)
	}
	if err != nil {
		w.err = errors.Join(w.err, fmt.Errorf("forms: %s: %w", name, err))
		return
	}
	w.forms = append(w.forms, Form{Name: name, Args: args, Trips: trips})
}

// file adds a form of one file. Of more, those that begin with -- are flags; another is the file's path in the folder that is the input.
func (w *writer) file(name, trips string, o tlcgen.Options, more ...string) {
	w.add(trips, name, func(dir string) ([]string, error) {
		path := filepath.Join(dir, o.Name())
		args := []string{"--input=" + path}
		for _, m := range more {
			if strings.HasPrefix(m, "--") {
				args = append(args, m)
				continue
			}
			path, args[0] = filepath.Join(dir, filepath.FromSlash(m)), "--input="+dir
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		_, err := tlcgen.WriteFile(w.ctx, path, o)
		return args, err
	})
}

func (w *writer) generate(dir string, o tlcgen.Options) error {
	_, err := tlcgen.WriteFile(w.ctx, filepath.Join(dir, o.Name()), o)
	return err
}

// delta adds a Delta table with the month as partition values, and a file that a later version has removed.
func (w *writer) delta(o tlcgen.Options) {
	w.add(Yellow, "a Delta folder", func(dir string) ([]string, error) {
		columns, err := o.Columns()
		if err != nil {
			return nil, err
		}
		partition := filepath.Join(dir, "year=2019", "month=3")
		old, live := o, "year=2019/month=3/part-00000-live.parquet"
		old.Seed++
		removed := "year=2019/month=3/part-00000-removed.parquet"
		if err := errors.Join(os.MkdirAll(partition, 0o755), os.MkdirAll(filepath.Join(dir, "_delta_log"), 0o755)); err != nil {
			return nil, err
		}
		for path, o := range map[string]tlcgen.Options{live: o, removed: old} {
			if _, err := tlcgen.WriteFile(w.ctx, filepath.Join(dir, filepath.FromSlash(path)), o); err != nil {
				return nil, err
			}
		}
		values := map[string]string{"year": "2019", "month": "3"}
		commits := [][]map[string]any{
			{
				{"protocol": map[string]any{"minReaderVersion": 1, "minWriterVersion": 2}},
				{"metaData": map[string]any{
					"id": "00000000-0000-0000-0000-000000000001", "format": map[string]any{"provider": "parquet", "options": map[string]any{}},
					"schemaString": deltaSchema(columns), "partitionColumns": []string{"year", "month"}, "configuration": map[string]any{},
				}},
				w.added(dir, removed, values),
			},
			{
				{"remove": map[string]any{"path": removed, "deletionTimestamp": 1, "dataChange": true}},
				w.added(dir, live, values),
			},
		}
		for version, actions := range commits {
			var log bytes.Buffer
			for _, action := range actions {
				line, err := json.Marshal(action)
				if err != nil {
					return nil, err
				}
				log.Write(append(line, '\n'))
			}
			if err := os.WriteFile(filepath.Join(dir, "_delta_log", fmt.Sprintf("%020d.json", version)), log.Bytes(), 0o644); err != nil {
				return nil, err
			}
		}
		return []string{"--input=" + dir}, nil
	})
}

// added is the action that adds a file.
func (w *writer) added(dir, path string, values map[string]string) map[string]any {
	size := int64(0)
	if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(path))); err == nil {
		size = info.Size()
	}
	return map[string]any{"add": map[string]any{"path": path, "partitionValues": values, "size": size, "modificationTime": 1, "dataChange": true}}
}

// deltaSchema is the schema of a Delta table with these columns and those of the partitions.
func deltaSchema(columns []tlcgen.Column) string {
	types := map[tlcgen.ColumnType]string{
		tlcgen.Int32: "integer", tlcgen.Int64: "long", tlcgen.Double: "double", tlcgen.Timestamp: "timestamp_ntz",
		tlcgen.String: "string", tlcgen.LargeString: "string", tlcgen.Null: "string",
	}
	var fields []map[string]any
	field := func(name, typ string) {
		fields = append(fields, map[string]any{"name": name, "type": typ, "nullable": true, "metadata": map[string]any{}})
	}
	for _, c := range columns {
		field(c.Name, types[c.Type])
	}
	field("year", "integer")
	field("month", "integer")
	schema, _ := json.Marshal(map[string]any{"type": "struct", "fields": fields}) // maps of text and numbers
	return string(schema)
}

// Together returns one CSV file with the trips of two taxis, by turns, and a column that names the taxi of each trip. The file has the
// column names of the first taxi.
func Together(ctx context.Context, column string, all ...tlcgen.Options) ([]byte, error) {
	var out bytes.Buffer
	var names []string // of the first
	var rows [][]string
	for _, o := range all {
		var file bytes.Buffer
		if _, err := tlcgen.Write(ctx, &file, text(o, tlcgen.CSV, tlcgen.Text{})); err != nil {
			return nil, err
		}
		lines := strings.Split(strings.TrimSuffix(file.String(), "\n"), "\n")
		header := strings.Split(strings.ReplaceAll(lines[0], "lpep_", "tpep_"), ",")
		if names == nil {
			names = header
		}
		var taxi []string
		for _, line := range lines[1:] {
			cells := strings.Split(line, ",")
			row := []string{string(o.Taxi)}
			for _, name := range names {
				row = append(row, cells[slices.Index(header, name)])
			}
			taxi = append(taxi, strings.Join(row, ","))
		}
		rows = append(rows, taxi)
	}
	fmt.Fprintf(&out, "%s,%s\n", column, strings.Join(names, ","))
	for i, more := 0, true; more; i++ {
		more = false
		for _, taxi := range rows {
			if i < len(taxi) {
				fmt.Fprintln(&out, taxi[i])
				more = true
			}
		}
	}
	return out.Bytes(), nil
}
