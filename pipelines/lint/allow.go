package lint

import (
	"regexp"
	"slices"
	"strings"
)

// describe warns of a mart that its readers and owners cannot use with confidence.
func (c *checking) describe(tested bool) {
	header := c.model.Header
	if c.rule = "owner"; header.Owner == "" {
		c.warn(1, "owner is missing: who answers for the mart?")
	}
	if c.rule = "labels"; header.Chinese == "" {
		c.warn(1, "zh is missing: the mart's name in Chinese")
	}
	for _, column := range c.model.Columns {
		if column.Chinese == "" {
			c.warn(max(column.Line, 1), "%s has no zh, its name in Chinese", column.Name)
		}
	}
	if c.rule = "unit-test"; !tested {
		c.warn(1, "no unit test wants its rows")
	}
}

// reportFile notes that a line of the file breaks the rule.
func (c *checking) reportFile(line int, format string, args ...any) {
	c.report(1, format, args...)
	c.findings[len(c.findings)-1].Line = line
}

func (c *checking) warn(line int, format string, args ...any) {
	c.reportFile(line, format, args...)
	c.findings[len(c.findings)-1].Warning = true
}

// permission is a comment such as `-- lint: allow star because …`, which lifts a rule from its file.
type permission struct {
	rule, reason string
	line         int
	used         bool
}

// allow takes away the findings that a comment allows, and adds those about such comments: one without a reason, of an unknown rule, or
// that nothing needs.
func (c *checking) allow() []Finding {
	permissions := c.permissions()
	findings := slices.DeleteFunc(c.findings, func(f Finding) bool {
		at := slices.IndexFunc(permissions, func(p permission) bool { return p.rule == f.Rule && p.reason != "" })
		if at >= 0 {
			permissions[at].used = true
		}
		return at >= 0
	})
	c.findings, c.rule = findings, "allow"
	for _, given := range permissions {
		switch {
		case !isRule(given.rule):
			c.report(given.line, "there is no rule %q; there are %s", given.rule, strings.Join(ruleNames(), ", "))
		case given.reason == "":
			c.report(given.line, "say why: -- lint: allow %s because …", given.rule)
		case !given.used:
			c.report(given.line, "nothing here breaks %s: take the comment away", given.rule)
		}
	}
	return c.findings
}

func (c *checking) permissions() []permission {
	written := regexp.MustCompile(`^--\s*lint:\s*(?:allow\s+)?(\S*)\s*(?:because\s+(\S.*\s\S.*))?`)
	var found []permission
	for _, current := range c.tokens {
		if parts := written.FindStringSubmatch(current.text); current.class == lineComment && parts != nil {
			found = append(found, permission{rule: parts[1], reason: parts[2], line: current.line})
		}
	}
	return found
}

func ruleNames() []string {
	var names []string
	for _, rule := range rules() {
		names = append(names, rule.name)
	}
	return append(names, "owner", "labels", "unit-test")
}

func isRule(name string) bool { return slices.Contains(ruleNames(), name) }
