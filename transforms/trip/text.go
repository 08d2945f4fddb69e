package trip

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/element"
)

// A column of any type may have text: formats without types have only text, and some tools write ids, amounts and times as text. Spaces
// around a value are ignored. An empty text and N/A are null. Any other text that is not a value is an error. If rules are applied, it is
// null instead, and noted for a rule. Texts are read without copies.

// value returns the value in row i, and whether there is one. It notes a text that is null.
func (fn *fieldsFn) value(a *array.String, i int) (string, bool) {
	s := strings.Trim(a.Value(i), " ")
	if a.IsNull(i) {
		return "", false
	}
	if s == "" || s == "N/A" {
		fn.blank = append(fn.blank, int32(i))
		return "", false
	}
	return s, true
}

// textMeasures converts texts to units of 10^-6.
func (fn *fieldsFn) textMeasures(a *array.String, dst []int64) ([]int64, *badValue) {
	for i := range dst {
		x, plain := plainDecimal(a.Value(i))
		if dst[i] = x; plain && x <= MaxValue*Unit && x >= -MaxValue*Unit {
			continue
		}
		dst[i] = 0
		s, is := fn.value(a, i)
		if !is {
			continue
		}
		x, form := readDecimal(s)
		switch {
		case form == decimalNumber && x <= MaxValue*Unit && x >= -MaxValue*Unit:
			dst[i] = x
		case form == decimalNumber && fn.Options.Judged:
			dst[i], fn.wide = x, true
		case fn.Options.Judged:
			dst[i] = 0
			fn.bad = append(fn.bad, int32(i))
		default:
			return nil, &badValue{i, errMeasure}
		}
	}
	return dst, nil
}

// textZones converts texts to zone ids.
func (fn *fieldsFn) textZones(a *array.String, dst []int64) ([]int64, *badValue) {
	for i := range dst {
		if x, ok := shortNumber(a.Value(i)); ok {
			dst[i] = x
			continue
		}
		dst[i] = noZone
		s, is := fn.value(a, i)
		if !is {
			continue
		}
		x, form := zoneText(s)
		switch {
		case form == decimalNumber:
			dst[i] = x
		case !fn.Options.Judged:
			return nil, &badValue{i, errZone}
		case form == noNumeral:
			fn.bad = append(fn.bad, int32(i))
		default:
			fn.notAZone(dst, i)
		}
	}
	return dst, nil
}

// shortNumber returns the whole number in s if s is one to four digits. Nearly all ids and codes are.
func shortNumber(s string) (int64, bool) {
	if s == "" || len(s) > 4 {
		return 0, false
	}
	v := int64(0)
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	return v, true
}

// textCodes converts texts to codes. A text is a number or one of the texts in codes; any other text becomes noCode.
func (fn *fieldsFn) textCodes(a *array.String, codes map[string]int64, dst []int64) {
	for i := range dst {
		if x, ok := shortNumber(a.Value(i)); ok && len(codes) == 0 {
			dst[i] = x
			continue
		}
		dst[i] = 0
		s, is := fn.value(a, i)
		if !is {
			continue
		}
		if c, ok := codes[s]; ok {
			dst[i] = c
		} else if x, form := zoneText(s); form == decimalNumber {
			dst[i] = x
		} else {
			dst[i] = noCode
		}
	}
}

// textUTC returns how to read offsets in times that are text, as a value of --utc. A declared dataset may say this itself.
func (fn *fieldsFn) textUTC() string {
	switch l := fn.local; {
	case l == nil:
		return fn.Options.UTC
	case l.Stored == element.StoredWall:
		return UTCWall
	case l.Stored == element.StoredUTC || l.TimeZone != "":
		return UTCConvert
	}
	return UTCRefuse
}

// textTimes converts texts to µs of the wall clock of the dataset's place, or of UTC if a declaration says that times are stored in UTC.
func (fn *fieldsFn) textTimes(a *array.String, dst []int64) ([]int64, *badValue) {
	c := &fn.texts
	if c.utc == UTCConvert && c.wall == nil {
		if err := fn.needClock(); err != nil {
			return nil, err
		}
		if c.wall = fn.clock; fn.local != nil && fn.local.Stored == element.StoredUTC {
			var err error
			if c.wall, err = clockOf("UTC"); err != nil {
				return nil, &badValue{0, err}
			}
		}
	}
	for i := range dst {
		x, form := c.read(a.Value(i))
		if dst[i] = x; form == wallTime {
			continue
		}
		dst[i] = 0
		s, is := fn.value(a, i)
		if !is {
			continue
		}
		x, form = c.read(s)
		switch {
		case form == wallTime:
			dst[i] = x
		case form == hasZone:
			return nil, &badValue{i, errOffset}
		case fn.Options.Judged:
			fn.bad = append(fn.bad, int32(i))
		default:
			return nil, &badValue{i, errTimeText}
		}
	}
	return dst, nil
}
