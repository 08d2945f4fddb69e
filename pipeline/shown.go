package main

import (
	"encoding/json"
	"flag"
	"io"
	"slices"
	"strconv"
	"strings"

	"tripstats/io/objstore"
	"tripstats/runners"
)

// openFlags are the flags of Beam whose values may be shown, without the secrets of addresses: they are names and places.
// Switches and numbers may be shown too. The values of all other flags may have secrets anywhere.
var openFlags = []string{
	"runner", "endpoint", "environment_type", "job_name", "worker_binary", "project", "region", "zone", "worker_region", "worker_zone",
	"staging_location", "temp_location", "template_location", "dataflow_endpoint", "machine_type", "worker_machine_type", "disk_type",
	"min_cpu_platform", "network", "subnetwork", "service_account_email", "autoscaling_algorithm", "flexrs_goal", "sdk_container_image",
}

// shownValue returns the value of a flag without secrets.
func shownValue(name, value string) string {
	if isOpaque(name, value) {
		return "***"
	}
	return objstore.Hide(value)
}

// isOpaque tells whether the whole value of a flag may be secret.
func isOpaque(name, value string) bool {
	if !runners.IsFlag(name) || slices.Contains(openFlags, name) || value == "" {
		return false
	}
	_, notNumber := strconv.ParseFloat(value, 64)
	_, notSwitch := strconv.ParseBool(value)
	return notNumber != nil && notSwitch != nil
}

// keepSecrets returns two writers that hide the secrets in the arguments, whatever is written to them: servers and other
// packages write much of what the program prints.
func keepSecrets(args []string, stdout, stderr io.Writer) (io.Writer, io.Writer) {
	flags := new(settings).flagSet(mainFlags)
	runners.AddFlags(flags)
	for i, arg := range args {
		objstore.Learn(arg)
		name, value, joined := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") {
			continue
		}
		name = declaredName(flags, name)
		if !joined && i+1 < len(args) && !isSwitch(flags.Lookup(name)) {
			value = args[i+1]
		}
		objstore.Learn(value)
		if isOpaque(name, value) {
			objstore.LearnWords(append(wordsOf(value), value)...)
		}
	}
	return objstore.HidingWriter{W: stdout}, objstore.HidingWriter{W: stderr}
}

// unfiltered returns the writer that a writer of keepSecrets writes to. The rows of an answer go there: they have values of files, not of
// arguments, and a value that looked like a secret would be replaced.
func unfiltered(w io.Writer) io.Writer {
	if h, ok := w.(objstore.HidingWriter); ok {
		return h.W
	}
	return w
}

// isSwitch tells whether a flag needs no value.
func isSwitch(f *flag.Flag) bool {
	if f == nil {
		return false
	}
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// checkWorker refuses worker options that Beam cannot read: Beam would print all of them and end the process.
func (s *settings) checkWorker() error {
	options := s.beam.Value("options")
	if s.beam.IsSet("worker") && options != "" && !json.Valid([]byte(options)) {
		return usage("--options: found text that is not JSON, expected JSON")
	}
	return nil
}

// wordsOf returns the values in a list such as a=b,c=d, or in JSON.
func wordsOf(value string) (words []string) {
	var decoded any
	if json.Unmarshal([]byte(value), &decoded) == nil {
		return leaves(decoded)
	}
	for _, pair := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",; ", r) }) {
		_, word, _ := strings.Cut(pair, "=")
		words = append(words, word)
	}
	return words
}

// leaves returns the texts in decoded JSON, except the program to start: a message that the program is missing names it.
func leaves(v any) (words []string) {
	switch v := v.(type) {
	case string:
		words = append(words, v)
	case []any:
		for _, e := range v {
			words = append(words, leaves(e)...)
		}
	case map[string]any:
		for key, e := range v {
			if key != "command" {
				words = append(words, leaves(e)...)
			}
		}
	}
	return words
}
