package tlcgen

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseText(t *testing.T) {
	o := Options{Taxi: Yellow, Month: YearMonth{2019, 3}, Format: CSV}
	got, err := o.ParseText("bom, mdy,trailing-commas=2,quote-all")
	if want := (Text{BOM: true, Times: TimesMDY, TrailingCommas: 2, Quoted: QuoteAll}); err != nil || got.Text != want {
		t.Errorf("%+v (%v), expected %+v", got.Text, err, want)
	}
	if got, err = o.ParseText("published"); err != nil || !got.Text.Published || got.Text.Lines != CRLF {
		t.Errorf("published: %+v (%v)", got.Text, err)
	}
	again, _ := o.ParseText("random")
	if got, err = o.ParseText("random"); err != nil || got.Text != again.Text || got.Text == (Text{}) {
		t.Errorf("random: %+v and %+v (%v)", got.Text, again.Text, err)
	}
	for _, s := range []string{"tabs", "members", "members=x", "bom=1"} {
		if _, err := o.ParseText(s); err == nil || !strings.Contains(err.Error(), "trailing-commas=N") {
			t.Errorf("%q: error %v, expected the list of words", s, err)
		}
	}
}

func TestParsePlant(t *testing.T) {
	got, err := ParsePlant("nan=1,not-number=2, over200-miles=3,malformed=4")
	if want := (Plant{NaN: 1, NotNumber: 2, Over200Miles: 3, Malformed: 4}); err != nil || got != want {
		t.Errorf("%+v (%v), expected %+v", got, err, want)
	}
	for _, s := range []string{"nothing=1", "nan", "nan=x"} {
		if _, err := ParsePlant(s); err == nil || !strings.Contains(err.Error(), "null-pickup-zone") {
			t.Errorf("%q: error %v, expected the list of kinds", s, err)
		}
	}
}

// TestEveryTextHasAWord checks that each choice of Text can be asked for by a word.
func TestEveryTextHasAWord(t *testing.T) {
	var set Text
	for _, f := range textWords {
		f(&set)
	}
	for _, f := range textNumbers {
		f(&set, 1)
	}
	set.Published = true
	v := reflect.ValueOf(set)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("no word sets %s", v.Type().Field(i).Name)
		}
	}
}
