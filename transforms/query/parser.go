package query

import (
	"slices"
	"strconv"
	"strings"
)

// The caps of a text.
const (
	maxText   = 64 << 10
	maxLevels = 100
	maxTables = 32
)

// parser makes statements of tokens by recursive descent. An error ends a statement: parsing goes on behind the next semicolon.
type parser struct {
	*report
	tokens []token
	at     int
	levels int // of expressions in one another that are being parsed
}

// broken is the panic that ends a statement; the error was reported.
type broken struct{}

// parse returns the statements of a text that could be parsed.
func parse(r *report) []*statement {
	if len(r.text) > maxText {
		r.add(maxText, msgTooLong, len(r.text), maxText)
		return nil
	}
	tokens, ok := lex(r)
	if !ok {
		return nil
	}
	p := &parser{report: r, tokens: tokens}
	var all []*statement
	for found := 0; ; {
		for p.skip(";") {
		}
		if p.next().kind == tokEnd {
			if found == 0 {
				p.add(p.next().off, msgEmpty)
			}
			return all
		}
		if found++; found > maxTables {
			p.add(p.next().off, msgTooManyTables, maxTables)
			return nil
		}
		if s := p.statement(); s != nil {
			all = append(all, s)
		}
	}
}

func (p *parser) next() token { return p.tokens[p.at] }

// peek returns the token after so many others.
func (p *parser) peek(n int) token { return p.tokens[min(p.at+n, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.next()
	if t.kind != tokEnd {
		p.at++
	}
	return t
}

// skip takes the words if they are next.
func (p *parser) skip(words ...string) bool {
	for i, w := range words {
		if !p.peek(i).is(w) {
			return false
		}
	}
	p.at += len(words)
	return true
}

// expect takes the words, or ends the statement.
func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.skip(w) {
			p.unexpected(strings.ToUpper(w))
		}
	}
}

// fail reports an error and ends the statement.
func (p *parser) fail(off int, m message, args ...any) {
	p.add(off, m, args...)
	panic(broken{})
}

// unexpected ends the statement at the next token. If that begins something that the dialect refuses, it says what to do instead.
func (p *parser) unexpected(expected string) {
	t := p.next()
	if t.kind == tokWord || t.kind == tokSign {
		if instead, ok := refused[t.text]; ok {
			p.fail(t.off, msgRefused, strings.ToUpper(t.raw), instead)
		}
	}
	p.fail(t.off, msgUnexpected, t, expected)
}

// refuse ends the statement if the next word is one that the dialect refuses.
func (p *parser) refuse() {
	if t := p.next(); t.kind == tokWord {
		if _, ok := refused[t.text]; ok {
			p.unexpected("")
		}
	}
}

// statement parses one statement, up to its semicolon. It returns nil after an error, behind the semicolon.
func (p *parser) statement() (s *statement) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case broken:
			s, p.levels = nil, 0
			for t := p.take(); t.kind != tokEnd && !t.is(";"); t = p.take() {
			}
		default:
			panic(e)
		}
	}()
	s = &statement{off: p.next().off}
	if p.skip("create") {
		if t := p.next(); t.is("or") {
			p.fail(t.off, msgRefused, "OR REPLACE", "leave it out, a run makes the table anew")
		}
		p.expect("table")
		if p.next().is("if") {
			p.unexpected("a name")
		}
		name := p.name("a name for the table")
		s.name, s.nameOff = name.text, name.off
		if name.kind == tokWord {
			s.name = name.raw
		}
		p.expect("as")
	}
	if !p.next().is("select") {
		p.unexpected("SELECT or CREATE TABLE name AS SELECT")
	}
	p.query(s)
	if t := p.next(); t.kind != tokEnd && !t.is(";") {
		p.unexpected(after(s))
	}
	return s
}

// after is what can follow the clauses of a statement.
func after(s *statement) string {
	clauses := []string{"WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "; or the end of the text"}
	done := 0
	for i, has := range []bool{s.where != nil, s.groupAll || s.groups != nil, s.having != nil, s.order != nil, s.limit != nil} {
		if has {
			done = i + 1
		}
	}
	return strings.Join(clauses[done:], ", ")
}

// query parses SELECT and its clauses.
func (p *parser) query(s *statement) {
	p.expect("select")
	for {
		s.items = append(s.items, p.item())
		if !p.skip(",") {
			break
		}
	}
	if !p.next().is("from") {
		p.unexpected("a comma, AS and a name, or FROM trips")
	}
	p.take()
	p.from(s)
	if p.skip("where") {
		s.where = p.expr()
	}
	s.groupOff = p.next().off
	if p.skip("group", "by") {
		if s.groupAll = p.skip("all"); !s.groupAll {
			s.groups = p.list()
		}
	}
	if p.skip("having") {
		s.having = p.expr()
	}
	if p.skip("order", "by") {
		s.order = p.ordering()
	}
	s.limitOff = p.next().off
	if p.skip("limit") {
		t := p.next()
		n, err := strconv.ParseInt(t.text, 10, 64)
		if t.kind != tokNumber || err != nil || p.peek(1).is("%") {
			p.fail(t.off, msgLimit, t)
		}
		p.take()
		s.limit = &n
	}
}

func (p *parser) item() itemNode {
	if t := p.next(); t.is("*") {
		p.take()
		return itemNode{expr: newNode(nodeStar, t.off, "*")}
	}
	item := itemNode{expr: p.expr()}
	switch t := p.next(); {
	case p.skip("as"):
		t = p.next() // behind AS every word is a name
		if t.kind != tokWord && t.kind != tokQuoted {
			p.unexpected("a name")
		}
		item.alias, item.aliasOff = p.take().spelled(), t.off
	case t.kind == tokQuoted || t.kind == tokWord && !neverAlias[t.text]:
		item.alias, item.aliasOff = p.take().spelled(), t.off
	}
	return item
}

// spelled is the identifier as it was written.
func (t token) spelled() string {
	if t.kind == tokWord {
		return t.raw
	}
	return t.text
}

// name takes an identifier that is no keyword.
func (p *parser) name(expected string) token {
	t := p.next()
	if t.kind == tokWord && keywords[t.text] {
		p.fail(t.off, msgReservedName, t)
	}
	if t.kind != tokWord && t.kind != tokQuoted {
		p.unexpected(expected)
	}
	return p.take()
}

// theTable is the one table that there is.
const theTable = "trips"

const (
	noFrame    = "the frame is from the first row to the current one, with those of equal rank; leave it out, or ask DuckDB on the finished table"
	noJoin     = "names of zones are columns: pickup_zone, pickup_borough, dropoff_zone ...; make the tables with --tables and join them with DuckDB"
	noSubquery = "make the inner table with --tables and ask DuckDB for the rest"
)

// taxiIn returns the taxi that the name of a table says, such as yellow_tripdata, or nothing.
func taxiIn(name string) string {
	for _, taxi := range []string{"yellow", "green"} {
		if strings.Contains(strings.ToLower(name), taxi) {
			return taxi
		}
	}
	return ""
}

func (p *parser) from(s *statement) {
	t := p.next()
	switch {
	case t.is("("):
		p.fail(t.off, msgTable, "a subquery", noSubquery)
	case t.kind == tokText:
		p.fail(t.off, msgTable, t, "--input names the files")
	case t.kind != tokWord && t.kind != tokQuoted:
		p.unexpected("the table trips")
	case nearest(strings.ToLower(t.text), []string{theTable}) != "" && strings.ToLower(t.text) != theTable:
		p.fail(t.off, msgTable, t, "write FROM "+theTable)
	case taxiIn(t.text) != "":
		p.fail(t.off, msgTable, t, "write FROM "+theTable+" WHERE taxi = '"+taxiIn(t.text)+"'")
	case strings.ToLower(t.text) != theTable && slices.Contains(ReservedTables, strings.ToLower(t.text)):
		p.fail(t.off, msgTable, t, "read this one from an output: tripstats export DIR "+strings.ToLower(t.text)+", or DuckDB")
	case strings.ToLower(t.text) != theTable:
		p.fail(t.off, msgTable, t, noJoin)
	}
	p.take()
	s.table = theTable
	if p.next().is(".") || p.next().is("(") {
		p.unexpected("WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, ; or the end of the text")
	}
	if t := p.next(); t.kind == tokWord && !keywords[t.text] {
		if clause := nearest(t.text, []string{"where", "group", "having", "order", "limit"}); clause != "" {
			p.unexpected(strings.ToUpper(clause))
		}
	}
	if p.skip("as") || p.next().kind == tokQuoted || p.next().kind == tokWord && !neverAlias[p.next().text] {
		s.table = strings.ToLower(p.name("a name for trips").text)
	}
	if p.next().is(",") {
		p.fail(p.next().off, msgRefused, ", and another table", noJoin)
	}
}

func (p *parser) ordering() []orderNode {
	var order []orderNode
	if t := p.next(); t.is("all") {
		p.fail(t.off, msgRefused, "ALL", "write the positions: ORDER BY 1, 2")
	}
	for {
		o := orderNode{expr: p.expr()}
		if o.descending = p.skip("desc"); !o.descending {
			p.skip("asc")
		}
		if p.skip("nulls") {
			if o.nullsFirst = p.skip("first"); !o.nullsFirst {
				p.expect("last")
			}
		}
		if order = append(order, o); !p.skip(",") {
			return order
		}
	}
}

// list parses expressions with commas between them.
func (p *parser) list() []*node {
	var list []*node
	for {
		if list = append(list, p.expr()); !p.skip(",") {
			return list
		}
	}
}
