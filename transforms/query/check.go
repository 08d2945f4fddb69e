package query

import (
	"slices"
	"strings"
)

// checker makes a query of a statement.
type checker struct {
	*report
	s       *statement
	q       *Query
	items   []*Expr // of SELECT; nil where one is wrong
	uses    []uses  // of other items' names, by item
	checked int     // how many of the items are checked: those can be named in the ones after them
	parts   int     // that names of items stand for, in all
	derives bool    // hidden columns and functions can be named
}

// uses tells whether an item of SELECT uses the name of another: at all, and inside of an aggregate or a window.
type uses struct{ at, inside bool }

// The largest numbers of parts of an expression, and of all that names of items stand for.
const (
	maxParts    = 10_000
	maxAllParts = 100_000
)

// check returns the query of a statement. If something is wrong it is reported, and the query is nil.
func check(r *report, s *statement) *Query {
	before := len(r.errors)
	c := &checker{report: r, s: s, q: &Query{Name: s.name, SQL: s.String(), Limit: NoLimit}}
	if s.limit != nil {
		c.q.Limit = *s.limit
	}
	c.selects()
	if s.where != nil {
		c.q.Where = c.condition(c.expr(s.where, inWhere))
	}
	c.groups()
	if s.having != nil {
		c.q.Having = c.condition(c.expr(s.having, inHaving))
	}
	c.orders()
	if len(r.errors) > before {
		return nil
	}
	q := c.q
	q.Grouped = s.groups != nil || s.groupAll || s.having != nil || len(q.Aggregates) > 0
	c.finish()
	if len(r.errors) > before {
		return nil
	}
	return q
}

// selects checks the items of SELECT and replaces * by the columns.
func (c *checker) selects() {
	var items []itemNode
	for _, item := range c.s.items {
		if item.expr.kind != nodeStar {
			items = append(items, item)
			continue
		}
		for i := range Columns {
			if !Columns[i].hidden {
				items = append(items, itemNode{expr: newNode(nodeColumn, item.expr.off, Columns[i].Name)})
			}
		}
	}
	stars := len(items) - len(c.s.items)
	c.s.items = items
	c.uses = make([]uses, len(items))
	for _, item := range items {
		e := c.expr(item.expr, inSelect)
		if e != nil && e.Type.Kind == Null {
			c.add(e.off, msgUntypedNull, "a column")
			e = nil
		}
		c.items = append(c.items, e)
		c.checked++
	}
	if stars > 0 && (c.s.groups != nil || c.s.groupAll || len(c.q.Aggregates) > 0) {
		i := slices.IndexFunc(items, func(i itemNode) bool { return i.alias == "" })
		c.add(items[i].expr.off, msgStarGrouped)
	}
}

// groups checks GROUP BY.
func (c *checker) groups() {
	var keys []*Expr
	if c.s.groupAll {
		for i, e := range c.items {
			switch {
			case e == nil:
			case c.has(e, WindowRef):
				if c.has(e, ColumnRef) {
					c.add(c.s.items[i].expr.off, msgWindowAll)
				}
			case c.has(e, AggregateRef):
			default:
				keys = append(keys, e)
			}
		}
	}
	for _, n := range c.s.groups {
		e := c.groupKey(n)
		switch {
		case e == nil:
		case c.has(e, AggregateRef) || c.has(e, WindowRef):
			c.add(n.off, msgGroupedBy, c.textOf(n))
		case e.Type.Kind == Null:
			c.add(n.off, msgUntypedNull, "GROUP BY")
		default:
			keys = append(keys, e)
		}
	}
	for _, k := range keys {
		if !slices.ContainsFunc(c.q.Keys, func(e *Expr) bool { return same(e, k) }) {
			c.q.Keys = append(c.q.Keys, k)
		}
	}
}

// groupKey checks an item of GROUP BY: a position, a column, the name of an item, or an expression.
func (c *checker) groupKey(n *node) *Expr {
	if i, is := c.position(n); is {
		return c.groupItem(n, i)
	}
	if n.kind == nodeColumn && n.table == "" {
		if _, ok := columnNamed(n.text, c.derives); !ok {
			if i := c.itemNamed(n.text, len(c.items)); i >= 0 {
				return c.groupItem(n, i)
			}
		}
	}
	e := c.expr(n, inGroup)
	if e != nil && !varies(e) {
		c.add(n.off, msgConstantKey, "GROUP BY")
		return nil
	}
	return e
}

// groupItem is an item of SELECT as a key. As in DuckDB, one that uses another's name cannot be.
func (c *checker) groupItem(n *node, i int) *Expr {
	if i >= 0 && c.uses[i].at {
		c.add(n.off, msgGroupsNamed, c.textOf(n))
		return nil
	}
	return c.itemAt(i)
}

func (c *checker) itemAt(i int) *Expr {
	if i < 0 {
		return nil
	}
	return c.items[i]
}

// varies tells whether an expression is made of anything but literals.
func varies(e *Expr) bool {
	found := false
	e.walk(func(e *Expr) { found = found || e.Op != Literal && e.Op != Call })
	return found
}

// position returns the index of the item that a whole number in GROUP BY or ORDER BY means, or -1 if there is none.
func (c *checker) position(n *node) (item int, is bool) {
	if n.kind != nodeNumber {
		return -1, false
	}
	if i, ok := digits(n.text); ok && i >= 1 && i <= len(c.items) {
		return i - 1, true
	}
	c.add(n.off, msgPosition, n.text, len(c.items))
	return -1, true
}

// itemNamed is the index of the item with a name, among the first so many; -1 if there is none.
func (c *checker) itemNamed(name string, among int) int {
	return slices.IndexFunc(c.s.items[:among], func(i itemNode) bool { return i.alias != "" && strings.EqualFold(i.alias, name) })
}

// orders checks ORDER BY.
func (c *checker) orders() {
	for _, o := range c.s.order {
		if e := c.orderKey(o.expr); e != nil {
			c.q.Order = append(c.q.Order, OrderKey{e, o.descending, o.nullsFirst})
		}
	}
}

// orderKey checks an item of ORDER BY: a position, the name of an item, or an expression. A name alone means the item rather than a
// column, as in DuckDB.
func (c *checker) orderKey(n *node) *Expr {
	if i, is := c.position(n); is {
		return c.itemAt(i)
	}
	if n.kind == nodeColumn && n.table == "" {
		if i := c.itemNamed(n.text, len(c.items)); i >= 0 {
			return c.items[i]
		}
	}
	e := c.expr(n, inOrder)
	if e != nil && !varies(e) {
		c.add(n.off, msgConstantKey, "ORDER BY")
		return nil
	}
	isItem := slices.ContainsFunc(c.items, func(i *Expr) bool { return same(i, e) })
	if e != nil && c.s.groupAll && !isItem && c.has(e, ColumnRef) {
		c.add(n.off, msgOrderAll)
		return nil
	}
	return e
}

// has tells whether an expression has a reference of a kind in it, also inside of windows.
func (c *checker) has(e *Expr, op Op) bool {
	found := false
	e.walk(func(e *Expr) {
		found = found || e.Op == op
		if e.Op == WindowRef && !found {
			c.q.Windows[e.Index].mapExprs(func(e *Expr) *Expr {
				found = found || e != nil && c.has(e, op)
				return e
			})
		}
	})
	return found
}

// finish replaces what is grouped by keys, folds constants and names the columns.
func (c *checker) finish() {
	q := c.q
	to := c.fold
	if q.Grouped {
		to = func(e *Expr) *Expr { return c.fold(c.regroup(e)) }
	} else if len(q.Windows) > 0 {
		for _, e := range c.items {
			e.walk(func(e *Expr) {
				if e.Op == WindowRef {
					c.add(e.off, msgWindowRows, q.Windows[e.Index].Func.Name)
				}
			})
		}
		return
	}
	for i := range q.Windows {
		q.Windows[i] = q.Windows[i].mapExprs(to)
	}
	for i, e := range c.items {
		q.Columns = append(q.Columns, OutputColumn{c.nameOf(i), to(e)})
	}
	q.Having = to(q.Having)
	for i := range q.Order {
		q.Order[i].Expr = to(q.Order[i].Expr)
	}
	q.Where, q.Keys = c.fold(q.Where), mapAll(q.Keys, c.fold)
	for i, a := range q.Aggregates {
		q.Aggregates[i].Args, q.Aggregates[i].Filter = mapAll(a.Args, c.fold), c.fold(a.Filter)
	}
	if q.Where != nil && q.Where.Op == Literal && q.Where.Value.True() {
		q.Where = nil
	}
}

// nameOf is the name of a column of the result: AS, else the column's, else the expression as text.
func (c *checker) nameOf(i int) string {
	item := c.s.items[i]
	if item.alias != "" {
		return item.alias
	}
	if item.expr.kind == nodeColumn {
		return item.expr.text
	}
	return item.expr.String()
}

// regroup replaces the keys in an expression by references. What is left of trips' columns is an error.
func (c *checker) regroup(e *Expr) *Expr {
	if e == nil {
		return nil
	}
	if i := slices.IndexFunc(c.q.Keys, func(k *Expr) bool { return same(k, e) }); i >= 0 {
		return &Expr{Op: KeyRef, Type: e.Type, Index: i, off: e.off, size: 1}
	}
	switch e.Op {
	case ColumnRef:
		c.add(e.off, msgNotGrouped, Columns[e.Index].Name)
	case Call:
		return call(e.off, e.Func, e.Type, mapAll(e.Args, c.regroup)...)
	}
	return e
}

// fold computes what is made of literals alone.
func (c *checker) fold(e *Expr) *Expr {
	if e == nil || e.Op != Call {
		return e
	}
	e = call(e.off, e.Func, e.Type, mapAll(e.Args, c.fold)...)
	if simpler := simplify(e); simpler != nil {
		return simpler
	}
	if slices.ContainsFunc(e.Args, func(a *Expr) bool { return a.Op != Literal }) {
		return e
	}
	v, err := e.Eval(nil)
	if err != nil {
		c.add(e.off, msgComputes, err)
		return e
	}
	return literal(e.off, e.Type, v)
}

// simplify returns the operand that AND or OR comes to, or their constant, without computing the others; nil if they stay.
func simplify(e *Expr) *Expr {
	if e.Func.Name != "and" && e.Func.Name != "or" {
		return nil
	}
	decides := e.Func.Name == "or" // the value that decides alone
	var left []*Expr
	for _, a := range e.Args {
		switch {
		case a.Op != Literal || a.Value.IsNull:
			left = append(left, a)
		case a.Value.True() == decides:
			return a
		}
	}
	switch {
	case len(left) == 0:
		return literal(e.off, boolean, boolValue(!decides))
	case len(left) == 1:
		return left[0]
	case len(left) < len(e.Args):
		return call(e.off, e.Func, e.Type, left...)
	}
	return nil
}
