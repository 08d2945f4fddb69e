package query

// A node is an expression as it was written. Its parts are not looked up yet.
type node struct {
	kind     nodeKind
	off      int    // its place in the text, or built
	text     string // the name of a column or function in lower case, the operator, the text of a literal, the type of a cast
	table    string // of a column: what stands before the point
	args     []*node
	distinct bool
	filter   *node
	over     *windowNode
	depth    int // levels of nodes in it, 1 if it has no args
}

type nodeKind uint8

const (
	nodeColumn nodeKind = iota
	nodeStar            // *, as an item of SELECT or in count(*)
	nodeNumber
	nodeText
	nodeBool // true or false
	nodeNull
	nodeTyped // text is DATE or TIMESTAMP, of the text in args[0]
	nodeOp    // an operator of operators; CASE has its operand or nil first, then conditions and results, then ELSE or nil
	nodeCast
	nodeCall
)

type windowNode struct {
	off       int
	partition []*node
	order     []orderNode
}

type orderNode struct {
	expr       *node
	descending bool
	nullsFirst bool
}

// itemNode is an item of SELECT.
type itemNode struct {
	expr     *node
	alias    string // as it was written, without quotes; empty if there is none
	aliasOff int
}

// statement is a SELECT, with the name of its table if it has one.
type statement struct {
	off      int
	name     string
	nameOff  int
	items    []itemNode
	table    string // what columns can be prefixed with
	where    *node
	groups   []*node
	groupAll bool
	groupOff int
	having   *node
	order    []orderNode
	limit    *int64
	limitOff int
}

// newNode returns a node with its depth. Args may be nil.
func newNode(kind nodeKind, off int, text string, args ...*node) *node {
	n := &node{kind: kind, off: off, text: text, args: args}
	n.measure()
	return n
}

func (n *node) measure() {
	n.depth = 1
	each := func(a *node) {
		if a != nil {
			n.depth = max(n.depth, a.depth+1)
		}
	}
	for _, a := range n.args {
		each(a)
	}
	each(n.filter)
	if n.over != nil {
		for _, a := range n.over.partition {
			each(a)
		}
		for _, o := range n.over.order {
			each(o.expr)
		}
	}
}
