package publish

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/io/objstore"
)

// TestATextBesideTheTablesStopsReadersOfTheWholeFolder says what the text must be so that pandas and pyarrow, given the folder, try to read it
// and fail, and so that other readers do not see it. testdata/docs runs pandas and pyarrow.
func TestATextBesideTheTablesStopsReadersOfTheWholeFolder(t *testing.T) {
	if strings.HasPrefix(ReadmeName, "_") || strings.HasPrefix(ReadmeName, ".") {
		t.Errorf("%s: pyarrow passes over such a name", ReadmeName)
	}
	if strings.HasPrefix(readme, "PAR1") || strings.HasSuffix(ReadmeName, ".parquet") {
		t.Errorf("%s: found a parquet file, or the name of one, expected a text that patterns for tables do not match", ReadmeName)
	}
	useStore(t)
	for _, output := range []string{t.TempDir(), memOutput} {
		mustCommit(t, output, "first", 1)
		if found := filesBelow(t, output)[ReadmeName]; found != readme {
			t.Errorf("%s: found %q, expected the text", output, found)
		}
	}
}

// TestTheTextBesideTheTablesIsTheUsersIfTheyHaveOne has a text of the user's, a folder in its place, and no text at all.
func TestTheTextBesideTheTablesIsTheUsersIfTheyHaveOne(t *testing.T) {
	output := t.TempDir()
	place := filepath.Join(output, ReadmeName)
	if err := os.WriteFile(place, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, output, "first", 1)
	if found := filesBelow(t, output)[ReadmeName]; found != "mine" {
		t.Errorf("found %q, expected the user's text", found)
	}
	if err := os.Remove(place); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(place, 0o777); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, output, "second", 2)
	if lags, err := wholeVersion(t, objstore.Access{}, output).Lagging(t.Context(), objstore.Access{}, output); lags || err != nil {
		t.Errorf("a folder in the place of the text: the copies lag: %v, %v", lags, err)
	}
	if err := os.Remove(place); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, output, "third", 3)
	if found := filesBelow(t, output)[ReadmeName]; found != readme {
		t.Errorf("found %q, expected the text again", found)
	}
}
