package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"tripstats/io/objstore"
)

// TestThePageOfRecordsIsMadeFromTheirTypes keeps records.md.
func TestThePageOfRecordsIsMadeFromTheirTypes(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Records\n\nWith `--log=json` each message on stderr is an object of JSON on a line of its own. Each has the fields `time` (UTC) and `type`; the\nothers are those of its type. Fields may be added; they do not change their meaning. The exit code of the program is that of its error\nrecords, or 0. This page is made from the types in the program, by `go test ./pipeline -run Records -update`.\n")
	for _, k := range recordKinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s%s.\n", k.name, strings.ToUpper(k.about[:1]), k.about[1:])
		fields(t, &b, k.is)
	}
	b.WriteString("\n# Results\n\nSome commands write their result to stdout as JSON if they are told `--json`.\n")
	for _, k := range resultKinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s%s.\n", k.name, strings.ToUpper(k.about[:1]), k.about[1:])
		fields(t, &b, k.is)
	}
	made(t, "records.md", b.String())
}

// fields lists the fields of a type, and those of the objects in it.
func fields(t *testing.T, b *strings.Builder, of reflect.Type) {
	t.Helper()
	if of.Kind() == reflect.Slice {
		b.WriteString("It is a list of objects.\n")
		of = of.Elem()
	}
	b.WriteString("\n| field | JSON | meaning |\n| --- | --- | --- |\n")
	var inner []reflect.StructField
	for i := range of.NumField() {
		f := of.Field(i)
		if !f.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		about := f.Tag.Get("about")
		if name == "" || about == "" {
			t.Errorf("%s.%s: found no name or no meaning, expected both", of, f.Name)
		}
		always := ""
		if options == "omitempty" {
			always = ", not always there"
		}
		fmt.Fprintf(b, "| `%s` | %s%s | %s |\n", name, jsonType(f.Type), always, about)
		if e := f.Type; e.Kind() == reflect.Slice && e.Elem().Kind() == reflect.Struct {
			inner = append(inner, f)
		}
	}
	for _, f := range inner {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fmt.Fprintf(b, "\nEach of `%s`:\n", name)
		fields(t, b, f.Type.Elem())
	}
}

// jsonType names what JSON has for a type of Go.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct:
		return "object"
	case reflect.Slice:
		return "list of " + strings.TrimSuffix(jsonType(t.Elem()), "s") + "s"
	case reflect.Map:
		return "object of " + jsonType(t.Elem())
	}
	return "number"
}

// TestARecordShowsNoSecretAndStaysJSON has messages in which an address with a secret ends at a quote.
func TestARecordShowsNoSecretAndStaysJSON(t *testing.T) {
	objstore.Learn(`https://user:pa"ss"word@host/x?sig=s3cr3tS1gnature`)
	for name, write := range map[string]func(c console){
		"note":  func(c console) { c.line("note: found %q", "https://h/x?sig=s3cr3tS1gnature") },
		"error": func(c console) { f := usage(`found "https://u:pa"ss"word@h"`); c.lines(f, f) },
		"log": func(c console) {
			slog.New(c.handler(slog.LevelInfo)).Info(`of "https://h/x?sig=s3cr3tS1gnature"`, "at", errors.New(`"https://h/x?sig=s3cr3tS1gnature"`))
		},
		"summary": func(c console) { c.summary("done", runSummary{Output: "s3://b/x?s3cr3tS1gnature"}, "") },
	} {
		var b bytes.Buffer
		write(console{w: objstore.HidingWriter{W: &b}, form: "json"})
		var r struct {
			Type string    `json:"type"`
			Time time.Time `json:"time"`
		}
		if err := json.Unmarshal(b.Bytes(), &r); err != nil || r.Type != name || r.Time.IsZero() {
			t.Errorf("found %s (%v), expected a record of type %s with a time", b.String(), err, name)
		}
		if text := b.String(); strings.Contains(text, "s3cr3t") || strings.Contains(text, "word@") || strings.Count(text, "\n") != 1 {
			t.Errorf("found %s, expected one line without the secret", text)
		}
	}
}
