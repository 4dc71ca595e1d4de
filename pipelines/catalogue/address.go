package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// tablePage is the file of a table's page, from the top of the site.
func tablePage(table string) string { return "tables/" + fileName(table) + ".html" }

// feedPage is the file of a feed's page, from the top of the site.
func feedPage(feed string) string { return "feeds/" + fileName(feed) + ".html" }

// fileName is a name that every file system and every address can hold: names of small letters, digits, _ . and - are taken as they are, and the
// letters of others that are not so are replaced, with a few digits of their hash behind, which keeps them apart.
func fileName(name string) string {
	safe := strings.Map(func(letter rune) rune {
		if letter >= 'a' && letter <= 'z' || letter >= '0' && letter <= '9' || letter == '_' || letter == '.' || letter == '-' {
			return letter
		}
		return '-'
	}, name)
	if safe == name && !strings.HasPrefix(name, ".") && len(name) <= longestFileName {
		return name
	}
	hash := sha256.Sum256([]byte(name))
	return strings.TrimLeft(safe[:min(len(safe), longestFileName)], ".") + "-" + hex.EncodeToString(hash[:4])
}

// longestFileName is well below what file systems take.
const longestFileName = 120

// href is the address of a page, whose name needs no escaping; root leads from the page that it stands on to the top: "" or "../".
func href(root, file string) string {
	return root + file
}

// columnAnchor is the id of a column on its table's page.
func columnAnchor(column string) string { return "column-" + fileName(column) }
