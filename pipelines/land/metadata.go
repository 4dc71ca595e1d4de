package land

import (
	"archive/zip"
	"encoding/xml"
	"io"
	"os"
	"time"
)

// largestProperties is how much of a workbook's properties is read, in bytes.
const largestProperties = 1 << 20

// metadataTime is when a workbook says that it was last saved, or else made; nil for other files and for workbooks that do not say. Office
// programs and the libraries that back offices use write it in UTC (ECMA-376 part 2, core properties).
func metadataTime(file string) *time.Time {
	if !startsAsZip(file) {
		return nil
	}
	archive, err := zip.OpenReader(file)
	if err != nil {
		return nil
	}
	defer func() { _ = archive.Close() }()
	properties, err := archive.Open("docProps/core.xml")
	if err != nil {
		return nil
	}
	defer func() { _ = properties.Close() }()
	var core struct {
		Modified string `xml:"http://purl.org/dc/terms/ modified"`
		Created  string `xml:"http://purl.org/dc/terms/ created"`
	}
	if err := xml.NewDecoder(io.LimitReader(properties, largestProperties)).Decode(&core); err != nil {
		return nil
	}
	for _, text := range []string{core.Modified, core.Created} {
		if when, err := time.Parse(time.RFC3339, text); err == nil {
			return &when
		}
	}
	return nil
}

func startsAsZip(name string) bool {
	file, err := os.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	mark := make([]byte, 4)
	_, err = io.ReadFull(file, mark)
	return err == nil && string(mark) == "PK\x03\x04"
}
