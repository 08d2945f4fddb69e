package query

import (
	"reflect"
	"strings"
	"testing"
)

// TestBuiltAndParsedQueriesAreEqual builds queries in Go that stand as text beside them.
func TestBuiltAndParsedQueriesAreEqual(t *testing.T) {
	amount, taxi := Col("total_amount"), Col("taxi")
	for _, c := range []struct {
		built *Frame
		text  string
	}{
		{
			Trips().Aggregate(nil, CountAll().As("n")),
			"SELECT count(*) AS n FROM trips",
		},
		{
			Trips().
				Filter(Col("fare_amount").Is(">", Int(0)), amount.IsNull().Not()).
				Aggregate([]Item{taxi.As(""), Col("YEAR").As("")}, Fn("median", Col("fare_amount")).As("m"), Fn("quantile_cont", amount, Number("0.05")).As("p05"),
					Fn("count", amount).Distinct().As("prices")).
				Having(CountAll().Is(">=", Int(10))).
				Sort(Desc(Col("m")).NullsFirst(), Asc(taxi)).Limit(5),
			`SELECT taxi, year, median(fare_amount) AS m, quantile_cont(total_amount, 0.05) AS p05, count(DISTINCT total_amount) AS prices FROM trips
			WHERE fare_amount > 0 AND total_amount IS NOT NULL GROUP BY taxi, year HAVING count(*) >= 10 ORDER BY m DESC NULLS FIRST, taxi LIMIT 5`,
		},
		{
			Trips().Aggregate([]Item{taxi.As("")},
				Fn("sum", Col("tip_amount")).Is("/", Fn("sum", amount)).As("share"),
				CountAll().Where(Col("pickup_hour").Between(Int(6), Int(9)).Or(Bool(false), Col("pickup_zone").ILike("%air%"))).As("morning"),
				CountAll().Is("/", Fn("sum", CountAll()).Over([]Term{taxi}, Asc(Fn("max", Col("year"))))).As("s"),
				Fn("lag", CountAll(), Int(1), Int(0)).Over(nil, Desc(taxi)).As("l"),
				Fn("max", Case(NoValue(), taxi.Like("y%").And(taxi.In(Text("yellow"), Text("x"))), Int(-1).Negative())).As("c"),
				Fn("min", amount.Cast("decimal(10,2)")).As("cents"),
				Fn("max", Fn("least", Day("2024-01-31"), Time("2024-01-31 10:00"))).As("d")),
			`SELECT taxi, sum(tip_amount) / sum(total_amount) AS share, count(*) FILTER (WHERE pickup_hour BETWEEN 6 AND 9 OR FALSE OR pickup_zone ILIKE '%air%') AS morning,
			count(*) / sum(count(*)) OVER (PARTITION BY taxi ORDER BY max(year)) AS s, lag(count(*), 1, 0) OVER (ORDER BY taxi DESC) AS l,
			max(CASE WHEN taxi LIKE 'y%' AND taxi IN ('yellow', 'x') THEN -(-1) ELSE NULL END) AS c, min(CAST(total_amount AS DECIMAL(10,2))) AS cents,
			max(least(DATE '2024-01-31', TIMESTAMP '2024-01-31 10:00')) AS d FROM trips GROUP BY taxi`,
		},
	} {
		got, err := c.built.Query("t")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		want, err := ParseTables("t.sql", c.text)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []*Query{got, want[0]} {
			q.Place, q.unfolded = "", nil // what constants are made of may differ
			forgetPlaces(reflect.ValueOf(q), map[uintptr]bool{})
		}
		if !reflect.DeepEqual(got, want[0]) {
			t.Errorf("found\n%s\nexpected\n%s", got, want[0])
		}
	}
}

// forgetPlaces clears the places of all expressions below a value.
func forgetPlaces(v reflect.Value, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] || v.Type() == reflect.TypeFor[*Function]() {
			return
		}
		seen[v.Pointer()] = true
		if e, ok := v.Interface().(*Expr); ok {
			e.off = 0
			for _, a := range e.Args {
				forgetPlaces(reflect.ValueOf(a), seen)
			}
			return
		}
		forgetPlaces(v.Elem(), seen)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				forgetPlaces(v.Field(i), seen)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			forgetPlaces(v.Index(i), seen)
		}
	}
}

func TestWhatIsBuiltWronglyIsSaid(t *testing.T) {
	deep := Col("tip_amount")
	for range maxLevels {
		deep = deep.Is("+", Int(1))
	}
	for _, c := range []struct {
		built *Frame
		want  string
	}{
		{Trips(), "no column"},
		{Trips().Aggregate(nil, CountAll().As("n"), Fn("sum", Col("tip_amout")).As("s")), "did you mean tip_amount?"},
		{Trips().Aggregate(nil, CountAll().As("")), "expected AS"},
		{Trips().Select(Col("taxi").As("")), "without GROUP BY"},
		{Trips().Aggregate(nil, Fn("sum", Col("tip_amount").Is("^", Int(2))).As("s")), "found ^, expected a function"},
		{Trips().Aggregate(nil, Fn("sum", Col("tip_amount").Cast("money")).As("s")), "found cast to money"},
		{Trips().Aggregate(nil, Fn("sum", Number("1,5")).As("s")), "found 1,5"},
		{Trips().Aggregate(nil, Fn("sum", deep).As("s")), "more than 100 levels"},
		{Trips().Aggregate(nil, CountAll().As("n")).Limit(-1), "found -1"},
	} {
		if _, err := c.built.Query("t"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "table t: ") {
			t.Errorf("found %v, expected %q", err, c.want)
		}
	}
}
