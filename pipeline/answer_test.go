package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// answered has a column of each type. Row 0 has plain values, row 1 odd ones, row 2 others, and row 3 only NULLs.
func answered(t *testing.T) arrow.RecordBatch {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "i32", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		{Name: "i64", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "dec", Type: &arrow.Decimal128Type{Precision: 38, Scale: 6}, Nullable: true},
		{Name: "whole", Type: &arrow.Decimal128Type{Precision: 38}, Nullable: true},
		{Name: "part", Type: &arrow.Decimal128Type{Precision: 2, Scale: 2}, Nullable: true},
		{Name: "dbl", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: `a "text", ä`, Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
		{Name: "is", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	number := func(s string) decimal128.Num {
		n, err := decimal128.FromString(s, 38, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	at := time.Date(2024, 1, 31, 13, 5, 59, 0, time.UTC)
	huge := strings.Repeat("9", 38)
	b.Field(0).(*array.Int32Builder).AppendValues([]int32{12, math.MinInt32, 0}, nil)
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{-7, math.MaxInt64, 0}, nil)
	b.Field(2).(*array.Decimal128Builder).AppendValues([]decimal128.Num{number("12500000"), number(huge), number("-1")}, nil)
	b.Field(3).(*array.Decimal128Builder).AppendValues([]decimal128.Num{number("3"), number("-" + huge), number("0")}, nil)
	b.Field(4).(*array.Decimal128Builder).AppendValues([]decimal128.Num{number("25"), number("-5"), number("0")}, nil)
	b.Field(5).(*array.Float64Builder).AppendValues([]float64{0.1, math.NaN(), 1e300}, nil)
	b.Field(6).(*array.StringBuilder).AppendValues([]string{"plain", "a \"b\",\nc\u009b<", ""}, nil)
	b.Field(7).(*array.Date32Builder).AppendValues([]arrow.Date32{arrow.Date32FromTime(at), 0, -1}, nil)
	b.Field(8).(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{arrow.Timestamp(at.UnixMicro()), arrow.Timestamp(at.UnixMicro() + 120), 0}, nil)
	b.Field(9).(*array.BooleanBuilder).AppendValues([]bool{true, false, true}, nil)
	for _, f := range b.Fields() {
		f.AppendNull()
	}
	return b.NewRecordBatch()
}

// written is an answer in a form.
func written(t *testing.T, as string, rows arrow.RecordBatch) string {
	t.Helper()
	var b bytes.Buffer
	if err := writeAnswer(&b, as, rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// answeredCells are the values of answered as CSV has them; NULLs are "".
var answeredCells = [][]string{
	{"i32", "i64", "dec", "whole", "part", "dbl", `a "text", ä`, "day", "at", "is"},
	{"12", "-7", "12.500000", "3", ".25", "0.1", "plain", "2024-01-31", "2024-01-31 13:05:59", "true"},
	{"-2147483648", "9223372036854775807", strings.Repeat("9", 32) + ".999999", "-" + strings.Repeat("9", 38), "-.05", "nan", "a \"b\",\nc\u009b<", "1970-01-01", "2024-01-31 13:05:59.00012", "false"},
	{"0", "0", "-0.000001", "0", ".00", "1e+300", "", "1969-12-31", "1970-01-01 00:00:00", "true"},
	{"", "", "", "", "", "", "", "", "", ""},
}

func TestAnAnswerAsCSV(t *testing.T) {
	rows := answered(t)
	text := written(t, "csv", rows)
	found, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(answeredCells) {
		t.Fatalf("found %d lines, expected %d", len(found), len(answeredCells))
	}
	for i, want := range answeredCells {
		for c := range want {
			if found[i][c] != want[c] {
				t.Errorf("row %d, column %s: found %q, expected %q", i, answeredCells[0][c], found[i][c], want[c])
			}
		}
	}
	for _, want := range []string{`""` + ",1969-12-31", "\n,,,,,,,,,\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("found\n%s\nexpected %q in it: an empty text is quoted, a NULL is not", text, want)
		}
	}
	if strings.Contains(text, "\r") {
		t.Error("found a carriage return, expected lines that end with a line feed alone")
	}
}

func TestAnAnswerAsTable(t *testing.T) {
	text := written(t, "table", answered(t))
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("found\n%s\nexpected five lines", text)
	}
	for _, want := range []string{"NULL", "         12  ", " 12.500000  ", "  plain        2024-01-31  2024-01-31 13:05:59        true"} {
		if !strings.Contains(text, want) {
			t.Errorf("found\n%s\nexpected %q in it", text, want)
		}
	}
	if strings.Contains(text, "\u009b") || !strings.Contains(lines[2], `a "b", c <`) {
		t.Errorf("found\n%s\nexpected spaces for control characters", text)
	}
	end := strings.Index(lines[0], "i32") + len("i32")
	for _, l := range lines {
		if l[end:end+2] != "  " || l[end-1] == ' ' {
			t.Errorf("found %q, expected numbers to the right", l)
		}
	}
}

func TestAnAnswerAsLinesOfJSON(t *testing.T) {
	want := []string{
		`{"i32":12,"i64":-7,"dec":12.500000,"whole":3,"part":0.25,"dbl":0.1,"a \"text\", ä":"plain","day":"2024-01-31","at":"2024-01-31T13:05:59","is":true}`,
		`{"i32":-2147483648,"i64":9223372036854775807,"dec":` + strings.Repeat("9", 32) + `.999999,"whole":-` + strings.Repeat("9", 38) +
			`,"part":-0.05,"dbl":null,"a \"text\", ä":"a \"b\",\nc` + "\u009b" + `<","day":"1970-01-01","at":"2024-01-31T13:05:59.00012","is":false}`,
		`{"i32":0,"i64":0,"dec":-0.000001,"whole":0,"part":0.00,"dbl":1e+300,"a \"text\", ä":"","day":"1969-12-31","at":"1970-01-01T00:00:00","is":true}`,
		`{"i32":null,"i64":null,"dec":null,"whole":null,"part":null,"dbl":null,"a \"text\", ä":null,"day":null,"at":null,"is":null}`,
	}
	found := strings.Split(strings.TrimSuffix(written(t, "jsonl", answered(t)), "\n"), "\n")
	if len(found) != len(want) {
		t.Fatalf("found %d lines, expected %d", len(found), len(want))
	}
	for i := range want {
		if found[i] != want[i] {
			t.Errorf("found\n%s\nexpected\n%s", found[i], want[i])
		}
		if !json.Valid([]byte(found[i])) {
			t.Errorf("found %s, expected JSON", found[i])
		}
	}
}

func TestAnAnswerAsArrow(t *testing.T) {
	rows := answered(t)
	r, err := ipc.NewReader(strings.NewReader(written(t, "arrow", rows)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if !r.Next() || !array.RecordEqual(r.RecordBatch(), rows) && !nearlyEqual(r.RecordBatch(), rows) || !r.Schema().Equal(rows.Schema()) {
		t.Errorf("found\n%v\nexpected\n%v", r.RecordBatch(), rows)
	}
	if r.Next() || r.Err() != nil {
		t.Errorf("found more, or %v, expected one batch", r.Err())
	}
}

// nearlyEqual takes NaN as equal to itself.
func nearlyEqual(a, b arrow.RecordBatch) bool {
	return array.RecordApproxEqual(a, b, array.WithNaNsEqual(true), array.WithAbsTolerance(0))
}

// TestAnAnswerWithoutRows has names all the same, but for JSON.
func TestAnAnswerWithoutRows(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "taxi", Type: arrow.BinaryTypes.String}, {Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	rows := b.NewRecordBatch()
	for as, want := range map[string]string{"table": "taxi  n\n", "csv": "taxi,n\n", "jsonl": ""} {
		if found := written(t, as, rows); found != want {
			t.Errorf("%s: found %q, expected %q", as, found, want)
		}
	}
	if r, err := ipc.NewReader(strings.NewReader(written(t, "arrow", rows))); err != nil || !r.Schema().Equal(schema) {
		t.Errorf("arrow: found %v, expected the schema", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestAnAnswerThatCannotBeWrittenIsAnError(t *testing.T) {
	rows := answered(t)
	for _, as := range answerNames() {
		if err := writeAnswer(full{}, as, rows); err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("%s: found %v, expected the error of the writer", as, err)
		}
	}
	if err := writeAnswer(full{}, "xml", rows); err == nil || !strings.Contains(err.Error(), "table or csv or jsonl or arrow") {
		t.Errorf("found %v, expected the forms there are", err)
	}
	odd := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.Null}}, nil), []arrow.Array{array.NewNull(1)}, 1)
	if err := writeAnswer(full{}, "csv", odd); err == nil || !strings.Contains(err.Error(), "column x") {
		t.Errorf("found %v, expected an error about the type", err)
	}
}

// TestDuckDBReadsAnAnswer compares what DuckDB reads from each form, where Python has it.
func TestDuckDBReadsAnAnswer(t *testing.T) {
	python := filepath.Join("..", ".venv", "bin", "python")
	if p := os.Getenv("TRIPSTATS_PYTHON"); p != "" {
		python = p
	}
	if out, err := exec.Command(python, "-c", "import duckdb").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: no DuckDB: %v %s (make .venv/ready installs it, TRIPSTATS_PYTHON says where else it is)", err, out)
	}
	dir, rows := t.TempDir(), answered(t)
	for _, as := range []string{"csv", "jsonl"} {
		text := written(t, as, rows)
		if as == "jsonl" { // DuckDB reads numbers of JSON as doubles, which have no 38 digits: the line of these is left out
			lines := strings.SplitAfter(text, "\n")
			text = lines[0] + lines[2] + lines[3]
		}
		if err := os.WriteFile(filepath.Join(dir, as), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const script = `
import duckdb, sys
types = dict(zip(duckdb.sql("SELECT * FROM read_csv('csv', all_varchar=true)").columns,
                 ['INTEGER', 'BIGINT', 'DECIMAL(38,6)', 'DECIMAL(38,0)', 'DECIMAL(2,2)', 'DOUBLE', 'VARCHAR', 'DATE', 'TIMESTAMP', 'BOOLEAN']))
csv = duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM read_csv('csv', types={types}, allow_quoted_nulls=false, header=true)").fetchall()
lines = duckdb.sql(f"SELECT COLUMNS(*)::VARCHAR FROM read_json('jsonl', format='newline_delimited', columns={types})").fetchall()
assert duckdb.sql(f"FROM read_csv('csv', types={types}, auto_detect=true)").columns == list(types)
for name, found in [('csv', csv), ('jsonl', lines)]:
    for row in found:
        print(name, *[('NULL' if v is None else repr(v)) for v in row], sep='|')
`
	cmd := exec.Command(absolute(python), "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var want strings.Builder
	for _, as := range []string{"csv", "jsonl"} {
		for i, row := range answeredCells[1:] {
			if as == "jsonl" && i == 1 {
				continue
			}
			cells := []string{as}
			for _, cell := range row {
				switch {
				case i == 3:
					cell = "NULL"
				case strings.Contains(cell, "\n"):
					cell = `'a "b",\nc\x9b<'`
				default:
					cell = "'" + cell + "'"
				}
				cells = append(cells, cell)
			}
			want.WriteString(strings.Join(cells, "|") + "\n")
		}
	}
	if string(out) != want.String() {
		t.Errorf("found\n%s\nexpected\n%s", out, want.String())
	}
}
