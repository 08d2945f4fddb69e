package element

import (
	"reflect"
	"testing"
)

func TestAValueNamesATaxiWhateverItsCaseAndSigns(t *testing.T) {
	telling := Telling{Values: []TaxiValue{{"yellow", "yellow"}, {"yellow taxi", "yellow"}, {"boro", "green"}}}
	for value, want := range map[string]string{
		"yellow": "yellow", "Yellow": "yellow", " YELLOW ": "yellow", "Yellow_Taxi": "yellow", "yellow-taxi": "yellow", "Boro": "green",
		"": "", "yellows": "", "green": "", "yellow  taxi": "",
	} {
		if got := telling.TaxiOf(value); got != want {
			t.Errorf("%q: found %q, expected %q", value, got, want)
		}
	}
	if got := telling.Taxis(); !reflect.DeepEqual(got, []string{"yellow", "green"}) {
		t.Errorf("found the taxis %q", got)
	}
}

func TestAFileOfSeveralTaxisIsReadForSomeOfThem(t *testing.T) {
	var f Recognised
	f.Rows = 10
	f.Taxi, f.Shares = "a, b, c", []Share{{Taxi: "a", Rows: 2}, {Taxi: "b", Rows: 3}, {Taxi: "c", Rows: 5}}
	some := f.Only(func(taxi string) bool { return taxi != "b" })
	if some.Taxi != "a, c" || some.RowsToRead() != 7 || len(some.Admit()) != 2 || some.Admit()[1].Others != 3 || f.RowsToRead() != 10 {
		t.Errorf("found %+v, expected the trips of a and c", some)
	}
	if none := f.Only(func(string) bool { return false }); len(none.ByTaxi()) != 0 || len(none.Admit()) != 0 {
		t.Errorf("found %+v, expected no trips", none)
	}
	one := Recognised{Taxi: "a"}
	one.Rows = 4
	if got := one.Only(func(taxi string) bool { return taxi == "a" }).Admit(); len(got) != 1 || got[0].Rows != 4 || got[0].Others != 0 {
		t.Errorf("found %+v, expected all four rows", got)
	}
	if got := one.Only(func(taxi string) bool { return taxi == "b" }).ByTaxi(); len(got) != 0 {
		t.Errorf("found %+v, expected no trips", got)
	}
	if got := JoinTaxis("b, a", "a, c"); got != "a, b, c" {
		t.Errorf("found %q", got)
	}
}
