package trip

import (
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// checkText returns a fault if a file of text has a malformed line and no rules are applied. If they are applied, a rule refuses the
// line.
func (fn *fieldsFn) checkText(in element.Columns) error {
	if in.Text == nil || len(in.Text.Malformed) == 0 || fn.Options.Judged {
		return nil
	}
	return fault.Inputf("%s: %s; repair the line, or leave --quality=raw out: then a rule refuses it", in.Where(int(in.Text.Malformed[0])), in.Text.Lines[0].Why)
}
