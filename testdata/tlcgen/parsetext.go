package tlcgen

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// textWords are the words of [ParseText] for one choice each; further ones have a number.
var textWords = map[string]func(*Text){
	"bom":          func(t *Text) { t.BOM = true },
	"crlf":         func(t *Text) { t.Lines = CRLF },
	"header-lf":    func(t *Text) { t.Lines = HeaderLF },
	"mixed-lines":  func(t *Text) { t.Lines = MixedLines },
	"spaced-names": func(t *Text) { t.SpacedNames = true },
	"index":        func(t *Text) { t.Index = true },
	"na":           func(t *Text) { t.NotAvailable = true },
	"spaces":       func(t *Text) { t.Spaces = true },
	"quote-texts":  func(t *Text) { t.Quoted = QuoteTexts },
	"quote-all":    func(t *Text) { t.Quoted = QuoteAll },
	"quote-some":   func(t *Text) { t.Quoted = QuoteSome },
	"t":            func(t *Text) { t.Times = TimesT },
	"fraction":     func(t *Text) { t.Times = TimesFraction },
	"z":            func(t *Text) { t.Times = TimesZ },
	"offset":       func(t *Text) { t.Times = TimesOffset },
	"mdy":          func(t *Text) { t.Times = TimesMDY },
	"dmy":          func(t *Text) { t.Times = TimesDMY },
	"sql":          func(t *Text) { t.Numbers = NumbersSQL },
	"17-digits":    func(t *Text) { t.Numbers = Numbers17 },
	"python":       func(t *Text) { t.Numbers = NumbersPython },
	"no-last-end":  func(t *Text) { t.NoLastEnd = true },
}

// textNumbers are the words of [ParseText] that have a number: blank-lines=1.
var textNumbers = map[string]func(*Text, int){
	"blank-lines":     func(t *Text, n int) { t.BlankLines = n },
	"stray-blanks":    func(t *Text, n int) { t.StrayBlanks = int64(n) },
	"trailing-commas": func(t *Text, n int) { t.TrailingCommas = n },
	"members":         func(t *Text, n int) { t.Members = n },
}

// TextWords lists the words of [ParseText].
func TextWords() []string {
	words := []string{"published", "random"}
	for w := range textWords {
		words = append(words, w)
	}
	for w := range textNumbers {
		words = append(words, w+"=N")
	}
	slices.Sort(words)
	return words
}

// ParseText sets the form of a CSV file by a comma-separated list of words: random draws one by the seed, taxi and month, published takes
// that of TLC's own file of the month, and other words say one thing each. Later words override earlier ones.
func (o Options) ParseText(s string) (Options, error) {
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		name, number, has := strings.Cut(word, "=")
		n, err := strconv.Atoi(number)
		switch {
		case word == "":
		case word == "random":
			h := fnv.New64a()
			fmt.Fprintf(h, "%d %s %v", o.Seed, o.Taxi, o.Month)
			o.Text = RandomText(h.Sum64())
		case word == "published":
			if o, err = PublishedText(o); err != nil {
				return o, err
			}
		case textWords[word] != nil:
			textWords[word](&o.Text)
		case has && err == nil && textNumbers[name] != nil:
			textNumbers[name](&o.Text, n)
		default:
			return o, fmt.Errorf("tlcgen: text %q is none of %s", word, strings.Join(TextWords(), ", "))
		}
	}
	return o, nil
}

// ParsePlant reads what to plant: a comma-separated list such as malformed=5,not-number=2. The names are those of the fields of [Plant].
func ParsePlant(s string) (Plant, error) {
	var p Plant
	fields := reflect.ValueOf(&p).Elem()
	names := make([]string, fields.NumField())
	for i := range names {
		names[i] = kebab(fields.Type().Field(i).Name)
	}
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, number, _ := strings.Cut(part, "=")
		n, err := strconv.ParseInt(number, 10, 64)
		i := slices.Index(names, name)
		if err != nil || i < 0 {
			return p, fmt.Errorf("tlcgen: plant %q is not KIND=NUMBER with a kind of %s", part, strings.Join(names, ", "))
		}
		fields.Field(i).SetInt(n)
	}
	return p, nil
}

// kebab turns NotNumber into not-number and NaN into nan.
func kebab(name string) string {
	if name == "NaN" {
		return "nan"
	}
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte('-')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
