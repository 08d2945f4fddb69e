package compute

import "tripstats/transforms/query"

func init() {
	for _, name := range []string{"lower", "upper", "like", "ilike"} {
		builders[name] = strict(func(b *invocation) kernel { return perText(b, 0, b.e.Func) })
	}
}

// unknown marks a text or value of which a call was not computed so far.
const unknown = -1

// perText is for calls that depend on one text. They are computed once for each text.
func perText(b *invocation, arg int, f *query.Function) kernel {
	for i, a := range b.args {
		if i != arg && !a.isConst {
			return nil
		}
	}
	program, generation := b.p, -1
	call := *b.e
	call.Args = make([]*query.Expr, len(b.args))
	for i, a := range b.args {
		call.Args[i] = &query.Expr{Op: placeholder, Type: a.Type, Index: i}
	}
	call.Func = f
	var known []int64
	return func(out *register, in []*register) bool {
		if generation != program.generation {
			known, generation = known[:0], program.generation
		}
		for len(known) < program.texts.Len() {
			known = append(known, unknown)
		}
		learn := func(code int64) bool {
			x, err := call.Eval(func(e *query.Expr) (query.Value, error) {
				if e.Index == arg {
					return query.Value{Text: program.texts.Of(code)}, nil
				}
				return in[e.Index].Value(0), nil
			})
			switch {
			case err != nil || x.IsNull:
				return false
			case out.Type.Kind == query.Varchar:
				known[code] = program.texts.Code(x.Text)
			default:
				known[code] = x.Int
			}
			return true
		}
		codes := in[arg].Ints[:out.Rows]
		for i, c := range codes {
			if known[c] == unknown && !out.IsNull(i) && !learn(c) {
				return false
			}
		}
		if out.Type.Kind == query.Boolean {
			rows(out.makeBits(), out.Rows, func(i int) bool { return known[codes[i]] == 1 })
			return true
		}
		to := out.makeInts()
		for i, c := range codes {
			to[i] = max(known[c], 0)
		}
		return true
	}
}

// perValue is for casts to texts. They are computed once for each value.
func perValue(b *invocation) kernel {
	program, generation, from := b.p, -1, b.args[0].Type
	if from.Kind == query.Double || from.Kind == query.Null {
		return nil
	}
	known := map[int64]int64{}
	return func(out *register, in []*register) bool {
		if generation != program.generation {
			clear(known)
			generation = program.generation
		}
		to := out.makeInts()
		for i := range to {
			if out.IsNull(i) {
				to[i] = 0
				continue
			}
			x := in[0].Value(i)
			key := x.Int
			if in[0].Ints != nil {
				key = in[0].Ints[i]
			}
			code, ok := known[key]
			if !ok {
				if len(known) >= mostTexts {
					clear(known)
				}
				code = program.texts.Code(from.Format(x))
				known[key] = code
			}
			to[i] = code
		}
		return true
	}
}
