package compute

import (
	"math"

	"tripstats/transforms/eights"
	"tripstats/transforms/query"
)

func init() {
	builders["/"] = strict(func(b *invocation) kernel { return doubleKernel(b, '/') })
}

// doubleKernel computes with doubles as IEEE 754 says: one operation after the other, each rounded. A product and a sum are
// never computed at once, which some processors round only once, and a division stays a division.
func doubleKernel(b *invocation, op byte) kernel {
	switch whole := b.args[0].wholeNumber(); {
	case op == '/' && b.args[1].isConst && whole != nil:
		b.args = []*node{whole, b.args[1]}
		return func(out *register, in []*register) bool {
			quotients(out.makeFloats(), in[0].Ints, in[1].Floats[0])
			return true
		}
	case b.args[1].isConst:
		return func(out *register, in []*register) bool {
			doubleByConst(op, out.makeFloats(), in[0].Floats, in[1].Floats[0])
			return true
		}
	case b.args[0].isConst:
		return func(out *register, in []*register) bool {
			to, c := out.makeFloats(), in[0].Floats[0]
			for i := range to {
				to[i] = c
			}
			doubles(op, to, to, in[1].Floats)
			return true
		}
	}
	return func(out *register, in []*register) bool {
		doubles(op, out.makeFloats(), in[0].Floats, in[1].Floats)
		return true
	}
}

// wholeNumber returns the node of whole numbers that n casts to doubles, or nil if n is no such cast.
func (n *node) wholeNumber() *node {
	if n.isConst || n.expr.Op != query.Call || n.expr.Func.Name != "cast" || len(n.args) != 1 || n.args[0].isConst {
		return nil
	}
	switch from := n.args[0].Type; from.Kind {
	case query.Integer, query.BigInt, query.HugeInt:
		return n.args[0]
	}
	return nil
}

// quotients casts whole numbers to doubles and divides them by a double.
func quotients(to []float64, a []int64, by float64) {
	a = a[:len(to)]
	for done := 0; done < len(to); {
		done += eights.QuotientsMany(to[done:], a[done:], by)
		for end := min(done+8, len(to)); done < end; done++ {
			to[done] = float64(a[done]) / by
		}
	}
}

func doubles(op byte, to, a, b []float64) {
	n := eights.DoublesMany(op, to, a, b)
	to, a, b = to[n:], a[n:], b[n:]
	a, b = a[:len(to)], b[:len(to)]
	switch op {
	case '+':
		for i := range to {
			to[i] = a[i] + b[i]
		}
	case '-':
		for i := range to {
			to[i] = a[i] - b[i]
		}
	case '*':
		for i := range to {
			to[i] = a[i] * b[i]
		}
	case '/':
		for i := range to {
			to[i] = a[i] / b[i]
		}
	case '%':
		for i := range to {
			to[i] = math.Mod(a[i], b[i])
		}
	}
}

func doubleByConst(op byte, to, a []float64, c float64) {
	n := eights.DoublesByConstMany(op, to, a, c)
	to, a = to[n:], a[n:]
	a = a[:len(to)]
	switch op {
	case '+':
		for i := range to {
			to[i] = a[i] + c
		}
	case '-':
		for i := range to {
			to[i] = a[i] - c
		}
	case '*':
		for i := range to {
			to[i] = a[i] * c
		}
	case '/':
		for i := range to {
			to[i] = a[i] / c
		}
	case '%':
		for i := range to {
			to[i] = math.Mod(a[i], c)
		}
	}
}
