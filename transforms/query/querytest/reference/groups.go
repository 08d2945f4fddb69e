// Package reference computes queries by what their parts mean, one trip after the other. Tests compare others with it.
package reference

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"tripstats/transforms/query"
)

// Grouped computes a grouped query of trips by what its parts mean, one trip after the other. A trip has a value for each of query.Columns.
func Grouped(q *query.Query, trips [][]query.Value) ([][]query.Value, error) {
	type group struct {
		query.Group
		trips [][]query.Value
	}
	var order []string
	groups := map[string]*group{}
	if len(q.Keys) == 0 {
		groups[""], order = &group{}, []string{""}
	}
	for _, trip := range trips {
		leaf := func(e *query.Expr) (query.Value, error) { return trip[e.Index], nil }
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
		keys := make([]query.Value, len(q.Keys))
		for i, k := range q.Keys {
			v, err := k.Eval(leaf)
			if err != nil {
				return nil, err
			}
			keys[i] = oneZero(v)
			text := k.Type.Format(keys[i])
			name.WriteString(strconv.FormatBool(v.IsNull) + strconv.Itoa(len(text)) + ":" + text)
		}
		g := groups[name.String()]
		if g == nil {
			g = &group{Group: query.Group{Keys: keys}}
			groups[name.String()], order = g, append(order, name.String())
		}
		g.trips = append(g.trips, trip)
	}
	var finished []query.Group
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

// oneZero makes both zeros one.
func oneZero(v query.Value) query.Value {
	if v.Float == 0 {
		v.Float = 0
	}
	return v
}

// counting returns the arguments of an aggregate in the trips that count.
func counting(a query.Aggregate, trips [][]query.Value) ([][]query.Value, error) {
	var rows [][]query.Value
	for _, trip := range trips {
		leaf := func(e *query.Expr) (query.Value, error) { return trip[e.Index], nil }
		if a.Filter != nil {
			if v, err := a.Filter.Eval(leaf); err != nil {
				return nil, err
			} else if !v.True() {
				continue
			}
		}
		row, missing := []query.Value{}, false
		for _, arg := range a.Args {
			v, err := arg.Eval(leaf)
			if err != nil {
				return nil, err
			}
			if a.Func.Name != "sum" {
				v = oneZero(v)
			}
			row, missing = append(row, v), missing || v.IsNull
		}
		if !missing {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

var null = query.Value{IsNull: true}

func aggregateOf(a query.Aggregate, trips [][]query.Value) (query.Value, error) {
	rows, err := counting(a, trips)
	if err != nil {
		return null, err
	}
	if a.Func.Name == "count" && !a.Distinct {
		return query.Value{Int: int64(len(rows))}, nil
	}
	t := a.Args[0].Type
	slices.SortStableFunc(rows, func(x, y []query.Value) int { return t.Compare(x[0], y[0]) })
	n := len(rows)
	switch {
	case a.Func.Name == "count":
		rows = slices.CompactFunc(rows, func(x, y []query.Value) bool { return t.Compare(x[0], y[0]) == 0 })
		return query.Value{Int: int64(len(rows))}, nil
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
		_, rest := place.DivMod(place, query.Power(a.Fraction.Scale), new(big.Int))
		index := int(place.Int64())
		if rest.Sign() == 0 && index > 0 {
			index--
		}
		return rows[index][0], nil
	case "median", "quantile_cont":
		place := float64(n-1) * a.Fraction.Float()
		low, high := rows[int(math.Floor(place))][0], rows[int(math.Ceil(place))][0]
		return t.Between(a.Type, low, high, place-math.Floor(place))
	}
	return sumOf(a, rows)
}

// sumOf is a sum or an average.
func sumOf(a query.Aggregate, rows [][]query.Value) (query.Value, error) {
	t, n := a.Args[0].Type, int64(len(rows))
	sum := new(big.Rat)
	var floats query.FloatSum
	finite := true
	for _, r := range rows {
		if t.Kind == query.Double {
			floats.Add(r[0].Float)
			if finite = finite && !math.IsNaN(r[0].Float) && !math.IsInf(r[0].Float, 0); finite {
				sum.Add(sum, new(big.Rat).SetFloat64(r[0].Float))
			}
		} else {
			sum.Add(sum, new(big.Rat).SetInt(t.Exact(r[0])))
		}
	}
	switch {
	case t.Kind == query.Double && (!finite || a.Func.Name == "sum"):
		return query.Value{Float: floats.Sum()}, nil
	case a.Func.Name == "sum":
		return a.Type.FromExact(sum.Num())
	}
	unit := new(big.Int).Mul(query.Power(t.Scale), big.NewInt(n))
	f, _ := sum.Quo(sum, new(big.Rat).SetInt(unit)).Float64()
	return query.Value{Float: f}, nil
}
