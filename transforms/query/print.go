package query

import (
	"fmt"
	"strings"
)

// String returns the expression as text that parses to the same tree.
func (n *node) String() string {
	switch n.kind {
	case nodeColumn:
		if n.table != "" {
			return quoteName(n.table) + "." + quoteName(n.text)
		}
		return quoteName(n.text)
	case nodeText:
		return quoteText(n.text)
	case nodeTyped:
		return n.text + " " + quoteText(n.args[0].text)
	case nodeNumber:
		if n.text[0] == '-' {
			return "(" + n.text + ")"
		}
		return n.text
	case nodeBool, nodeNull:
		return strings.ToUpper(n.text)
	case nodeCast:
		return "CAST(" + n.args[0].String() + " AS " + n.text + ")"
	case nodeOp:
		if n.text == "case" {
			return n.caseText()
		}
		return operatorText(n.text, texts(n.args))
	case nodeCall:
		return n.callText()
	}
	return n.text
}

func texts(list []*node) []string {
	all := make([]string, len(list))
	for i, n := range list {
		all[i] = n.String()
	}
	return all
}

// operatorText writes an operator between its operands, in parentheses.
func operatorText(name string, args []string) string {
	sign := strings.ToUpper(name)
	switch name {
	case "not":
		return "(NOT " + args[0] + ")"
	case "negate":
		return "(-(" + args[0] + "))"
	case "is null":
		return "(" + args[0] + " IS NULL)"
	case "in":
		return "(" + args[0] + " IN (" + strings.Join(args[1:], ", ") + "))"
	case "between":
		return "(" + args[0] + " BETWEEN " + args[1] + " AND " + args[2] + ")"
	}
	return "(" + strings.Join(args, " "+sign+" ") + ")"
}

func (n *node) caseText() string {
	var b strings.Builder
	b.WriteString("CASE")
	if n.args[0] != nil {
		b.WriteString(" " + n.args[0].String())
	}
	last := len(n.args) - 1
	for i := 1; i < last; i += 2 {
		fmt.Fprintf(&b, " WHEN %s THEN %s", n.args[i], n.args[i+1])
	}
	if n.args[last] != nil {
		b.WriteString(" ELSE " + n.args[last].String())
	}
	return b.String() + " END"
}

func (n *node) callText() string {
	s := n.text + "("
	if n.distinct {
		s += "DISTINCT "
	}
	s += strings.Join(texts(n.args), ", ") + ")"
	if n.filter != nil {
		s += " FILTER (WHERE " + n.filter.String() + ")"
	}
	if n.over != nil {
		var parts []string
		if n.over.partition != nil {
			parts = append(parts, "PARTITION BY "+strings.Join(texts(n.over.partition), ", "))
		}
		if n.over.order != nil {
			parts = append(parts, "ORDER BY "+orderText(n.over.order))
		}
		s += " OVER (" + strings.Join(parts, " ") + ")"
	}
	return s
}

func orderText(order []orderNode) string {
	list := make([]string, len(order))
	for i, o := range order {
		list[i] = o.expr.String() + direction(o.descending, o.nullsFirst)
	}
	return strings.Join(list, ", ")
}

func direction(descending, nullsFirst bool) string {
	s := ""
	if descending {
		s = " DESC"
	}
	if nullsFirst {
		s += " NULLS FIRST"
	}
	return s
}

// String returns the statement as text that parses to the same tree.
func (s *statement) String() string {
	var b strings.Builder
	if s.name != "" {
		fmt.Fprintf(&b, "CREATE TABLE %s AS ", quoteName(s.name))
	}
	b.WriteString("SELECT ")
	for i, item := range s.items {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(item.expr.String())
		if item.alias != "" {
			b.WriteString(" AS " + quoteName(item.alias))
		}
	}
	b.WriteString(" FROM trips")
	if s.table != theTable {
		b.WriteString(" AS " + quoteName(s.table))
	}
	clause := func(name, text string) { b.WriteString(" " + name + " " + text) }
	if s.where != nil {
		clause("WHERE", s.where.String())
	}
	if s.groupAll {
		clause("GROUP BY", "ALL")
	} else if s.groups != nil {
		clause("GROUP BY", strings.Join(texts(s.groups), ", "))
	}
	if s.having != nil {
		clause("HAVING", s.having.String())
	}
	if s.order != nil {
		clause("ORDER BY", orderText(s.order))
	}
	if s.limit != nil {
		clause("LIMIT", fmt.Sprint(*s.limit))
	}
	return b.String()
}

// quoteName quotes a name unless it is one as it stands.
func quoteName(s string) string {
	plain := s != "" && !isDigit(s[0]) && !keywords[strings.ToLower(s)]
	for i := range len(s) {
		plain = plain && isWordByte(s[i])
	}
	if plain {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
