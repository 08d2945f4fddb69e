package trip

import (
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// checkText refuses a malformed line of a file of text, unless rules are applied, of which one refuses it.
func (fn *fieldsFn) checkText(in element.Columns) error {
	if in.Text == nil || len(in.Text.Malformed) == 0 || fn.Options.Judged {
		return nil
	}
	return fault.Inputf("%s: %s; repair the line, or leave --quality=raw out: then a rule refuses it", in.Where(int(in.Text.Malformed[0])), in.Text.Lines[0].Why)
}
