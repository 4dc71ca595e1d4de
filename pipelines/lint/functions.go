package lint

import (
	_ "embed" // of the list
	"strings"
)

//go:embed functions.txt
var functionsText string

// portable are the functions that other engines have too.
func portable() map[string]bool {
	known := map[string]bool{}
	for _, line := range strings.Split(functionsText, "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, name := range strings.Fields(line) {
			known[name] = true
		}
	}
	return known
}

// functions warns of those that only this engine has: a brand that outgrows one machine takes its models to another one. A model that needs
// them is marked by the comment that allows them.
func (c *checking) functions() {
	known, first := portable(), map[string]int{} // the first line that each other one is in
	c.query.root.each(func(n node) {
		name, line := strings.ToLower(n.text("function_name")), c.query.line(n)
		if name != "" && !known[name] && (first[name] == 0 || line < first[name]) {
			first[name] = line
		}
	})
	for name, line := range first {
		c.report(line, "%s: not every engine has it; mark a model that needs it: -- lint: allow functions because …", name)
		c.findings[len(c.findings)-1].Warning = true
	}
}
