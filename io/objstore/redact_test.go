package objstore

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestHideTakesSecretsOutOfAnyText(t *testing.T) {
	for text, want := range map[string]string{
		`Get "https://h/x?sig=abc": refused`:             `Get "https://h/x": refused`,
		"https:/h/x?sig=abc and more":                    "https:/h/x and more",
		"https:h/x?sig=abc":                              "https:h/x",
		"HTTPS:/u:p@h/x?abc":                             "HTTPS:/h/x",
		"h/x.parquet?sig=abc":                            "h/x.parquet",
		"--endpoint=u:p@h:1":                             "--endpoint=***@h:1",
		"s3://b/x?X-Amz-Signature=abc":                   "s3://b/x",
		"a https://u:p@h/x, https://h/y?k and /z?a=b":    "a https://h/x, https://h/y and /z",
		"data/year=201?/month=01/x?.parquet":             "data/year=201?/month=01/x?.parquet",
		"gs://b/year=201?/x?.parquet":                    "gs://b/year=201?/x?.parquet",
		"output:/tmp/x?.parquet: is the name right? a=b": "output:/tmp/x?.parquet: is the name right? a=b",
		"12:30@home":                                     "***@home", // it cannot be told from a user and password
		"seconds=1.5 output=/tmp/a@b:c":                  "seconds=1.5 output=/tmp/a@b:c",
		"s3:GetObject":                                   "s3:GetObject",
		"(did you mean --max-rejected?)":                 "(did you mean --max-rejected?)",
	} {
		if got := Hide(text); got != want {
			t.Errorf("%s: found %s, expected %s", text, got, want)
		}
	}
}

func TestHideKnowsTheSecretsOfAddressesWhereverTheyStand(t *testing.T) {
	for address, text := range map[string]string{
		"https://h/x?sig=a%2Fbcdef":                         "no a/bcdef",
		"https://h/x?sig=a/bcdef":                           "no a%2Fbcdef",
		"https://h/x?v=1&sig=" + `ab"cdef`:                  fmt.Sprintf("%q", `ab"cdef`),
		"https://someone:passphrase@h/x":                    "passphrase of someone8", // a part of a word too
		"https://someone8:pass/phrase@h/x":                  "pass/phrase of someone8",
		"someone8:pass/phrase@h":                            "pass/phrase of someone8",
		"https:/h/x?sig=signature1":                         "signature1",
		"https://h/x?sig=signature1,https://h/y?sig=abcdef": "signature1",
		"{https://h/x?sig=signature1,b}":                    "signature1",
		"https://h/x#signature1":                            "signature1",
		"https://h/x?signature1":                            "signature1",
		"h/x?sig=signature1":                                "signature1",
	} {
		if got := Hide(text, address); !strings.Contains(got, "***") || strings.Contains(got, "phrase") || strings.Contains(got, "signature1") || strings.Contains(got, "cdef") {
			t.Errorf("%s: found %s", address, got)
		}
	}
	// A word that may be in any text is hidden only within its address.
	for address, text := range map[string]string{
		"https://h/x?taxi=yellow&year=2019&day=2019-08-01&expires=604800&sig=short": "yellow 2019 2019-08-01 604800 short",
		"https://h/x.parquet?file=x.parquet":                                        "h/x.parquet",
	} {
		if got := Hide(text, address); got != text {
			t.Errorf("%s: found %s, expected %s", address, got, text)
		}
	}
}

func TestAHidingWriterHidesWhatWasLearnt(t *testing.T) {
	defer func() { learnt.secrets = secrets{} }()
	Learn("--input=https://h/x?sig=signature1")
	LearnWords("another-secret", "")
	var b bytes.Buffer
	n, err := fmt.Fprint(HidingWriter{&b}, "signature1, another-secret\n")
	if got := b.String(); err != nil || n != len("signature1, another-secret\n") || got != "***, ***\n" {
		t.Errorf("found %q, %d, %v", got, n, err)
	}
}

func TestAddressesWithoutTheirSlashesAreRefused(t *testing.T) {
	for _, uri := range []string{"https:/h/x", "https:h/x", "S3:/b/x", "gs:b/x", "az:/c/x", "http:/h"} {
		if err := (Access{}).Allows(uri); err == nil || !strings.Contains(err.Error(), "expected "+strings.ToLower(uri[:2])) {
			t.Errorf("%s: found %v", uri, err)
		}
		if err := CheckOutput(uri); err == nil {
			t.Errorf("%s as output: found no error", uri)
		}
	}
	for _, uri := range []string{"./https:/h/x", "httpsx:/h", "/https:/x", "https", "s3"} {
		if err := Misspelt(uri); err != nil {
			t.Errorf("%s: found %v", uri, err)
		}
	}
}
