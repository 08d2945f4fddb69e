package query

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// String returns the query as it was checked, as SQL: casts are written out, names are looked up, constants are folded.
// [Query.Checked] is the query before the last of these.
func (q *Query) String() string {
	var b strings.Builder
	if q.Name != "" {
		fmt.Fprintf(&b, "CREATE TABLE %s AS\n", q.Name)
	}
	for i, c := range q.Columns {
		fmt.Fprintf(&b, "%s%s AS %s", []string{"SELECT ", ",\n       "}[min(i, 1)], q.Text(c.Expr), quoteName(c.Name))
	}
	b.WriteString("\nFROM trips")
	clause := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "\n%s %s", name, text)
		}
	}
	if q.Where != nil {
		clause("WHERE", q.Text(q.Where))
	}
	keys := make([]string, len(q.Keys))
	for i, k := range q.Keys {
		keys[i] = q.Text(k)
		if k.Op == Literal { // only an item of SELECT can be a constant key; as text it would be a position
			keys[i] = strconv.Itoa(1 + slices.IndexFunc(q.Columns, func(c OutputColumn) bool { return c.Expr.Op == KeyRef && c.Expr.Index == i }))
		}
	}
	clause("GROUP BY", strings.Join(keys, ", "))
	if q.Having != nil {
		clause("HAVING", q.Text(q.Having))
	}
	clause("ORDER BY", q.orderOf(q.Order))
	if q.Limit != NoLimit {
		clause("LIMIT", fmt.Sprint(q.Limit))
	}
	return b.String()
}

// Text returns an expression of the query as SQL.
func (q *Query) Text(e *Expr) string {
	switch e.Op {
	case Literal:
		return literalText(e)
	case ColumnRef:
		return quoteName(Columns[e.Index].Name)
	case KeyRef:
		return q.Text(q.Keys[e.Index])
	case AggregateRef:
		return q.aggregateText(q.Aggregates[e.Index])
	case WindowRef:
		return q.windowText(q.Windows[e.Index])
	}
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = q.Text(a)
	}
	switch {
	case e.Type.Width > maxWidth: // a comparison is exact without the cast
		return args[0]
	case e.Func.Name == "cast":
		return fmt.Sprintf("CAST(%s AS %s)", args[0], e.Type)
	case e.Func.Name == "case":
		return caseOf(args)
	case e.Func.Class == Operator:
		return operatorText(e.Func.Name, args)
	}
	return e.Func.Name + "(" + strings.Join(args, ", ") + ")"
}

func caseOf(args []string) string {
	s, last := "CASE", len(args)-1
	for i := 0; i < last; i += 2 {
		s += " WHEN " + args[i] + " THEN " + args[i+1]
	}
	return s + " ELSE " + args[last] + " END"
}

func literalText(e *Expr) string {
	s := e.Type.Format(e.Value)
	switch {
	case e.Value.IsNull:
		return "CAST(NULL AS " + e.Type.String() + ")"
	case e.Type.Kind == Varchar:
		return quoteText(s)
	case e.Type.Width > maxWidth:
		return s
	case e.Type.isTime():
		return e.Type.String() + " " + quoteText(s)
	case e.Type.Kind == Boolean:
		return strings.ToUpper(s)
	case e.Type.Kind == Integer && e.Value.Int >= 0:
		return s
	}
	return "CAST(" + quoteText(s) + " AS " + e.Type.String() + ")"
}

func (q *Query) textsOf(list []*Expr) string {
	all := make([]string, len(list))
	for i, e := range list {
		all[i] = q.Text(e)
	}
	return strings.Join(all, ", ")
}

func (q *Query) orderOf(order []OrderKey) string {
	list := make([]string, len(order))
	for i, o := range order {
		list[i] = q.Text(o.Expr) + direction(o.Descending, o.NullsFirst)
	}
	return strings.Join(list, ", ")
}

func (q *Query) aggregateText(a Aggregate) string {
	args := q.textsOf(a.Args)
	switch {
	case len(a.Args) == 0:
		args = "*"
	case a.Distinct:
		args = "DISTINCT " + args
	case a.Func.hasFraction():
		args += ", " + formatDecimal(big.NewInt(a.Fraction.Digits), a.Fraction.Scale)
	}
	s := a.Func.Name + "(" + args + ")"
	if a.Filter != nil {
		s += " FILTER (WHERE " + q.Text(a.Filter) + ")"
	}
	return s
}

func (q *Query) windowText(w Window) string {
	args := q.textsOf(w.Args)
	if w.Func.Name == "count" && len(w.Args) == 0 {
		args = "*"
	}
	if w.Func.Name == "lag" {
		args += fmt.Sprintf(", %d", w.Offset)
		if w.Default != nil {
			args += ", " + q.Text(w.Default)
		}
	}
	var parts []string
	if len(w.Partition) > 0 {
		parts = append(parts, "PARTITION BY "+q.textsOf(w.Partition))
	}
	if len(w.Order) > 0 {
		parts = append(parts, "ORDER BY "+q.orderOf(w.Order))
	}
	return w.Func.Name + "(" + args + ") OVER (" + strings.Join(parts, " ") + ")"
}
