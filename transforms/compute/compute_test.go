package compute

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/query"
	"tripstats/transforms/query/querytest"
	"tripstats/transforms/trip"
)

// parse checks an expression over trips. It is nil if the text is refused.
func parse(text string) *query.Expr {
	q, err := query.ParseQuery("test", "SELECT "+text+" AS x FROM trips LIMIT 1")
	if err != nil {
		return nil
	}
	return q.Columns[0].Expr
}

func mustParse(tb testing.TB, text string) *query.Expr {
	tb.Helper()
	q, err := query.ParseQuery("test", "SELECT "+text+" AS x FROM trips LIMIT 1")
	if err != nil {
		tb.Fatal(err)
	}
	return q.Columns[0].Expr
}

// expressionsOf are those that a query computes of single trips.
func expressionsOf(q *query.Query) []*query.Expr {
	list := slices.Clone(q.Keys)
	if q.Where != nil {
		list = append(list, q.Where)
	}
	for _, a := range q.Aggregates {
		list = append(list, a.Args...)
		if a.Filter != nil {
			list = append(list, a.Filter)
		}
	}
	return list
}

// questions are those that users ask, where they are at hand.
func questions(tb testing.TB) []*query.Query {
	tb.Helper()
	data := os.Getenv("TRIPSTATS_DATA")
	text, err := os.ReadFile(filepath.Join(data, "..", "query", "questions.sql"))
	if data == "" || err != nil {
		tb.Skipf("SKIPPED: no questions: %v (TRIPSTATS_DATA says where the real data are)", err)
	}
	all, err := query.ParseTables("questions.sql", string(text))
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// kind says what the values of a random batch are like.
type kind int

const (
	ordinary kind = iota
	nulls
	extremes
	kinds
)

// randomBatch makes rows like those of files. Null rows have the value zero.
func randomBatch(rng *rand.Rand, rows int, k kind) *trip.Batch {
	b := &trip.Batch{Source: "random.parquet", Taxi: []string{"yellow", "green", ""}[rng.IntN(3)], Rows: rows}
	for f := range b.Columns {
		c := &b.Columns[f]
		c.Values = make([]int64, rows)
		noNull := k == ordinary || rng.IntN(4) == 0
		for i := range c.Values {
			if !noNull && rng.IntN(6) == 0 {
				if c.Valid == nil {
					c.Valid = make([]byte, (rows+7)/8)
					for j := range c.Valid {
						c.Valid[j] = 0xff
					}
				}
				c.Valid[i>>3] &^= 1 << (i & 7)
				c.Nulls++
				continue
			}
			c.Values[i] = randomValue(rng, trip.Fields[f].Type, k)
		}
	}
	return b
}

func randomValue(rng *rand.Rand, t trip.Type, k kind) int64 {
	pick := func(v ...int64) int64 { return v[rng.IntN(len(v))] }
	extreme := k == extremes && rng.IntN(20) == 0
	switch t {
	case trip.Time:
		if extreme {
			return pick(math.MaxInt64, math.MinInt64, math.MinInt64+1, -1, 0, 951_782_399_999_999, -62_135_596_800_000_000, rng.Int64()-1<<62, bias, -bias)
		}
		const first = 1_700_000_000 * microsPerSecond
		return pick(first+rng.Int64N(60*microsPerDay), first+rng.Int64N(3)*microsPerHour, 1_230_768_000_000_000+rng.Int64N(1e10))
	case trip.Span:
		if extreme {
			return pick(math.MaxInt64, math.MinInt64, -1, 0)
		}
		return rng.Int64N(7200)*microsPerSecond - 60*microsPerSecond
	case trip.Measure:
		if extreme {
			return pick(math.MaxInt64, math.MinInt64, math.MinInt64+1, 1<<53+1, -1<<53-1, 100_000_000_000_000, -100_000_000_000_000, rng.Int64()-1<<62, 1, 0)
		}
		return pick(12_500_000, rng.Int64N(100_000_000), rng.Int64N(100)*2_500_000, -rng.Int64N(50_000_000), 0)
	case trip.Zone:
		if extreme {
			return pick(0, -1, 266, math.MaxInt32, math.MinInt32)
		}
		return pick(1, 132, 264, 265, 1+rng.Int64N(265), 56, 57)
	case trip.Code:
		if extreme {
			return pick(-1, 99, 127, 128, math.MaxInt64, math.MinInt64)
		}
		return pick(0, 1, 2, 3, 4, 5)
	case trip.Flag:
		return rng.Int64N(2)
	}
	return rng.Int64N(24)
}

// randomRows is a selection of rows, or nil for all.
func randomRows(rng *rand.Rand, n int) []int32 {
	share := rng.IntN(4)
	if share == 0 {
		return nil
	}
	rows := []int32{}
	for i := range n {
		if rng.IntN(4) < share {
			rows = append(rows, int32(i))
		}
	}
	return rows
}

// compareWithReference runs a program and compares each expression with what query.Expr.Eval says row by row. It returns how many
// expressions kernels computed.
func compareWithReference(t *testing.T, p *Program, texts []string, b *trip.Batch, rows []int32) (byKernels int) {
	t.Helper()
	all := rows
	if rows == nil {
		all = []int32{}
		for row := range b.Rows {
			all = append(all, int32(row))
		}
	}
	err := p.Run(b, rows)
	for i, e := range p.exprs {
		v := p.Vector(i)
		if err == nil && (v.Rows != len(all) || v.Type != e.Type) {
			t.Fatalf("%s: found %d rows of %s, expected %d of %s", texts[i], v.Rows, v.Type, len(all), e.Type)
		}
		for at, row := range all {
			want, failed := e.Eval(func(c *query.Expr) (query.Value, error) { return p.leaf(b, int(row), c) })
			if failed != nil {
				if want := b.Where(int(row)) + ": " + failed.Error(); err == nil || err.Error() != want {
					t.Fatalf("%s: found error %v, expected %s", texts[i], err, want)
				}
				return byKernels
			}
			if err != nil {
				continue
			}
			if got := v.Value(at); !equal(e.Type, got, want) {
				t.Fatalf("%s: found %s in row %d of %d, expected %s (slow: %t, trip %s)", texts[i], e.Type.Format(got), at, len(all), e.Type.Format(want), p.wasSlow[i], shown(b, int(row)))
			}
		}
		if err == nil && !p.wasSlow[i] {
			byKernels++
		}
	}
	if err != nil {
		t.Fatalf("%v: found the error %v, expected none", texts, err)
	}
	return byKernels
}

// equal tells whether two values are the same, the sign of a zero too.
func equal(t query.Type, a, b query.Value) bool {
	if a.IsNull || b.IsNull {
		return a.IsNull == b.IsNull
	}
	return t.Compare(a, b) == 0 && (a.Float != 0 || math.Signbit(a.Float) == math.Signbit(b.Float))
}

func shown(b *trip.Batch, row int) string {
	var s []string
	for f := range b.Columns {
		v := "NULL"
		if !b.Columns[f].IsNull(row) {
			v = fmt.Sprint(b.Columns[f].Values[row])
		}
		s = append(s, trip.Fields[f].Name+" "+v)
	}
	return b.Taxi + ": " + strings.Join(s, ", ")
}

// TestKernelsComputeWhatExpressionsMean compares random expressions. Each program computes several batches, so that what is left of one
// in memory would be seen in the next.
func TestKernelsComputeWhatExpressionsMean(t *testing.T) {
	programs := 700
	if os.Getenv("TRIPSTATS_SOAK") != "" {
		programs = 40_000
	}
	rng := rand.New(rand.NewPCG(3, uint64(programs)))
	g := querytest.Generator{Rand: rng}
	computed, byKernels := 0, 0
	for n := range programs {
		var texts []string
		var exprs []*query.Expr
		for count := 1 + rng.IntN(8); len(exprs) < count; {
			text := g.Any(rng.IntN(5))
			if e := parse(text); e != nil {
				texts, exprs = append(texts, text), append(exprs, e)
			}
		}
		p := Compile(exprs)
		k := kind(n % int(kinds))
		for range 3 {
			b := randomBatch(rng, rng.IntN(70), k)
			computed += len(exprs)
			byKernels += compareWithReference(t, p, texts, b, randomRows(rng, b.Rows))
		}
	}
	t.Logf("%d of %d expressions and batches by kernels", byKernels, computed)
}

// TestListedExpressionsMeanTheSame compares the expressions that the front end compares with DuckDB, each in a program of its own.
func TestListedExpressionsMeanTheSame(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "query", "testdata", "expressions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(8, 9))
	var batches []*trip.Batch
	for k := range kinds {
		batches = append(batches, randomBatch(rng, 67, k), randomBatch(rng, 1, k), randomBatch(rng, 0, k), randomBatch(rng, 120, k))
	}
	var slow []string
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		p := Compile([]*query.Expr{mustParse(t, line)})
		if p.RowByRow(0) {
			slow = append(slow, line)
		}
		for _, b := range batches {
			compareWithReference(t, p, []string{line}, b, nil)
			compareWithReference(t, p, []string{line}, b, randomRows(rng, b.Rows))
		}
	}
	t.Logf("row by row: %q", slow)
}

// TestKernelsComputeAllQuestions runs the expressions of the questions and of the queries that are compared with DuckDB over rows like
// those of files.
func TestKernelsComputeAllQuestions(t *testing.T) {
	t.Run("questions", func(t *testing.T) {
		for _, q := range questions(t) {
			testKernelsCompute(t, q)
		}
	})
	text, err := os.ReadFile(filepath.Join("..", "query", "testdata", "queries.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if line != "" && !strings.HasPrefix(line, "--") {
			if q, err := query.ParseQuery("queries.sql", line); err == nil {
				testKernelsCompute(t, q)
			}
		}
	}
}

func testKernelsCompute(t *testing.T, q *query.Query) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	exprs := expressionsOf(q)
	p := Compile(exprs)
	texts := make([]string, len(exprs))
	for i := range texts {
		texts[i] = fmt.Sprintf("expression %d of %s", i, q)
	}
	for _, k := range []kind{ordinary, nulls} {
		b := randomBatch(rng, 500, k)
		if n := compareWithReference(t, p, texts, b, nil); n != len(exprs) {
			t.Errorf("%s: kernels computed %d of %d expressions", q, n, len(exprs))
		}
	}
}
