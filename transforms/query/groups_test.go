package query

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tripstats/transforms/query/querytest"
)

// run computes a grouped query of trips by what its parts mean, one trip after the other.
func run(q *Query, trips [][]Value) ([][]Value, error) {
	type group struct {
		Group
		trips [][]Value
	}
	var order []string
	groups := map[string]*group{}
	if len(q.Keys) == 0 {
		groups[""], order = &group{}, []string{""}
	}
	for _, trip := range trips {
		leaf := func(e *Expr) (Value, error) { return trip[e.Index], nil }
		if q.Where != nil {
			v, err := q.Where.Eval(leaf)
			if err != nil {
				return nil, err
			}
			if !v.True() {
				continue
			}
		}
		var name strings.Builder
		keys := make([]Value, len(q.Keys))
		for i, k := range q.Keys {
			v, err := k.Eval(leaf)
			if err != nil {
				return nil, err
			}
			if v.Float == 0 {
				v.Float = 0 // one zero
			}
			keys[i] = v
			text := k.Type.Format(v)
			name.WriteString(strconv.FormatBool(v.IsNull) + strconv.Itoa(len(text)) + ":" + text)
		}
		g := groups[name.String()]
		if g == nil {
			g = &group{Group: Group{Keys: keys}}
			groups[name.String()], order = g, append(order, name.String())
		}
		g.trips = append(g.trips, trip)
	}
	var finished []Group
	for _, name := range order {
		g := groups[name]
		for _, a := range q.Aggregates {
			v, err := aggregateOf(a, g.trips)
			if err != nil {
				return nil, err
			}
			g.Aggregates = append(g.Aggregates, v)
		}
		finished = append(finished, g.Group)
	}
	return q.Finish(finished)
}

// aggregateOf computes an aggregate of the trips of a group.
func aggregateOf(a Aggregate, trips [][]Value) (Value, error) {
	var rows [][]Value // the arguments in the trips that count
	for _, trip := range trips {
		leaf := func(e *Expr) (Value, error) { return trip[e.Index], nil }
		if a.Filter != nil {
			if v, err := a.Filter.Eval(leaf); err != nil {
				return null, err
			} else if !v.True() {
				continue
			}
		}
		row, missing := []Value{}, false
		for _, arg := range a.Args {
			v, err := arg.Eval(leaf)
			if err != nil {
				return null, err
			}
			row, missing = append(row, v), missing || v.IsNull
		}
		if !missing {
			rows = append(rows, row)
		}
	}
	if a.Func.Name == "count" && !a.Distinct {
		return intValue(int64(len(rows))), nil
	}
	t := a.Args[0].Type
	slices.SortStableFunc(rows, func(x, y []Value) int { return t.Compare(x[0], y[0]) })
	n := len(rows)
	switch {
	case a.Func.Name == "count":
		rows = slices.CompactFunc(rows, func(x, y []Value) bool { return t.Compare(x[0], y[0]) == 0 })
		return intValue(int64(len(rows))), nil
	case n == 0:
		return null, nil
	}
	switch a.Func.Name {
	case "min":
		return rows[0][0], nil
	case "max":
		return rows[n-1][0], nil
	case "arg_min", "arg_max":
		sign, best := 1, rows[0]
		if a.Func.Name == "arg_max" {
			sign = -1
		}
		for _, r := range rows {
			if a.Args[1].Type.Compare(r[1], best[1])*sign < 0 {
				best = r
			}
		}
		return best[0], nil
	case "quantile_disc":
		place := new(big.Int).Mul(big.NewInt(int64(n)), big.NewInt(a.Fraction.Digits))
		_, rest := place.DivMod(place, powersOfTen[a.Fraction.Scale], new(big.Int))
		index := int(place.Int64())
		if rest.Sign() == 0 && index > 0 {
			index--
		}
		return rows[index][0], nil
	case "median", "quantile_cont":
		place := float64(n-1) * a.Fraction.Float()
		low, high := rows[int(math.Floor(place))][0], rows[int(math.Ceil(place))][0]
		return between(t, a.Type, low, high, place-math.Floor(place))
	}
	if t.Kind == Double {
		var sum FloatSum
		for _, r := range rows {
			sum.Add(r[0].Float)
		}
		if a.Func.Name == "avg" {
			return floatValue(sum.Sum() / float64(n)), nil
		}
		return floatValue(sum.Sum()), nil
	}
	sum := new(big.Int)
	for _, r := range rows {
		sum.Add(sum, toBig(t, r[0]))
	}
	if a.Func.Name == "avg" {
		f, _ := new(big.Rat).SetFrac(sum, new(big.Int).Mul(powersOfTen[t.Scale], big.NewInt(int64(n)))).Float64()
		return floatValue(f), nil
	}
	return fromBig(a.Type, sum)
}

// between is the value between two in proportion.
func between(t, to Type, low, high Value, part float64) (Value, error) {
	switch {
	case to.Kind == Double:
		a, err := convert(t, to, low)
		b, err2 := convert(t, to, high)
		if part == 0 {
			return a, errors.Join(err, err2)
		}
		return floatValue(a.Float + (b.Float-a.Float)*part), errors.Join(err, err2)
	case to.Kind == Timestamp:
		a, err := convert(t, to, low)
		b, err2 := convert(t, to, high)
		return intValue(a.Int + int64(float64(b.Int-a.Int)*part)), errors.Join(err, err2)
	}
	d := new(big.Float).SetInt(new(big.Int).Sub(high.Big, low.Big))
	whole, _ := d.Mul(d, big.NewFloat(part)).Int(nil)
	return bigValue(whole.Add(whole, low.Big)), nil
}

// compareGroups compares grouped queries with DuckDB: doubles within 1e-9, decimals between two others within their last digit, rows in
// any order unless they are cut.
func compareGroups(t *testing.T, d *duckdb, texts []string) {
	t.Helper()
	var accepted []string
	var queries []*Query
	for _, sql := range texts {
		q, err := ParseQuery("test", sql)
		if err != nil {
			t.Logf("refused: %s\n  %v", sql, err)
			continue
		}
		accepted, queries = append(accepted, sql), append(queries, q)
	}
	if len(accepted) < len(texts)*3/4 {
		t.Errorf("%d of %d queries are accepted", len(accepted), len(texts))
	}
	failures, rows := 0, 0
	for i, a := range d.ask(t, accepted) {
		q := queries[i]
		found, err := run(q, d.rows)
		switch {
		case (err != nil) != (a.Error != ""):
			t.Errorf("%s\n  found %v\n  expected DuckDB's %v", accepted[i], err, a.Error)
			continue
		case err != nil:
			failures++
			continue
		}
		rows += len(found)
		compareFinished(t, accepted[i], q, found, a)
	}
	t.Logf("%d queries accepted of %d, %d rows, %d have no value", len(accepted), len(texts), rows, failures)
}

func compareFinished(t *testing.T, sql string, q *Query, found [][]Value, a answer) {
	t.Helper()
	var got, want [][]string
	for _, row := range found {
		var texts []string
		for i, v := range row {
			texts = append(texts, shown(formatted(q.Columns[i].Expr.Type, v)))
		}
		got = append(got, texts)
	}
	for _, row := range a.Rows {
		var texts []string
		for _, v := range row {
			texts = append(texts, shown(v))
		}
		want = append(want, texts)
	}
	for i, c := range q.Columns {
		if c.Expr.Type.String() != a.Types[i] {
			t.Errorf("%s\n  found type %s of %s, expected DuckDB's %s", sql, c.Expr.Type, c.Name, a.Types[i])
			return
		}
	}
	if len(q.Order) == 0 {
		slices.SortFunc(got, slices.Compare)
		slices.SortFunc(want, slices.Compare)
	}
	if len(got) != len(want) {
		t.Errorf("%s\n  found %d rows, expected DuckDB's %d", sql, len(got), len(want))
		return
	}
	for r := range got {
		for i := range got[r] {
			if !alike(q.Columns[i].Expr.Type, got[r][i], want[r][i]) {
				t.Errorf("%s\n  found %v\n  expected DuckDB's %v", sql, got[r], want[r])
				return
			}
		}
	}
}

func alike(t Type, a, b string) bool {
	if a == b {
		return true
	}
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if t.Kind == Decimal {
		return err == nil && err2 == nil && math.Abs(x-y) <= 1.01*math.Pow10(-t.Scale)
	}
	if t.Kind == Timestamp { // between two others
		p, ok := parseTimestamp(a)
		q, ok2 := parseTimestamp(b)
		return ok && ok2 && p-q >= -1 && p-q <= 1
	}
	return t.Kind == Double && err == nil && err2 == nil && math.Abs(x-y) <= 1e-9*math.Max(math.Abs(x), math.Abs(y))
}

// groupTrips are trips of which each has a time of its own, so that arg_min and arg_max have one answer.
func groupTrips(t *testing.T) [][]Value {
	rows := randomTrips(t, rand.New(rand.NewPCG(11, 12)), 200, false)
	for i, row := range rows {
		row[columnNames()["dropoff_datetime"]] = intValue(1_700_000_000*microsPerSecond + int64(i)*7_654_321)
		row[columnNames()["pickup_datetime"]] = intValue(1_700_000_000*microsPerSecond - int64(i%9)*microsPerDay*5 - int64(i%5)*microsPerHour)
		setSpans(row)
		for c := range Columns {
			if Columns[c].Derived != "" {
				v, err := Derivation(c).Eval(func(e *Expr) (Value, error) { return row[e.Index], nil })
				if err != nil {
					t.Fatal(err)
				}
				row[c] = v
			}
		}
	}
	return rows
}

func TestGroupedQueriesMeanWhatTheyMeanInDuckDB(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "queries.sql"))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, text := range strings.Split(string(b), ";") {
		if strings.TrimSpace(text) != "" {
			texts = append(texts, text)
			if _, err := ParseQuery("queries.sql", text); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	compareGroups(t, withDuckDB(t, groupTrips(t)), texts)
}

// TestRandomQueriesMeanWhatTheyMeanInDuckDB generates queries with keys, aggregates, filters, windows, orders and limits.
func TestRandomQueriesMeanWhatTheyMeanInDuckDB(t *testing.T) {
	n := 100
	if os.Getenv("TRIPSTATS_SOAK") != "" {
		n = 2_000
	}
	g := generator{rand.New(rand.NewPCG(13, uint64(n)))}
	var texts []string
	for range n {
		texts = append(texts, querytest.Generator{Rand: g.Rand}.Query())
	}
	compareGroups(t, withDuckDB(t, groupTrips(t)), texts)
}
