package source

import (
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

func TestPlacesSayColumnsMonthsAndDatasets(t *testing.T) {
	str := func(name, value string) element.Constant {
		return element.Constant{Name: name, Value: value, Type: element.String}
	}
	for _, c := range []struct {
		object             objstore.Object
		dataset, month, at string
		constants          []element.Constant
	}{
		{objstore.Object{URI: "/in/yellow_tripdata_2024-01.parquet", Name: "yellow_tripdata_2024-01.parquet"}, "", "2024-01", "", nil},
		{
			objstore.Object{URI: "gs://b/lake/color=green/year=2024/month=02/x.parquet", Name: "color=green/year=2024/month=02/x.parquet"},
			"color=green/year=2024/month=02", "2024-02", "year=2024/month=02",
			[]element.Constant{str("color", "green"), str("year", "2024"), str("month", "02")},
		},
		{ // the folder of the taxi is inside the folder of the month
			objstore.Object{URI: "/l/year=2024/month=02/color=green/day=1/x.parquet", Name: "year=2024/month=02/color=green/day=1/x.parquet"},
			"year=2024/month=02/color=green", "2024-02", "year=2024/month=02",
			[]element.Constant{str("year", "2024"), str("month", "02"), str("color", "green"), str("day", "1")},
		},
		{ // the keys are above the pattern's fixed prefix
			objstore.Object{URI: "https://host/year=2024/month=02/x.parquet?sig=a/b=c", Name: "x.parquet"},
			"year=2024/month=02", "2024-02", "year=2024/month=02",
			[]element.Constant{str("year", "2024"), str("month", "02")},
		},
		{
			objstore.Object{URI: "/l/city=a%2Fb/city=New%20York/zone=__HIVE_DEFAULT_PARTITION__/x.parquet", Name: "x.parquet"},
			"", "", "",
			[]element.Constant{str("city", "New York"), {Name: "zone", Null: true, Type: element.String}},
		},
		{
			objstore.Object{URI: "/l/t/x.parquet", Name: "t/year=2024/month=3/zone=4/x.parquet", Dataset: "t", Values: []objstore.Value{
				{Name: "year", Text: "2024", Type: "integer"},
				{Name: "month", Text: "3", Type: "long"},
				{Name: "zone", Text: "x", Type: "short"},
				{Name: "fare", Text: "1.5", Type: "double"},
				{Name: "note", Null: true, Type: "integer"},
				{Name: "text", Text: strings.Repeat("x", 2000), Type: "string"},
			}},
			"t/year=2024/month=3", "2024-03", "year=2024/month=3",
			[]element.Constant{
				{Name: "year", Value: "2024", Type: element.Int64},
				{Name: "month", Value: "3", Type: element.Int64},
				str("zone", "x"),
				{Name: "fare", Value: "1.5", Type: element.Float64},
				{Name: "note", Null: true, Type: element.Int64},
				{Name: "text", Value: strings.Repeat("x", 2000), Type: element.Unsupported},
			},
		},
		{
			objstore.Object{URI: "/l/trips_2024-01.parquet/color=green/part-0", Name: "trips_2024-01.parquet/color=green/part-0", Dataset: "trips_2024-01.parquet"},
			"trips_2024-01.parquet/color=green", "2024-01", "",
			[]element.Constant{str("color", "green")},
		},
		{objstore.Object{URI: "/l/trips_2024_01.parquet/part-202405", Name: "trips_2024_01.parquet/part-202405", Dataset: "trips_2024_01.parquet"}, "trips_2024_01.parquet", "2024-01", "2024_01", nil},
		{objstore.Object{URI: "/l/months.parquet/y_2024-05.parquet", Name: "months.parquet/y_2024-05.parquet", Dataset: "months.parquet"}, "", "2024-05", "", nil},
		{objstore.Object{URI: "/l/x.parquet/part-0", Name: "x.parquet/part-0", Dataset: "x.parquet"}, "x.parquet", "", "", nil},
	} {
		f := Files([]objstore.Object{c.object})[0]
		month := element.NoMonth
		if c.month != "" {
			month = Files([]objstore.Object{{Name: c.month}})[0].Month
		}
		if f.Dataset != c.dataset || f.Month != month || f.MonthFrom != c.at || !reflect.DeepEqual(f.Constants, c.constants) {
			t.Errorf("%s: found dataset %q, month %d from %q, constants %+v\nexpected %q, %s from %q, %+v", c.object.Name, f.Dataset, f.Month, f.MonthFrom, f.Constants, c.dataset, c.month, c.at, c.constants)
		}
	}
}

func TestNamesWithKeysStayDistinct(t *testing.T) {
	files := Files([]objstore.Object{{URI: "/a/year=2024/month=02/x.parquet", Name: "a/year=2024/month=02/x.parquet"}, {URI: "/b/year=2024/month=02/y.parquet", Name: "y.parquet"}})
	if files[0].Whole() != "a/year=2024/month=02" || files[1].Whole() != "year=2024/month=02" || files[1].Source != "year=2024/month=02/y.parquet" {
		t.Errorf("found %+v", files)
	}
	files = Files([]objstore.Object{{URI: "/a/year=2024/month=02/x.parquet", Name: "a"}, {URI: "/a/year=2024/month=02/y/z.parquet", Name: "z.parquet"}, {URI: "/b/year=2024/month=02/y/z.parquet", Name: "year=2024/month=02/y/z.parquet"}})
	if files[1].Source != "z.parquet" || files[1].Dataset != "" || files[2].Source != "year=2024/month=02/y/z.parquet" {
		t.Errorf("found %+v, expected the names that the objects have", files)
	}
}

// TestConstantsAreColumnsAfterThoseOfTheFile checks that formats see no constants, and that batches have them after the columns of the
// file.
func TestConstantsAreColumnsAfterThoseOfTheFile(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	d := withConstants(element.Described{
		Found: element.Found{Constants: []element.Constant{
			{Name: "A", Value: "9", Type: element.Int64}, // the file has a column of this name
			{Name: "zone", Value: "7", Type: element.Int64}, {Name: "color", Value: "green", Type: element.String}, {Name: "fare", Null: true, Type: element.Float64},
		}},
		Columns: []element.Column{{Name: "a", Type: element.Int64}, {Name: "b", Leaf: 1, Type: element.Int64}},
	})
	var names []string
	for _, c := range d.Columns {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "a b zone color fare" {
		t.Fatalf("found the columns %s", got)
	}
	f := element.Recognised{Described: d, Projection: []int{1, 2, 3, 4}}
	own, constants := inFile(f)
	if len(own.Columns) != 2 || !reflect.DeepEqual(own.Projection, []int{1}) || len(constants) != 3 || len(f.Columns) != 5 {
		t.Fatalf("found %+v of the file and %+v of its path", own, constants)
	}
	arrays := constantArrays{file: f, columns: constants}
	defer arrays.release()
	var schema *arrow.Schema
	for _, rows := range []int{3, 5, 2} {
		b := array.NewInt64Builder(mem)
		for i := range rows {
			b.Append(int64(i))
		}
		a := b.NewArray()
		if schema == nil {
			schema = arrow.NewSchema([]arrow.Field{{Name: "b", Type: a.DataType()}}, nil)
		}
		rec := array.NewRecordBatch(schema, []arrow.Array{a}, int64(rows))
		with := arrays.addTo(rec)
		last := rows - 1
		if with.NumCols() != 4 || with.NumRows() != int64(rows) || with.ColumnName(2) != "color" ||
			with.Column(0).ValueStr(last) != a.ValueStr(last) || with.Column(1).ValueStr(last) != "7" || with.Column(2).ValueStr(last) != "green" || !with.Column(3).IsNull(last) {
			t.Errorf("%d rows: found %v", rows, with)
		}
		with.Release()
		rec.Release()
		a.Release()
		b.Release()
	}
}
