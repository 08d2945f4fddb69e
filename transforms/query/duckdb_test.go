package query

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/transforms/query/querytest"
)

// The derived columns in DuckDB's words, where those are not the dialect's own.
var derivedInDuckDB = map[string]string{
	"trip_duration_minutes": "(epoch_us(dropoff_datetime) - epoch_us(pickup_datetime)) / 6e7",
	"trip_duration_seconds": "(epoch_us(dropoff_datetime) - epoch_us(pickup_datetime)) / 1e6",
	"wait_minutes":          "(epoch_us(pickup_datetime) - epoch_us(request_datetime)) / 6e7",
	"speed_mph": `case when dropoff_datetime > pickup_datetime then trip_distance::double /
		((epoch_us(dropoff_datetime) - epoch_us(pickup_datetime)) / 36e8) end`,
	"pickup_zone": "p.zone", "pickup_borough": "p.borough", "pickup_service_zone": "p.service_zone",
	"dropoff_zone": "d.zone", "dropoff_borough": "d.borough", "dropoff_service_zone": "d.service_zone",
	"is_refund": "coalesce(total_amount < 0, false)",
}

// duckdb is a table of trips in DuckDB and here.
type duckdb struct {
	python string
	rows   [][]Value // by Columns
}

// answer is what DuckDB says to a query.
type answer struct {
	Types []string
	Rows  [][]*string
	Error string
}

// withDuckDB skips the test where DuckDB is absent.
func withDuckDB(t *testing.T, rows [][]Value) *duckdb {
	t.Helper()
	python := os.Getenv("TRIPSTATS_PYTHON")
	if python == "" {
		python = filepath.Join("..", "..", ".venv", "bin", "python")
	}
	if err := exec.Command(python, "-c", "import duckdb").Run(); err != nil {
		var missing *exec.ExitError
		if errors.Is(err, fs.ErrNotExist) || errors.As(err, &missing) {
			t.Skipf("SKIPPED: no DuckDB: %s: %v (make .venv/ready installs it, TRIPSTATS_PYTHON says where else it is)", python, err)
		}
		t.Fatal(err)
	}
	return &duckdb{python, rows}
}

// ask has DuckDB answer queries.
func (d *duckdb) ask(t *testing.T, queries []string) []answer {
	t.Helper()
	in := struct {
		Zones   string      `json:"zones"`
		Columns [][2]string `json:"columns"`
		Rows    [][]*string `json:"rows"`
		Derived [][2]string `json:"derived"`
		Queries []string    `json:"queries"`
	}{Zones: filepath.Join("..", "newyork", "taxi_zone_lookup.csv"), Queries: queries, Rows: [][]*string{}}
	for _, c := range Columns {
		switch sql := derivedInDuckDB[c.Name]; {
		case c.hidden:
		case sql != "":
			in.Derived = append(in.Derived, [2]string{c.Name, sql})
		case c.Derived != "":
			in.Derived = append(in.Derived, [2]string{c.Name, c.Derived})
		default:
			in.Columns = append(in.Columns, [2]string{c.Name, c.Type.String()})
		}
	}
	for _, row := range d.rows {
		var texts []*string
		for i, c := range Columns {
			if !c.hidden && c.Derived == "" {
				texts = append(texts, formatted(c.Type, row[i]))
			}
		}
		in.Rows = append(in.Rows, texts)
	}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(d.python, filepath.Join("testdata", "oracle.py"))
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(b), &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var answers []answer
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

func formatted(t Type, v Value) *string {
	if v.IsNull {
		return nil
	}
	return new(t.Format(v))
}

func shown(s *string) string {
	if s == nil {
		return "NULL"
	}
	return strings.Replace(*s, "-nan", "nan", 1) // the sign of NaN depends on the machine
}

// setSpans sets the hidden columns with the time between two others.
func setSpans(row []Value) {
	for _, span := range [][3]string{{"trip_duration_micros", "pickup_datetime", "dropoff_datetime"}, {"wait_micros", "request_datetime", "pickup_datetime"}} {
		row[columnNames()[span[0]]] = null
		if from, to := row[columnNames()[span[1]]], row[columnNames()[span[2]]]; !from.IsNull && !to.IsNull {
			row[columnNames()[span[0]]] = intValue(to.Int - from.Int)
		}
	}
}

// randomTrips makes rows with nulls and ties, and with extremes if asked to. Derived columns follow from their derivations.
func randomTrips(t *testing.T, rng *rand.Rand, n int, extremes bool) [][]Value {
	t.Helper()
	rows := make([][]Value, n)
	for r := range rows {
		row := make([]Value, len(Columns))
		for i, c := range Columns {
			if c.Derived == "" {
				row[i] = randomValue(rng, c, extremes)
			}
		}
		setSpans(row)
		row[columnNames()["recorded_total_amount"]] = row[columnNames()["total_amount"]]
		for i, c := range Columns {
			if c.Derived != "" {
				v, err := Derivation(i).Eval(func(e *Expr) (Value, error) { return row[e.Index], nil })
				if err != nil {
					t.Fatal(c.Name, err)
				}
				row[i] = v
			}
		}
		rows[r] = row
	}
	return rows
}

func randomValue(rng *rand.Rand, c Column, extremes bool) Value {
	if rng.IntN(8) == 0 {
		return null
	}
	pick := func(ordinary int, v ...int64) Value {
		if !extremes {
			v = v[:ordinary]
		}
		return intValue(v[rng.IntN(len(v))])
	}
	switch {
	case c.Name == "taxi":
		return textValue([]string{"yellow", "green"}[rng.IntN(2)])
	case c.Type.Kind == Varchar:
		return textValue([]string{"Y", "N", "", "ä%_"}[rng.IntN(4)])
	case c.Type.Kind == Timestamp:
		const first = 1_700_000_000 * microsPerSecond
		return pick(2, first+rng.Int64N(60*microsPerDay), first+rng.Int64N(3)*microsPerHour, -1, 0, 951_782_399_999_999, -62_135_596_800_000_000)
	case c.Type.Kind == Decimal:
		v := pick(3, 12_500_000, rng.Int64N(100_000_000), rng.Int64N(100)*2_500_000, -rng.Int64N(50_000_000), 1, 100_000_000_000_000, -100_000_000_000_000, 0)
		return bigValue(toBig(bigint, v))
	case strings.HasSuffix(c.Name, "location_id"):
		return pick(5, 1, 132, 264, 265, 1+rng.Int64N(265), 0, 56, 57)
	}
	return pick(5, 3, 1, 2, 4, 5, 99, -1, 0)
}

// TestColumnsAreThoseOfDuckDB compares the values of SELECT *, those of derived columns too.
func TestColumnsAreThoseOfDuckDB(t *testing.T) {
	d := withDuckDB(t, randomTrips(t, rand.New(rand.NewPCG(1, 2)), 50, true))
	compareRows(t, d, []string{"*"}, 0)
}

// TestColumnsAreThoseOfTheView compares the columns with the view by which users compare with DuckDB, where that is at hand.
func TestColumnsAreThoseOfTheView(t *testing.T) {
	d := withDuckDB(t, nil)
	data := os.Getenv("TRIPSTATS_DATA")
	folder := filepath.Join(data, "..", "query")
	if _, err := os.Stat(filepath.Join(folder, "trips_view.py")); data == "" || err != nil {
		t.Skipf("SKIPPED: no view: %v (TRIPSTATS_DATA says where the real data are)", err)
	}
	cmd := exec.Command(d.python, "-c", `import glob, sys
sys.path.insert(0, sys.argv[1])
import trips_view
files = sorted(glob.glob(sys.argv[2] + "/raw_data/*/2025/*.parquet"))
for row in trips_view.connect(files, sys.argv[2] + "/zones/taxi_zone_lookup.csv").execute("describe trips").fetchall():
    print(row[0], row[1])`, folder, data)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		name, typ, _ := strings.Cut(line, " ")
		i, ok := columnNamed(name, false)
		if seen[name] = true; !ok || Columns[i].Name != name || Columns[i].Type.String() != typ {
			t.Errorf("the view has %s %s, which is not in Columns", name, typ)
		}
	}
	for _, c := range Columns {
		if !c.hidden && !seen[c.Name] && !strings.HasPrefix(c.Eras, "fhvhv") { // the view is of yellow and green trips
			t.Errorf("%s is not in the view", c.Name)
		}
	}
}

// compareRows compares the types and values of items of SELECT over single trips. Of those that this dialect refuses there may be
// at most a share.
func compareRows(t *testing.T, d *duckdb, items []string, mostRefused float64) {
	t.Helper()
	var accepted []string
	var queries []*Query
	refusals := map[string]string{}
	for _, item := range items {
		sql := "SELECT " + item + " FROM trips LIMIT 10000"
		if item != "*" {
			sql = "SELECT " + item + " AS x FROM trips LIMIT 10000"
		}
		q, err := ParseQuery("test", sql)
		if err != nil {
			refusals[item] = err.Error()
			continue
		}
		accepted, queries = append(accepted, sql), append(queries, q)
	}
	if share := float64(len(refusals)) / float64(len(items)); share > mostRefused {
		t.Errorf("%d of %d items are refused: %v", len(refusals), len(items), refusals)
	}
	errorsFound, skipped := 0, 0
	for i, a := range d.ask(t, accepted) {
		q := queries[i]
		rows, failed := rowsOf(q, d.rows)
		switch {
		case a.Error != "" && failed != nil:
			errorsFound++
		case (a.Error != "") != (failed != nil) && lazy(q):
			skipped++ // either may leave out what nothing depends on
		case a.Error != "":
			t.Errorf("%s\n  found %s\n  expected DuckDB's error %s", accepted[i], firstRow(rows), a.Error)
		case failed != nil:
			t.Errorf("%s\n  found the error %v\n  expected DuckDB's %v", accepted[i], failed, a.Types)
		default:
			compareTables(t, accepted[i], q, rows, a)
		}
	}
	if skipped > 2+len(accepted)/200 {
		t.Errorf("%d items of %d have no value here and one in DuckDB, or the other way about; expected few", skipped, len(accepted))
	}
	t.Logf("%d items accepted, %d of them have no value in some row, %d of them have none here or there, %d refused",
		len(accepted), errorsFound, skipped, len(refusals))
}

// lazy tells whether some of a query's expressions need not be computed in every row: an operand of AND, or of NULL.
func lazy(q *Query) bool {
	found := false
	for _, c := range q.Columns {
		c.Expr.walk(func(e *Expr) { found = found || e.Op == Call && e.Func.lazy != nil || e.isNull() })
	}
	return found
}

func firstRow(rows [][]*string) string {
	if len(rows) == 0 {
		return "no row"
	}
	return shown(rows[0][0])
}

// rowsOf computes the columns of a query over single trips.
func rowsOf(q *Query, trips [][]Value) (rows [][]*string, failed error) {
	for _, trip := range trips {
		leaf := func(e *Expr) (Value, error) { return trip[e.Index], nil }
		var row []*string
		for _, c := range q.Columns {
			v, err := c.Expr.Eval(leaf)
			if err != nil {
				return nil, err
			}
			row = append(row, formatted(c.Expr.Type, v))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func compareTables(t *testing.T, sql string, q *Query, rows [][]*string, a answer) {
	t.Helper()
	for i, c := range q.Columns {
		if c.Expr.Type.String() != a.Types[i] {
			t.Errorf("%s\n  found type %s of %s, expected DuckDB's %s", sql, c.Expr.Type, c.Name, a.Types[i])
			return
		}
	}
	if len(rows) != len(a.Rows) {
		t.Errorf("%s\n  found %d rows, expected DuckDB's %d", sql, len(rows), len(a.Rows))
		return
	}
	for r := range rows {
		for i := range rows[r] {
			if got, want := shown(rows[r][i]), shown(a.Rows[r][i]); got != want {
				t.Errorf("%s\n  found %s in row %d of %s, expected DuckDB's %s", sql, got, r, q.Columns[i].Name, want)
				return
			}
		}
	}
}

func TestExpressionsMeanWhatTheyMeanInDuckDB(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "expressions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, extremes := range []bool{false, true} {
		d := withDuckDB(t, randomTrips(t, rand.New(rand.NewPCG(3, 4)), 100, extremes))
		compareRows(t, d, strings.Split(strings.TrimSpace(string(b)), "\n"), 0)
	}
}

// TestRandomExpressionsMeanWhatTheyMeanInDuckDB generates expressions without regard to how operators bind.
func TestRandomExpressionsMeanWhatTheyMeanInDuckDB(t *testing.T) {
	n := 500
	if os.Getenv("TRIPSTATS_SOAK") != "" {
		n = 20_000
	}
	g := generator{rand.New(rand.NewPCG(7, uint64(n)))}
	for _, extremes := range []bool{false, true} {
		d := withDuckDB(t, randomTrips(t, rand.New(rand.NewPCG(5, 6)), 60, extremes))
		var items []string
		for range n {
			items = append(items, g.any(1+g.IntN(4)))
		}
		compareRows(t, d, items, 0.5)
	}
}

// generator makes random expressions.
type generator struct{ *rand.Rand }

func (g generator) any(depth int) string     { return querytest.Generator{Rand: g.Rand}.Any(depth) }
func (g generator) boolean(depth int) string { return querytest.Generator{Rand: g.Rand}.Boolean(depth) }
