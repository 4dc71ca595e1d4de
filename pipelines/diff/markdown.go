package diff

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// Markdown writes a comparison for a pull request: the summary in the open, each table's details folded.
func (r Result) Markdown(to io.Writer) error {
	var text strings.Builder
	folded := false
	for _, section := range r.Sections() {
		if section.Title != "" {
			if folded {
				text.WriteString("</details>\n\n")
			}
			fmt.Fprintf(&text, "<details><summary>%s</summary>\n\n", html.EscapeString(section.Title))
			folded = true
		}
		section.markdown(&text)
	}
	if folded {
		text.WriteString("</details>\n")
	}
	_, err := io.WriteString(to, text.String())
	return err
}

func (s Section) markdown(to *strings.Builder) {
	for _, line := range s.Lines {
		to.WriteString(escapeMarkdown(line) + "\n\n")
	}
	if len(s.Rows) == 0 {
		return
	}
	markdownRow(to, s.Header)
	rules := make([]string, len(s.Header))
	for i := range rules {
		rules[i] = "---"
		if i >= len(rules)-s.Numbers {
			rules[i] = "---:"
		}
	}
	to.WriteString("|" + strings.Join(rules, "|") + "|\n")
	for _, row := range s.Rows {
		markdownRow(to, row)
	}
	to.WriteString("\n")
}

func markdownRow(to *strings.Builder, cells []string) {
	to.WriteString("|")
	for _, cell := range cells {
		to.WriteString(" " + escapeMarkdown(cell) + " |")
	}
	to.WriteString("\n")
}

// escapeMarkdown takes what has a meaning in Markdown for what it says, a mention of a person or an issue included.
func escapeMarkdown(text string) string {
	return strings.NewReplacer(
		"\\", "\\\\", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`", "<", "&lt;", ">", "&gt;", "&", "&amp;", "[", "\\[", "]", "\\]", "~", "\\~", "#", "&#35;", "@", "&#64;",
	).Replace(text)
}
