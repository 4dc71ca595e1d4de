package erase

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
)

// blankWorkbook replaces whole texts, shared and in cells, and numbers that are one of the cells.
func blankWorkbook(stored io.ReaderAt, size int64, written io.Writer, cells map[string]string) error {
	archive, err := zip.NewReader(stored, size)
	if err != nil {
		return err
	}
	writer := zip.NewWriter(written)
	for _, member := range archive.File {
		text, err := contentOf(member)
		if err != nil {
			return err
		}
		if strings.HasSuffix(member.Name, ".xml") && strings.HasPrefix(member.Name, "xl/") {
			text = blankXML(text, cells)
		}
		into, err := writer.CreateHeader(&zip.FileHeader{Name: member.Name, Method: zip.Deflate, Modified: member.Modified})
		if err != nil {
			return err
		}
		if _, err := into.Write(text); err != nil {
			return err
		}
	}
	return writer.Close()
}

func contentOf(member *zip.File) ([]byte, error) {
	open, err := member.Open()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(open)
	return text, errors.Join(err, open.Close())
}

func blankXML(text []byte, cells map[string]string) []byte {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	shared := regexp.MustCompile(`<t(?: [^>]*)?>[^<]*</t>`)
	number := regexp.MustCompile(`<c ([^>]*)>(<v>)([^<]*)</v>`)
	text = shared.ReplaceAllFunc(text, func(element []byte) []byte {
		begin, end := bytes.IndexByte(element, '>')+1, bytes.LastIndexByte(element, '<')
		for old, fresh := range cells {
			if old != "" && strings.TrimSpace(string(element[begin:end])) == escape.Replace(old) {
				return []byte("<t>" + escape.Replace(fresh) + "</t>")
			}
		}
		return element
	})
	return number.ReplaceAllFunc(text, func(cell []byte) []byte {
		parts := number.FindSubmatch(cell)
		fresh, found := cells[string(parts[3])]
		if !found || strings.Contains(string(parts[1]), `t="s"`) {
			return cell
		}
		attributes := regexp.MustCompile(` ?t="[^"]*"`).ReplaceAllString(string(parts[1]), "")
		return []byte("<c " + attributes + ` t="str"><v>` + escape.Replace(fresh) + "</v>")
	})
}
