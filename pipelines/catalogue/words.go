package catalogue

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"

	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
)

// words are the functions of the templates.
func words() template.FuncMap {
	return template.FuncMap{
		"say": say, "count": func(number any) string { return count(toInt(number)) }, "rows": rows, "size": size, "seconds": seconds, "moment": moment, "join": strings.Join,
		"anchor": columnAnchor, "kindWords": kindWords, "schemaClass": schemaClass, "first": firstSentence, "slug": fileName,
		"add": func(a, b int) int { return a + b }, "isWarning": func(audit Audit) bool { return audit.Severity == model.SeverityWarning },
	}
}

// say is a text of the site itself in both languages, of which the reader sees one.
func say(english, chinese string) template.HTML {
	return template.HTML(`<span class="en">` + template.HTMLEscapeString(english) + `</span><span class="zh" lang="zh-CN">` + // escaped
		template.HTMLEscapeString(chinese) + `</span>`)
}

func toInt(number any) int64 {
	switch n := number.(type) {
	case int:
		return int64(n)
	case int64:
		return n
	}
	return 0
}

// count writes a whole number with thousands separators.
func count(number int64) string {
	digits := strconv.FormatInt(number, 10)
	start := 0
	if number < 0 {
		start = 1
	}
	for i := len(digits) - 3; i > start; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// rows counts those of a table; a view's are not counted.
func rows(number int64) string {
	if number == snapshot.Uncounted {
		return "–"
	}
	return count(number)
}

// size writes bytes in the unit that leaves one to three digits.
func size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	value := float64(bytes)
	for _, unit := range []string{"kB", "MB", "GB"} {
		if value /= 1000; value < 999.5 {
			return fmt.Sprintf("%.3g %s", value, unit)
		}
	}
	return fmt.Sprintf("%.3g TB", value/1000)
}

func seconds(value float64) string { return fmt.Sprintf("%.2f s", value) }

func moment(at time.Time) string {
	if at.IsZero() {
		return "–"
	}
	return at.Format("2006-01-02 15:04:05")
}

// kindWords says a table's kind in both languages.
func kindWords(kind string) template.HTML {
	switch kind {
	case model.KindTable:
		return say("table", "表")
	case model.KindView:
		return say("view", "视图")
	case model.KindByMonth:
		return say("by month", "按月分区")
	case KindSeed:
		return say("seed", "种子")
	case KindDataset:
		return say("dataset", "数据集")
	case KindStep:
		return say("made in Go", "Go 步骤")
	}
	return say(kind, kind)
}

// firstSentence is the beginning of a text up to the first full stop that ends one.
func firstSentence(text string) string {
	for i, letter := range text {
		rest := text[i+len(string(letter)):]
		if letter == '。' || letter == '.' && (rest == "" || unicode.IsSpace(rune(rest[0]))) {
			return text[:i+len(string(letter))]
		}
	}
	return text
}
