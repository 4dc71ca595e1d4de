package reader

import (
	"fmt"
	"regexp"
	"strings"

	"countinghouse/internal/contract"
)

// rules are the patterns of a contract's files.
type rules struct {
	drops      []*regexp.Regexp
	end        *regexp.Regexp
	exportedAt *regexp.Regexp
}

func compile(files contract.Files) (rules, error) {
	var compiled rules
	for _, text := range files.Drop {
		expression, err := regexp.Compile(text)
		if err != nil {
			return rules{}, fmt.Errorf("files.drop: %w", err)
		}
		compiled.drops = append(compiled.drops, expression)
	}
	var err error
	if files.End != "" {
		if compiled.end, err = regexp.Compile(files.End); err != nil {
			return rules{}, fmt.Errorf("files.end: %w", err)
		}
	}
	if files.ExportedAt != nil && files.ExportedAt.Preamble != "" {
		if compiled.exportedAt, err = regexp.Compile(files.ExportedAt.Preamble); err != nil {
			return rules{}, fmt.Errorf("files.exported_at.preamble: %w", err)
		}
	}
	return compiled, nil
}

// apply says whether a line ends the rows, or is dropped by rule.
func (r rules) apply(line []byte) (ended, dropped bool) {
	if r.end != nil && r.end.Match(line) {
		return true, false
	}
	for _, drop := range r.drops {
		if drop.Match(line) {
			return false, true
		}
	}
	return false, false
}

// A headerSearch looks for the header among the first lines of a file.
type headerSearch struct {
	contract *contract.Contract
	rules    rules
	header   Header
	seen     int // lines that were no header
	best     []string
	bestLine int64
	bound    int
	missing  []string
}

// byPlace is the header of a file that has none: the lines of the preamble are behind.
func (s *headerSearch) byPlace() Header {
	s.header.Names, s.header.Fields = s.contract.ByPlace()
	return s.header
}

// widthOf says, for the reason of a reject, how many fields a record must have.
func widthOf(c *contract.Contract, want, got int) string {
	from := "header"
	if !c.Files.HasHeader() {
		from = "contract"
	}
	return fmt.Sprintf("want %d fields as in the %s, got %d", want, from, got)
}

// inPreamble says whether lines may stand before the header, which are not to be read as CSV over several lines.
func (s *headerSearch) inPreamble() bool { return s.contract.Files.Preamble > 0 }

// line looks at one line and says whether it is the header.
func (s *headerSearch) line(number int64, text []byte, cells [][]byte) (bool, error) {
	names := make([]string, len(cells))
	blank := true
	for i, cell := range cells {
		names[i] = string(cell)
		blank = blank && contract.NormalHeader(names[i]) == ""
	}
	if blank {
		return false, s.tooFar()
	}
	s.findExportTime(string(text))
	if _, dropped := s.rules.apply(text); dropped {
		return false, s.tooFar()
	}
	binding := s.contract.Bind(names)
	bound := 0
	for _, field := range binding.Fields {
		if field >= 0 {
			bound++
		}
	}
	if len(binding.Missing) > 0 || bound == 0 {
		if bound > s.bound || s.best == nil {
			s.best, s.bestLine, s.bound, s.missing = names, number, bound, binding.Missing
		}
		if s.contract.Files.Preamble == 0 {
			return false, s.failed()
		}
		return false, s.tooFar()
	}
	if len(binding.Doubled) > 0 {
		return false, problem(number, "header %q is there twice: which one counts?", binding.Doubled[0])
	}
	s.header.Line, s.header.Names, s.header.Fields = number, names, binding.Fields
	return true, nil
}

func (s *headerSearch) findExportTime(text string) {
	if s.rules.exportedAt == nil || s.header.ExportedAt != "" {
		return
	}
	if groups := s.rules.exportedAt.FindStringSubmatch(text); groups != nil {
		s.header.ExportedAt = strings.TrimSpace(strings.Join(groups[1:], " "))
	}
}

func (s *headerSearch) tooFar() error {
	if s.seen++; s.contract.Files.Preamble > 0 && s.seen >= s.contract.Files.Preamble {
		return s.failed()
	}
	return nil
}

// failed says which required header is missing, and which header of the file is most like it.
func (s *headerSearch) failed() error {
	if s.best == nil && !s.contract.Files.HasHeader() {
		return noRows()
	}
	if s.best == nil {
		return errNoLine
	}
	if len(s.missing) == 0 {
		return problem(s.bestLine, "no header of the contract is here: another kind of file?")
	}
	return problem(s.bestLine, "the required header %q is missing%s", s.missing[0], closest(s.missing[0], s.best))
}

// errNoLine is what is wrong with a file, or a sheet, that has nothing in it.
var errNoLine = problem(0, "the file holds no line that could be a header: it is empty, export it again")

// noRows is what is wrong with a file without a header that has no line but those of its preamble: an empty export and one that was cut short
// are the same there.
func noRows() *Problem {
	return problem(0, "the file holds no row: it is empty, export it again")
}

// closest names the header of the file that is most like the wanted one, if any is.
func closest(wanted string, names []string) string {
	want := []rune(contract.NormalHeader(wanted))
	best, distance := "", len(want)*2/3+1
	for _, name := range names {
		if d := editDistance(want, []rune(contract.NormalHeader(name))); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (the closest one is %q: if it means the same, add it to the contract)", strings.TrimSpace(best))
}

// editDistance is Levenshtein's, on characters.
func editDistance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
