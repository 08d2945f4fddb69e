package fault

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestFindRecoversAFaultFromWrappedText(t *testing.T) {
	f := Inputf("x.parquet: row group %d: column %q: found INT32", 3, "a\nb")
	for name, err := range map[string]error{
		"typed":   fmt.Errorf("while executing: %w", f),
		"text":    errors.New("while executing Process for Plan[1]:\n\tat java.lang.X: " + f.Error() + "\n\tcaused by"),
		"doubled": errors.New(f.Error() + " and " + New(Failed, "later").Error()),
		"broken":  errors.New(strings.Replace(f.Error(), " found", "\n found", 1)),
	} {
		t.Run(name, func(t *testing.T) {
			got := Find(err)
			if got == nil || got.Code != Input || !strings.HasPrefix(got.Message, "x.parquet: row group 3: column") {
				t.Fatalf("Find(%v): found %+v, expected the fault that was wrapped", err, got)
			}
			if strings.ContainsAny(got.Message, "\n\t") {
				t.Errorf("found the message %q, expected one line", got.Message)
			}
		})
	}
}

func TestFindSeesNoFaultWhereThereIsNone(t *testing.T) {
	for _, text := range []string{"", "boom", "[tripstats exit=0] ok [/tripstats]", "[tripstats exit=999] x [/tripstats]", "[tripstats exit=3] no end"} {
		if f := FindText(text); f != nil {
			t.Errorf("FindText(%q): found %+v, expected none", text, f)
		}
	}
	if Find(nil) != nil {
		t.Error("Find(nil) is not nil")
	}
}
