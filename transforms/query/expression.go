package query

import (
	"slices"
	"strings"
)

// The levels at which operators bind, the loosest first. Those of DuckDB, which are PostgreSQL's.
const (
	bindOr = iota + 1
	bindAnd
	bindNot
	bindIs
	bindCompare
	bindIn // IN, BETWEEN, LIKE
	bindAdd
	bindMultiply
	bindNegate
)

// binary are the operators with a sign between two values, and the names they have in the tree.
var binary = map[string]struct {
	name string
	bind int
}{
	"=": {"=", bindCompare}, "==": {"=", bindCompare}, "<>": {"<>", bindCompare}, "!=": {"<>", bindCompare},
	"<": {"<", bindCompare}, "<=": {"<=", bindCompare}, ">": {">", bindCompare}, ">=": {">=", bindCompare},
	"+": {"+", bindAdd}, "-": {"-", bindAdd},
	"*": {"*", bindMultiply}, "/": {"/", bindMultiply}, "//": {"//", bindMultiply}, "%": {"%", bindMultiply},
}

// expr parses an expression.
func (p *parser) expr() *node { return p.operators(bindOr) }

// operators parses an expression of operators that bind at least so tightly.
func (p *parser) operators(bind int) *node {
	if p.levels++; p.levels > maxLevels {
		p.fail(p.next().off, msgTooDeep, maxLevels)
	}
	defer func() { p.levels-- }()
	left := p.prefix()
	last := 0 // how the operator binds that was parsed last
	for {
		t := p.next()
		if t.kind != tokWord && t.kind != tokSign {
			return left
		}
		b, isBinary := binary[t.text]
		switch {
		case isBinary && b.bind >= bind:
			if b.bind == bindCompare && last == bindCompare {
				p.fail(t.off, msgComparesChain)
			}
			p.take()
			left, last = p.op(t.off, b.name, left, p.operators(b.bind+1)), b.bind
		case t.is("or") && bindOr >= bind:
			left, last = p.chain(left, "or", bindOr), bindOr
		case t.is("and") && bindAnd >= bind:
			left, last = p.chain(left, "and", bindAnd), bindAnd
		case t.is("is") && bindIs >= bind:
			left, last = p.is(left), bindIs
		case p.startsIn() && bindIn >= bind:
			if last == bindIn {
				p.fail(t.off, msgChain, strings.ToUpper(t.raw))
			}
			left, last = p.in(left), bindIn
		default:
			return left
		}
	}
}

// op makes a node of an operator, within the cap of levels.
func (p *parser) op(off int, name string, args ...*node) *node {
	return p.within(newNode(nodeOp, off, name, args...))
}

func (p *parser) within(n *node) *node {
	if n.depth > maxLevels {
		p.fail(n.off, msgTooDeep, maxLevels)
	}
	return n
}

// chain parses the operands of AND or OR, however many, into one node.
func (p *parser) chain(first *node, name string, bind int) *node {
	off := p.next().off
	args := []*node{first}
	for p.skip(name) {
		args = append(args, p.operators(bind+1))
	}
	return p.op(off, name, args...)
}

// is parses IS [NOT] NULL.
func (p *parser) is(left *node) *node {
	off := p.take().off
	negated := p.skip("not")
	if t := p.next(); t.is("distinct") {
		p.fail(t.off, msgRefused, "DISTINCT FROM", "write = or <>, and IS NULL")
	}
	if !p.skip("null") {
		p.unexpected("NULL or NOT NULL")
	}
	return p.negated(negated, p.op(off, "is null", left))
}

func (p *parser) negated(not bool, n *node) *node {
	if not {
		return p.op(n.off, "not", n)
	}
	return n
}

// startsIn tells whether IN, BETWEEN, LIKE or ILIKE is next, with NOT or without.
func (p *parser) startsIn() bool {
	t := p.next()
	if t.is("not") {
		t = p.peek(1)
	}
	return t.is("in") || t.is("between") || t.is("like") || t.is("ilike")
}

func (p *parser) in(left *node) *node {
	negated := p.skip("not")
	t := p.take()
	n := (*node)(nil)
	switch t.text {
	case "in":
		if !p.next().is("(") {
			p.unexpected("( and values")
		}
		p.take()
		if p.next().is("select") {
			p.unexpected("values")
		}
		n = p.op(t.off, "in", append([]*node{left}, p.list()...)...)
		p.expect(")")
	case "between":
		low := p.operators(bindAdd)
		p.expect("and")
		n = p.op(t.off, "between", left, low, p.operators(bindAdd))
	default:
		n = p.op(t.off, t.text, left, p.operators(bindAdd))
		p.refuse() // ESCAPE
	}
	return p.negated(negated, n)
}

// prefix parses NOT, a minus and what they stand before, and what stands alone.
func (p *parser) prefix() *node {
	t := p.next()
	switch {
	case p.skip("not"):
		return p.op(t.off, "not", p.operators(bindIs))
	case p.skip("-"):
		if number := p.next(); number.kind == tokNumber && !p.peek(1).is("::") {
			p.take()
			return newNode(nodeNumber, t.off, "-"+number.text)
		}
		return p.op(t.off, "negate", p.operators(bindNegate))
	}
	n := p.primary()
	for p.next().is("::") {
		off := p.take().off
		n = p.within(newNode(nodeCast, off, p.typeName(), n))
	}
	return n
}

// primary parses a literal, a column, a call, CASE, CAST, EXTRACT, or an expression in parentheses.
func (p *parser) primary() *node {
	t := p.next()
	switch t.kind {
	case tokNumber, tokText:
		p.take()
		return newNode(map[tokenKind]nodeKind{tokNumber: nodeNumber, tokText: nodeText}[t.kind], t.off, t.text)
	case tokQuoted:
		return p.column()
	case tokWord:
		return p.word()
	}
	if !p.skip("(") {
		p.unexpected("an expression")
	}
	if p.next().is("select") {
		p.unexpected("an expression")
	}
	n := p.expr()
	if p.next().is(",") {
		p.fail(p.next().off, msgRefused, ", in parentheses", "a list of values has no meaning here; write the expressions one by one")
	}
	p.expect(")")
	return n
}

// word parses what begins with a word.
func (p *parser) word() *node {
	t := p.next()
	switch t.text {
	case "true", "false":
		p.take()
		return newNode(nodeBool, t.off, t.text)
	case "null":
		p.take()
		return newNode(nodeNull, t.off, t.text)
	case "date", "timestamp":
		if text := p.peek(1); text.kind == tokText {
			p.at += 2
			return newNode(nodeTyped, t.off, strings.ToUpper(t.text), newNode(nodeText, text.off, text.text))
		}
	case "case":
		return p.caseWhen()
	case "cast", "extract", "coalesce", "nullif":
		if !p.peek(1).is("(") {
			p.take()
			p.unexpected("(")
		}
	}
	switch {
	case t.text == "cast":
		p.at += 2
		n := p.expr()
		p.expect("as")
		n = p.within(newNode(nodeCast, t.off, p.typeName(), n))
		p.expect(")")
		return n
	case t.text == "extract":
		return p.extract()
	case p.peek(1).is("(") && !reserved[t.text] && !neverCall[t.text]:
		return p.call()
	case keywords[t.text], neverCall[t.text] && p.peek(1).is("("):
		p.unexpected("an expression")
	}
	return p.column()
}

// column parses a name, or the table's name, a point and a name.
func (p *parser) column() *node {
	t := p.take()
	n := newNode(nodeColumn, t.off, strings.ToLower(t.text))
	if p.skip(".") {
		if p.next().is("*") {
			p.unexpected("a column; * stands alone")
		}
		c := p.next()
		if c.kind != tokWord && c.kind != tokQuoted {
			p.unexpected("a column")
		}
		p.take()
		n.table, n.text = n.text, strings.ToLower(c.text)
	}
	return n
}

func (p *parser) caseWhen() *node {
	off := p.take().off
	args := []*node{nil}
	if !p.next().is("when") {
		args[0] = p.expr()
	}
	for first := true; first || p.next().is("when"); first = false {
		p.expect("when")
		args = append(args, p.expr())
		p.expect("then")
		args = append(args, p.expr())
	}
	if p.skip("else") {
		args = append(args, p.expr())
	} else {
		args = append(args, nil)
	}
	p.expect("end")
	return p.op(off, "case", args...)
}

// extract parses EXTRACT(part FROM time) as the function that is named like the part.
func (p *parser) extract() *node {
	off := p.take().off
	p.expect("(")
	part := p.next()
	if part.kind != tokWord && part.kind != tokQuoted && part.kind != tokText {
		p.unexpected("a part of a time such as hour")
	}
	name := strings.ToLower(part.text)
	if !slices.Contains(partNames(false), name) {
		p.fail(part.off, msgDatePart, part, strings.Join(partNames(false), ", "))
	}
	p.take()
	p.expect("from")
	n := p.within(newNode(nodeCall, off, name, p.expr()))
	p.expect(")")
	return n
}

// partNames are the parts of a time; if truncating, those that date_trunc has.
func partNames(truncating bool) []string {
	var names []string
	for _, d := range dateParts {
		if !truncating || d.trunc != nil {
			names = append(names, d.name)
		}
	}
	return names
}

func (p *parser) call() *node {
	t := p.take()
	p.expect("(")
	n := newNode(nodeCall, t.off, t.text)
	n.distinct = p.skip("distinct")
	switch star := p.next(); {
	case star.is("*"):
		p.take()
		n.args = []*node{newNode(nodeStar, star.off, "*")}
	case !star.is(")"):
		n.args = p.list()
	}
	if !p.next().is(")") {
		p.unexpected("a comma or )")
	}
	p.take()
	if p.skip("filter") {
		p.expect("(")
		p.expect("where")
		n.filter = p.expr()
		p.expect(")")
	}
	if over := p.next(); p.skip("over") {
		n.over = p.window(over.off)
	}
	n.measure()
	return p.within(n)
}

func (p *parser) window(off int) *windowNode {
	w := &windowNode{off: off}
	if !p.skip("(") {
		p.unexpected("( with PARTITION BY, ORDER BY, both or none")
	}
	if p.skip("partition", "by") {
		w.partition = p.list()
	}
	if p.skip("order", "by") {
		w.order = p.ordering()
	}
	if !p.next().is(")") {
		p.unexpected("PARTITION BY, ORDER BY or )")
	}
	p.take()
	return w
}

// typeName parses a type and returns it as SQL has it.
func (p *parser) typeName() string {
	t := p.next()
	kind, ok := typeNames[t.text]
	if t.kind != tokWord || !ok {
		p.fail(t.off, msgType, t)
	}
	p.take()
	if !p.next().is("(") {
		if kind == Decimal {
			return decimalType(18, 3).String()
		}
		return simple(kind).String()
	}
	if kind != Decimal {
		p.fail(p.next().off, msgType, t.String()+"(")
	}
	p.take()
	width, scale := p.size(t), 0
	if p.skip(",") {
		scale = p.size(t)
	}
	if width < 1 || width > maxWidth || scale > width {
		p.fail(t.off, msgWidth, decimalType(width, scale))
	}
	p.expect(")")
	return decimalType(width, scale).String()
}

func (p *parser) size(of token) int {
	t := p.next()
	n, ok := digits(t.text)
	if t.kind != tokNumber || !ok {
		p.fail(of.off, msgWidth, of.String()+"("+t.String())
	}
	p.take()
	return n
}
