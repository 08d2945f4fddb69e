package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// The records of --log=json: objects of JSON, one a line, on stderr. Each has the fields time and type; the others are those of its kind.
// The page records.md is made from these types, and from those of the results that --json writes.

// recordKind is a kind of record.
type recordKind struct {
	name  string
	is    reflect.Type
	about string
}

// recordKinds are the kinds of records of --log=json, by the value of their field type.
var recordKinds = []recordKind{
	{"note", reflect.TypeFor[noteRecord](), "something to know about inputs or output; it does not change the exit code"},
	{"progress", reflect.TypeFor[progressRecord](), "what has been done so far, such as a file that was fetched"},
	{"status", reflect.TypeFor[statusRecord](), "how far the run is; written every ten seconds, when the run begins to wait for something, and at the end of a run that has read something"},
	{"file", reflect.TypeFor[fileRecord](), "what became of an input, with --verbose"},
	{"summary", reflect.TypeFor[runSummary](), "the last record of a run that ended well: the output has its tables"},
	{"fetched", reflect.TypeFor[fetchSummary](), "the last record of the command fetch, whether or not files failed"},
	{"restored", reflect.TypeFor[restoreSummary](), "the last record of the command restore"},
	{"submitted", reflect.TypeFor[submittedRecord](), "the last record of a run with --detach: a cluster has the job"},
	{"error", reflect.TypeFor[errorRecord](), "something that is wrong; a run that fails writes one or several, all with the same exit code"},
	{"stopped", reflect.TypeFor[stoppedRecord](), "the last record of a run that a signal ended"},
	{"log", reflect.TypeFor[logRecord](), "what Beam and its runners log, with --log-beam; it may have further fields"},
}

// resultKinds are the kinds of results that commands write to stdout with --json.
var resultKinds = []recordKind{
	{"tripstats check --json", reflect.TypeFor[checkRecord](), "whether an output is sound"},
	{"tripstats --plan --json", reflect.TypeFor[planRecord](), "what a run would read and do"},
	{"tripstats history --json", reflect.TypeFor[historyRecord](), "the versions that an output keeps"},
	{"tripstats inspect --json", reflect.TypeFor[[]fileReport](), "what files are"},
}

// writeJSON writes the result of a command.
func writeJSON(w io.Writer, result any) error {
	enc := json.NewEncoder(unfiltered(w))
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(withoutSecrets(reflect.ValueOf(result)).Interface())
}

// showResult writes the result of a command: as JSON with --json, otherwise as text.
func (j *job) showResult(command string, result fmt.Stringer) (err error) {
	if j.json {
		err = writeJSON(j.stdout, result)
	} else {
		_, err = io.WriteString(j.stdout, result.String())
	}
	if err != nil {
		return fault.New(fault.Failed, "%s: %v", command, err)
	}
	return nil
}

// withoutSecrets returns a value with secrets hidden in all its texts. This must happen before the value becomes JSON, because JSON escapes
// the quotes that end a secret.
func withoutSecrets(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch {
	case v.Kind() == reflect.String:
		out.SetString(objstore.Hide(v.String()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(withoutSecrets(v.Field(i)))
			}
		}
	case v.Kind() == reflect.Slice && !v.IsNil():
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(withoutSecrets(v.Index(i)))
		}
	case v.Kind() == reflect.Map && !v.IsNil():
		out.Set(reflect.MakeMap(v.Type()))
		for _, k := range v.MapKeys() {
			out.SetMapIndex(withoutSecrets(k), withoutSecrets(v.MapIndex(k)))
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(withoutSecrets(v.Elem()))
	}
	return out
}

// noteRecord is a note.
type noteRecord struct {
	Message string `json:"message" about:"the note"`
}

// progressRecord is a step of a longer work.
type progressRecord struct {
	Message string `json:"message" about:"what was done"`
}

// statusRecord is how far a run is.
type statusRecord struct {
	Stage         string           `json:"stage" about:"what the run does: finding (finds its inputs), looking (reads their footers or beginnings), reading (reads rows), adding (adds up the results), locking (waits for the lock of the output), publishing, fetching, or done"`
	Files         int              `json:"files" about:"files that the run reads, known once it has looked at them; kept results are not read"`
	FilesDone     int              `json:"files_done" about:"of these, read"`
	Bytes         int64            `json:"bytes" about:"bytes of the columns that the run reads"`
	BytesDone     int64            `json:"bytes_done" about:"of these, already read; an estimate while a file is being read"`
	Rows          *int64           `json:"rows,omitempty" about:"rows that the run reads; left out if only reading tells, as with text"`
	RowsDone      int64            `json:"rows_done" about:"rows read"`
	Refused       int64            `json:"rows_refused" about:"of these, rows that rules refused"`
	RowsPerSecond whole            `json:"rows_per_second" about:"lately; 0 if not known"`
	Seconds       hundredths       `json:"seconds" about:"since the run began"`
	Left          *hundredths      `json:"seconds_left,omitempty" about:"an estimate of how long reading still takes, if one is known"`
	Reading       []string         `json:"reading,omitempty" about:"the files that are read at the moment"`
	Waiting       []string         `json:"waiting,omitempty" about:"what the run has waited for longer than three seconds, and why it repeats a request"`
	Job           string           `json:"job,omitempty" about:"of a cluster: the id of the job"`
	State         string           `json:"state,omitempty" about:"of a cluster: the state of the job"`
	Counters      map[string]int64 `json:"counters,omitempty" about:"of a cluster: what the job has counted, if its job server reports it"`
}

// fileRecord is what became of an input.
type fileRecord struct {
	Source  string      `json:"source" about:"its name"`
	Taxi    string      `json:"taxi" about:"its taxi, or the list of them"`
	Use     string      `json:"use" about:"read, or reused: not read, because it has not changed since an earlier run"`
	Rows    int64       `json:"rows" about:"its rows"`
	Refused int64       `json:"rows_refused" about:"of these, rows that rules refused"`
	Seconds *hundredths `json:"seconds,omitempty" about:"how long it was open; other files may have been open at the same time"`
}

// errorRecord is a thing that is wrong.
type errorRecord struct {
	ExitCode int    `json:"exit_code" about:"the exit code of the program: see Exit codes in README.md"`
	Message  string `json:"message" about:"what was found, what was expected, and the way out"`
	Excerpt  string `json:"excerpt,omitempty" about:"of SQL: the line that is wrong, and below it a mark at the place"`
}

// stoppedRecord says that a signal has ended the run.
type stoppedRecord struct {
	ExitCode int    `json:"exit_code" about:"130 or 143"`
	Message  string `json:"message" about:"which signal came, and what became of a job on a cluster"`
}

// logRecord has the fields of what Beam logs. It documents the form that [asRecord] gives them.
type logRecord struct {
	Level   string `json:"level" about:"DEBUG, INFO, WARN or ERROR"`
	Message string `json:"message" about:"the text"`
}

// submittedRecord says that a cluster has the job.
type submittedRecord struct {
	Runner string `json:"runner" about:"the engine"`
	Job    string `json:"job" about:"the job's id there"`
	Output string `json:"output" about:"the folder for the tables"`
}

// runSummary is what a good run says at its end. Its text form has the fields in this order, each as name=value.
type runSummary struct {
	Runner        string     `json:"runner" about:"the engine that ran the pipeline"`
	Quality       string     `json:"quality" about:"standard or raw"`
	Files         int        `json:"files" about:"of these, inputs that were read"`
	LeftOut       int        `json:"files_left_out,omitempty" about:"inputs that matched and, as asked, were not read"`
	Rows          int64      `json:"rows" about:"rows of the inputs"`
	Rejected      *int64     `json:"rows_rejected,omitempty" about:"rows that rules refused; not with raw"`
	Minutes       *durations `json:"duration_minutes,omitempty" about:"mean duration of a trip before (raw) and after (standard) the rules; not with raw"`
	Quarantined   *int64     `json:"quarantined,omitempty" about:"refused rows that were kept; with --quarantine"`
	Version       int64      `json:"version" about:"the version of the output that the run made, or that it found unchanged"`
	Committed     bool       `json:"committed" about:"true if the run made that version, false if nothing had changed"`
	Inputs        int        `json:"inputs" about:"inputs that the version is made of"`
	Reused        int        `json:"reused" about:"of these, inputs that were not read, because they have not changed since an earlier run"`
	BytesRead     *int64     `json:"bytes_read,omitempty" about:"bytes of inputs that this process read"`
	Requests      *int64     `json:"requests,omitempty" about:"requests that this process made to stores"`
	Retries       int64      `json:"retries,omitempty" about:"requests that were made again"`
	Seconds       hundredths `json:"seconds" about:"how long the run took"`
	RowsPerSecond *whole     `json:"rows_per_second,omitempty" about:"rows divided by seconds; not if inputs were reused"`
	Memory        *whole     `json:"peak_memory_mib,omitempty" about:"the largest memory of this process, in MiB"`
	Output        string     `json:"output" about:"the folder of the tables"`
}

// fetchSummary is what fetch says at its end.
type fetchSummary struct {
	Files       int    `json:"files" about:"files that were looked at"`
	Fetched     int    `json:"fetched" about:"of these, downloaded"`
	Unchanged   int    `json:"unchanged" about:"of these, already there and unchanged"`
	Republished int    `json:"re-published" about:"of these, downloaded because they were published again"`
	Failed      int    `json:"failed" about:"of these, not downloaded because of an error"`
	Missing     int    `json:"missing" about:"months that are not published"`
	Bytes       int64  `json:"bytes" about:"bytes that were downloaded"`
	Requests    int64  `json:"requests" about:"requests that were made"`
	Retries     int64  `json:"retries" about:"of these, made again"`
	Seconds     tenths `json:"seconds" about:"how long it took"`
}

// durations are mean durations before and after the rules.
type durations struct {
	Raw      float64 `json:"raw"`
	Standard float64 `json:"standard"`
}

func (d durations) String() string { return fmt.Sprintf("%.1f->%.1f", d.Raw, d.Standard) }

// hundredths, tenths and whole are numbers with two, one and no digit after the point in the text form.
type (
	hundredths float64
	tenths     float64
	whole      float64
)

func (n hundredths) String() string { return fmt.Sprintf("%.2f", float64(n)) }
func (n tenths) String() string     { return fmt.Sprintf("%.1f", float64(n)) }
func (n whole) String() string      { return fmt.Sprintf("%.0f", float64(n)) }

// summary writes the last line of a good run: a word and the fields of a record, or the record.
func (c console) summary(word string, r any, after string) {
	if c.forPrograms() {
		c.record(r)
		return
	}
	c.line("%s %s%s", word, pairs(r), after)
}

// pairs is a record as text: name=value for each field that a record has.
func pairs(r any) string {
	v := reflect.ValueOf(r)
	var list []string
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if f := v.Field(i); options != "omitempty" || !f.IsZero() {
			list = append(list, fmt.Sprintf("%s=%v", name, reflect.Indirect(f)))
		}
	}
	return strings.Join(list, " ")
}

// stopped says that a signal has ended the run.
func (c console) stopped(code exitCode, text string) {
	if c.forPrograms() {
		c.record(stoppedRecord{ExitCode: int(code), Message: c.cut(text)})
		return
	}
	c.line("%s", text)
}

// record writes a record as a line of JSON.
func (c console) record(r any) {
	v := withoutSecrets(reflect.ValueOf(r))
	kind := ""
	for _, k := range recordKinds {
		if k.is == v.Type() {
			kind = k.name
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v.Interface()); err != nil {
		panic(err) // records are made of texts and finite numbers
	}
	now, fields := time.Now().UTC().Format(time.RFC3339Nano), strings.TrimPrefix(b.String(), "{")
	io.WriteString(unfiltered(c.w), fmt.Sprintf(`{"time":%q,"type":%q,%s`, now, kind, fields)) //nolint:errcheck // like line
}

// asRecord gives what Beam logs the form of a record, without secrets.
func asRecord(groups []string, a slog.Attr) slog.Attr {
	switch {
	case len(groups) == 0 && a.Key == slog.TimeKey:
		a.Value = slog.TimeValue(a.Value.Time().UTC())
		return a
	case len(groups) == 0 && a.Key == slog.LevelKey:
		return a
	case len(groups) == 0 && a.Key == slog.MessageKey:
		a.Key = "message"
	}
	if kind := a.Value.Kind(); kind == slog.KindString || kind == slog.KindAny {
		a.Value = slog.StringValue(objstore.Hide(fmt.Sprint(a.Value.Any())))
	}
	return a
}
