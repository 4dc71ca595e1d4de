package reader

import (
	"archive/zip"
	"errors"
	"io"
	"path"
	"strings"
)

// A workbookPackage is an opened xlsx workbook: a zip of XML parts.
type workbookPackage struct {
	parts    map[string]*zip.File // by name, in lower case with slashes
	sheets   []workbookSheet
	texts    *sharedTexts
	from1904 bool
}

// A workbookSheet is a sheet of cells.
type workbookSheet struct {
	name   string
	hidden bool
	part   *zip.File
}

// Limits on a workbook.
const (
	maxSheets = 1000
	// maxTexts is how many bytes its shared texts may take in memory.
	maxTexts = 512 << 20
)

func openPackage(file io.ReaderAt, size int64) (*workbookPackage, error) {
	archive, err := zip.NewReader(placesOf{file}, size)
	if err != nil {
		return nil, problem(0, "the workbook is cut short or damaged: download it again")
	}
	p := &workbookPackage{parts: make(map[string]*zip.File, len(archive.File))}
	left := max(size*maxRatio, freeSize)
	for _, entry := range archive.File {
		name := partName(entry.Name)
		if p.parts[name] != nil {
			return nil, problem(0, "the workbook holds %s twice: damaged, download it again", entry.Name)
		}
		p.parts[name] = entry
		// What a part unpacks to is held to this size by archive/zip.
		if left -= int64(min(entry.UncompressedSize64, 1<<62)); left < 0 {
			return nil, problem(0, "the workbook unpacks to more than %d times its size: refused as a zip bomb", maxRatio)
		}
	}
	return p, p.read()
}

func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// read finds the sheets.
func (p *workbookPackage) read() error {
	main, err := p.mainPart()
	if err != nil {
		return err
	}
	links, err := p.links(main)
	if err != nil {
		return err
	}
	p.texts = &sharedTexts{}
	for _, link := range links {
		if strings.HasSuffix(link.kind, "/sharedStrings") {
			p.texts.part = p.parts[link.target]
		}
	}
	return p.eachTag(p.parts[main], func(s *xmlScanner) error {
		switch string(s.name) {
		case "workbookPr":
			value := string(s.attribute("date1904"))
			p.from1904 = value == "1" || value == "true"
		case "sheet":
			return p.addSheet(s, links)
		}
		return nil
	})
}

func (p *workbookPackage) addSheet(s *xmlScanner, links map[string]partLink) error {
	link := links[string(s.attribute("id"))]
	if !strings.HasSuffix(link.kind, "/worksheet") { // a sheet of charts, of macros
		return nil
	}
	part := p.parts[link.target]
	if part == nil || len(p.sheets) >= maxSheets {
		return problem(0, "the workbook is damaged: the part of sheet %q is missing, or there are more than %d", s.attribute("name"), maxSheets)
	}
	state := string(s.attribute("state"))
	p.sheets = append(p.sheets, workbookSheet{name: string(s.attribute("name")), hidden: state == "hidden" || state == "veryHidden", part: part})
	return nil
}

// mainPart is the part that lists the sheets.
func (p *workbookPackage) mainPart() (string, error) {
	if p.parts["mimetype"] != nil {
		return "", problem(0, "the contract says xlsx, but the file is an OpenDocument sheet or the like: save it as xlsx")
	}
	links, err := p.links("")
	if err != nil {
		return "", err
	}
	main := "xl/workbook.xml"
	for _, link := range links {
		if strings.HasSuffix(link.kind, "/officeDocument") {
			main = link.target
		}
	}
	switch {
	case strings.HasSuffix(main, ".bin"):
		return "", problem(0, "the contract says xlsx, but the file is a binary workbook (xlsb): save it as xlsx")
	case p.parts[main] == nil:
		return "", problem(0, "not a workbook that can be read: it has no %s", main)
	}
	return main, nil
}

// A partLink leads from one part to another.
type partLink struct{ kind, target string }

// links gives where a part leads, by identifier; those of the whole package for "".
func (p *workbookPackage) links(from string) (map[string]partLink, error) {
	part := p.parts[path.Join(path.Dir(from), "_rels", path.Base(from)+".rels")]
	if from == "" {
		part = p.parts["_rels/.rels"]
	}
	links := map[string]partLink{}
	if part == nil {
		return links, nil
	}
	err := p.eachTag(part, func(s *xmlScanner) error {
		if string(s.name) != "Relationship" || string(s.attribute("TargetMode")) == "External" {
			return nil
		}
		target := string(s.attribute("Target"))
		if !strings.HasPrefix(target, "/") {
			target = path.Join(path.Dir(from), target)
		}
		links[string(s.attribute("Id"))] = partLink{kind: string(s.attribute("Type")), target: partName(target)}
		return nil
	})
	return links, err
}

// eachTag calls visit for every opening tag of a small part.
func (p *workbookPackage) eachTag(part *zip.File, visit func(*xmlScanner) error) error {
	scanner, closer, err := openPart(part)
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }()
	for {
		err := scanner.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && scanner.kind == opening {
			err = visit(scanner)
		}
		if err != nil {
			return partProblem(part.Name, err)
		}
	}
}

func openPart(part *zip.File) (*xmlScanner, io.ReadCloser, error) {
	content, err := part.Open()
	if err != nil {
		return nil, nil, partProblem(part.Name, err)
	}
	scanner, err := newXMLScanner(content)
	if err != nil {
		return nil, nil, errors.Join(partProblem(part.Name, err), content.Close())
	}
	return scanner, content, nil
}

// partProblem says that a part cannot be read; the sink's errors and those of a run that is over pass.
func partProblem(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errXML):
		return problem(0, "the workbook is damaged at %s (%v): download it again", name, err)
	case errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrAlgorithm), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), isFlateError(err):
		return problem(0, "the workbook is cut short or damaged at %s: download it again", name)
	default:
		return err
	}
}

// placesOf takes a place before the file's beginning, which only a damaged zip names, for what it is.
type placesOf struct{ io.ReaderAt }

func (r placesOf) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, zip.ErrFormat
	}
	return r.ReaderAt.ReadAt(p, at)
}
