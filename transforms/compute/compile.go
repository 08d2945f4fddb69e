package compute

import (
	"fmt"
	"math"
	"strings"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// kernel computes the values of a call in all rows from those of its arguments. It tells whether every row has a value that fits.
type kernel func(out *register, in []*register) bool

// step is a call whose arguments are in registers.
type step struct {
	out    *register
	in     []*register
	kernel kernel
}

// constant is an expression that has the same value in all rows of a batch: it has no leaf but the taxi.
type constant struct {
	out  *register
	expr *query.Expr
}

// leaf is a column of the batch.
type leaf struct {
	out   *register
	field trip.Field
}

// invocation is a call that is being compiled.
type invocation struct {
	*compiler
	e    *query.Expr
	args []*node

	limits limits // of the result; a builder may narrow them
	shares bool   // the result may share memory with an argument: a builder sets it
	one    *bool  // see node.one
}

// mayBeOne is for kernels that can find that all rows of a batch have the same value. The result tells whether such a kernel may make its
// register a constant: see node.one.
func (b *invocation) mayBeOne() *bool {
	b.one = new(bool)
	return b.one
}

// builder makes the kernel of a call, or nil if there is none for it.
type builder func(b *invocation) kernel

// builders are the kernels by the names of functions.
var builders = map[string]builder{}

// node is a subexpression that is compiled.
type node struct {
	*register
	expr    *query.Expr
	isConst bool
	never   bool // it has no kernel
	limits  limits
	shares  bool
	args    []*node
	kernel  kernel

	// one is set to whether the kernel may make the register a constant for a batch. It may if no other kernel reads the register, because
	// kernels rely on what a register was when they were compiled. The users of expressions expect constants. nil: the kernel never does it.
	one *bool

	needed bool
	last   int // the last step that needs its memory
}

// compiler makes the steps of a program. Equal subexpressions are one node.
type compiler struct {
	p     *Program
	nodes map[string]*node
	list  []*node // arguments come before calls
}

func (c *compiler) add(key string, n node) *node {
	n.register = &register{Vector: Vector{Type: n.expr.Type}, memory: &memory{}}
	if n.Type.Kind == query.Varchar {
		n.Texts = c.p.texts
		c.p.varchars = append(c.p.varchars, n.register)
	}
	c.nodes[key] = &n
	c.list = append(c.list, &n)
	return &n
}

// compile makes the node of an expression.
func (c *compiler) compile(e *query.Expr) *node {
	if e.Op == query.ColumnRef {
		if d := query.Derivation(e.Index); d != nil {
			return c.compile(d)
		}
		if s := query.Columns[e.Index].Source; !s.Taxi {
			key := fmt.Sprint("column ", s.Field)
			if n := c.nodes[key]; n != nil {
				return n
			}
			return c.add(key, node{expr: e, limits: limitsOf(e.Type)})
		}
	}
	if isConst(e) {
		return c.constant(e)
	}
	if n := c.table(e); n != nil {
		return n
	}
	if n := c.interval(e); n != nil {
		return n
	}
	args := make([]*node, len(e.Args))
	for i, a := range e.Args {
		args[i] = c.compile(a)
	}
	return c.call(e, args)
}

// call makes the node of a call of arguments that are compiled.
func (c *compiler) call(e *query.Expr, args []*node) *node {
	if isConst(e) {
		return c.constant(e)
	}
	key := &strings.Builder{}
	fmt.Fprint(key, e.Func.Name, " ", e.Type)
	never := false
	for _, a := range args {
		fmt.Fprintf(key, " %p", a.register)
		never = never || a.never
	}
	if n := c.nodes[key.String()]; n != nil {
		return n
	}
	b := &invocation{compiler: c, e: e, args: args, limits: limitsOf(e.Type)}
	var k kernel
	if build := builders[e.Func.Name]; build != nil && !never {
		k = build(b)
	}
	return c.add(key.String(), node{expr: e, args: b.args, kernel: k, never: k == nil, limits: b.limits, shares: b.shares, one: b.one})
}

// function makes the node of a call of a function that returns a boolean, as if it were written so.
func (c *compiler) function(name string, args ...*node) *node {
	e := &query.Expr{Op: query.Call, Type: query.Type{Kind: query.Boolean}, Func: query.Functions[name]}
	for _, a := range args {
		e.Args = append(e.Args, a.expr)
	}
	return c.call(e, args)
}

// isConst tells whether an expression has the same value in all rows of a batch.
func isConst(e *query.Expr) bool {
	if e.Op == query.ColumnRef {
		if d := query.Derivation(e.Index); d != nil {
			return isConst(d)
		}
		return query.Columns[e.Index].Source.Taxi
	}
	for _, a := range e.Args {
		if !isConst(a) {
			return false
		}
	}
	return true
}

// constant makes the node of an expression that has the same value in all rows.
func (c *compiler) constant(e *query.Expr) *node {
	key := "constant " + keyOf(e)
	if n := c.nodes[key]; n != nil {
		return n
	}
	n := c.add(key, node{expr: e, isConst: true, limits: limitsOf(e.Type)})
	if e.Op == query.Literal {
		n.set(c.p.vector(e.Type, []query.Value{e.Value}))
		if n.Ints != nil {
			n.limits = limits{n.Ints[0], n.Ints[0]}
		}
	}
	return n
}

// keyOf describes an expression so that different expressions have different keys.
func keyOf(e *query.Expr) string {
	switch e.Op {
	case query.Literal:
		if e.Type.Kind == query.Double && !e.Value.IsNull {
			return fmt.Sprintf("double %x", math.Float64bits(e.Value.Float))
		}
		return fmt.Sprintf("%s %t %q", e.Type, e.Value.IsNull, e.Type.Format(e.Value))
	case query.ColumnRef:
		return fmt.Sprint("column ", e.Index)
	case placeholder:
		return "value"
	}
	key := fmt.Sprint(e.Func.Name, " ", e.Type, "(")
	for _, a := range e.Args {
		key += keyOf(a) + ", "
	}
	return key + ")"
}

// set makes the register a constant.
func (r *register) set(v Vector) {
	v.Const = true
	r.Vector = v
}

// finish makes the steps that the expressions need, and lets registers share memory.
func (c *compiler) finish(roots []*node) {
	p := c.p
	for _, n := range roots {
		if !n.never {
			n.needed = true
			n.last = len(c.list)
			if n.one != nil {
				*n.one = true
			}
		}
	}
	for i := len(c.list) - 1; i >= 0; i-- {
		n := c.list[i]
		if !n.needed {
			continue
		}
		for _, a := range n.args {
			if a.one != nil {
				*a.one = false
			}
			a.needed = true
			a.last = max(a.last, i)
			if n.shares {
				a.last = max(a.last, n.last)
			}
		}
	}
	var free []*memory
	var busy []*node
	for i, n := range c.list {
		if !n.needed {
			continue
		}
		kept := busy[:0]
		for _, other := range busy {
			if other.last < i {
				free = append(free, other.memory)
			} else {
				kept = append(kept, other)
			}
		}
		busy = kept
		switch {
		case n.isConst:
			if n.expr.Op != query.Literal {
				p.constants = append(p.constants, constant{n.register, n.expr})
			}
			p.fixed = append(p.fixed, n.register)
			continue
		case n.kernel == nil:
			p.leaves = append(p.leaves, leaf{n.register, query.Columns[n.expr.Index].Source.Field})
			continue
		}
		if last := len(free) - 1; last >= 0 && n.Type.Kind != query.Boolean {
			n.memory, free = free[last], free[:last]
		}
		if n.Type.Kind != query.Boolean {
			busy = append(busy, n)
		}
		s := step{out: n.register, kernel: n.kernel}
		for _, a := range n.args {
			s.in = append(s.in, a.register)
		}
		p.steps = append(p.steps, s)
	}
}
