package group

import (
	"math"
	"math/big"
	"strings"

	"tripstats/transforms/eights"
)

// extremes are least or largest values.
type extremes struct {
	class class
	most  bool
	texts *texts

	list []int64          // while there is no value: what every value is better than, or -1 of texts
	wide map[uint32]wides // of batches with values of more than 64 bits
}

// wides is what the values of a group are worth that came in batches with values of more than 64 bits.
type wides struct {
	count     int64
	value, by []byte
}

func (e *extremes) none() int64 {
	switch {
	case e.class == text:
		return -1
	case e.most:
		return math.MinInt64
	}
	return math.MaxInt64
}

func (e *extremes) reset()          { e.list, e.wide = e.list[:0], nil }
func (e *extremes) bytes() int64    { return int64(cap(e.list))*8 + int64(len(e.wide))*100 }
func (e *extremes) grow(groups int) { e.list = grown(e.list, groups, e.none()) }
func (e *extremes) close(int)       {}

func (e *extremes) add(ids []uint32, one bool, v values) {
	list, ints := e.list, v.ints[:len(ids)]
	switch {
	case e.class == text:
		for i, id := range ids {
			if x := ints[i]; x != list[id] && (list[id] < 0 || (strings.Compare(e.texts.list[x], e.texts.list[list[id]]) > 0) == e.most) {
				list[id] = x
			}
		}
	case one && e.most:
		list[ids[0]] = eights.Most(list[ids[0]], ints)
	case one:
		list[ids[0]] = eights.Least(list[ids[0]], ints)
	case e.most:
		for i, id := range ids {
			if x := ints[i]; x > list[id] {
				list[id] = x
			}
		}
	default:
		for i, id := range ids {
			if x := ints[i]; x < list[id] {
				list[id] = x
			}
		}
	}
}

func (e *extremes) addWide(id uint32, v, _ *big.Int) {
	if e.wide == nil {
		e.wide = map[uint32]wides{}
	}
	w := e.wide[id]
	x := appendBig(nil, v)
	if w.count > 0 {
		x = better(e.most, w.value, x)
	}
	e.wide[id] = wides{count: w.count + 1, value: x}
}

func (e *extremes) append(b []byte, id uint32, count int64) []byte {
	w := e.wide[id]
	own := []byte{absent}
	if count > w.count {
		own = appendNumber(nil, e.class, e.list[id], e.texts)
	}
	if w.count > 0 {
		own = better(e.most, own, w.value)
	}
	return append(b, own...)
}

// pairs are values at the least or largest value of another.
type pairs struct {
	form  form
	most  bool
	texts *texts

	list []pair
	wide map[uint32]wides
}

type pair struct {
	by, value int64
	any       bool
}

func (p *pairs) reset()          { p.list, p.wide = p.list[:0], nil }
func (p *pairs) bytes() int64    { return int64(cap(p.list))*24 + int64(len(p.wide))*100 }
func (p *pairs) grow(groups int) { p.list = grown(p.list, groups, pair{}) }
func (p *pairs) close(int)       {}

func (p *pairs) add(ids []uint32, one bool, v values) {
	ints, bys := v.ints[:len(ids)], v.by[:len(ids)]
	if one && p.form.by != text && p.allWorse(ids[0], bys) {
		return
	}
	for i, id := range ids {
		now, by := &p.list[id], bys[i]
		switch {
		case !now.any:
		case by == now.by:
			if c := p.compare(p.form.class, ints[i], now.value); c >= 0 {
				continue
			}
		case p.form.by != text && (by > now.by) != p.most:
			continue
		case p.form.by == text && (p.compare(text, by, now.by) > 0) != p.most:
			continue
		}
		*now = pair{by, ints[i], true}
	}
}

// allWorse tells whether the group has a pair whose number is better than all of these numbers.
func (p *pairs) allWorse(id uint32, bys []int64) bool {
	now := &p.list[id]
	if !now.any {
		return false
	}
	if p.most {
		return eights.Most(bys[0], bys) < now.by
	}
	return eights.Least(bys[0], bys) > now.by
}

func (p *pairs) compare(c class, a, b int64) int {
	switch {
	case c == text:
		return strings.Compare(p.texts.list[a], p.texts.list[b])
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// addWide adds a pair of which one has more than 64 bits. What is no whole number comes as intsOf makes it.
func (p *pairs) addWide(id uint32, v, by *big.Int) {
	if p.wide == nil {
		p.wide = map[uint32]wides{}
	}
	w := p.wide[id]
	w.by, w.value = p.better(w, wides{1, p.written(p.form.class, v), p.written(p.form.by, by)})
	w.count++
	p.wide[id] = w
}

func (p *pairs) written(c class, v *big.Int) []byte {
	if c == exact {
		return appendBig(nil, v)
	}
	return appendNumber(nil, c, v.Int64(), p.texts)
}

// better returns the by and the value of the better one.
func (p *pairs) better(a, b wides) (by, value []byte) {
	if a.count == 0 {
		return b.by, b.value
	}
	switch best := better(p.most, a.by, b.by); {
	case string(a.by) == string(b.by):
		return a.by, better(false, a.value, b.value)
	case string(best) == string(a.by):
		return a.by, a.value
	}
	return b.by, b.value
}

func (p *pairs) append(b []byte, id uint32, _ int64) []byte {
	w := p.wide[id]
	if now := p.list[id]; now.any {
		w.by, w.value = p.better(w, wides{1, appendNumber(nil, p.form.class, now.value, p.texts), appendNumber(nil, p.form.by, now.by, p.texts)})
		w.count++
	}
	if w.count == 0 {
		return append(b, absent, absent)
	}
	return append(append(b, w.by...), w.value...)
}
