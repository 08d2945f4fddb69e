package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"
)

// cellsOf is how many cells of a terminal a text takes.
func cellsOf(text string) int { return uniseg.StringWidth(text) }

// cutCells returns the beginning of a text, in so many cells or fewer. It cuts between the characters that a reader sees.
func cutCells(text string, cells int) string {
	kept, width := 0, 0
	for rest, state := text, -1; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if width += w; width > cells {
			break
		}
		kept += len(cluster)
	}
	return text[:kept]
}

// endOf returns a name in so many cells or fewer. If it is cut, its end is kept: names of files differ there.
func endOf(name string, cells int) string {
	const cut, most = "...", 2000
	if len(name) > most { // nobody sees more of it
		name = strings.ToValidUTF8(name[len(name)-most:], "")
	}
	if cellsOf(name) <= cells {
		return name
	}
	if cells <= len(cut) {
		return cutCells(cut, cells)
	}
	for rest, state := name, -1; rest != ""; {
		_, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if cellsOf(rest) <= cells-len(cut) {
			return cut + rest
		}
	}
	return cut
}

// plainName returns a name as text that a terminal only shows: what would control it, or the direction of the text around, becomes a
// question mark.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, name)
}

// inUnits returns numbers as text, all in the unit of the last, with the unit's prefix: 1.2, 34.5 and G.
func inUnits(values ...int64) (texts []string, prefix string) {
	largest, scale := values[len(values)-1], 1.0
	for _, p := range []struct {
		scale  float64
		prefix string
	}{{1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}} {
		if float64(largest) >= 10*p.scale || float64(largest) >= p.scale && p.scale >= 1e6 {
			scale, prefix = p.scale, p.prefix
		}
	}
	for _, v := range values {
		if prefix == "" {
			texts = append(texts, fmt.Sprint(v))
		} else {
			texts = append(texts, fmt.Sprintf("%.1f", float64(v)/scale))
		}
	}
	return texts, prefix
}

// span writes a duration for people.
func span(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	}
	return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
}
