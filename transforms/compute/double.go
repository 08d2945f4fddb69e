package compute

import "math"

func init() {
	builders["/"] = strict(func(b *invocation) kernel { return doubleKernel(b, '/') })
}

// doubleKernel computes with doubles as IEEE 754 says: one operation after the other, each rounded. A product and a sum are
// never computed at once, which some processors round only once, and a division stays a division.
func doubleKernel(b *invocation, op byte) kernel {
	switch {
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

func doubles(op byte, to, a, b []float64) {
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
