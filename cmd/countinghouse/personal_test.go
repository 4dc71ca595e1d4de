package main

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/warehouse"
)

// clean are the places of the store that may hold no personal data; what docs/ARCHITECTURE.md lets hold it is left out.
func clean() []string {
	return []string{"tables", "marts", "runs", "environments", "leases", "audits", "sources"}
}

// personal looks for the phone numbers, addresses and names of the members' file in everything that may hold none.
func (g generated) personal(t *testing.T) {
	g = g.on(t)
	secrets := g.secrets(t)
	find := func(place, text string) {
		for _, word := range words(text) {
			if secrets[word] {
				t.Errorf("%s holds %q", place, word)
				return
			}
		}
	}
	session := reader(t, g.path("store"))
	for _, place := range clean() {
		err := filepath.WalkDir(g.path("store/"+place), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil || entry.IsDir():
				return err
			case filepath.Ext(path) == ".parquet":
				for _, text := range textsOf(t, session, path) {
					find(path, text)
				}
				return nil
			}
			bytes, err := os.ReadFile(path)
			find(path, string(bytes))
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	for _, args := range [][]string{{"rejects"}, {"runs"}, {"plan", "--as-of", asOf, "--all"}, {"explain", "customer_360", "--files"}} {
		answer := g.try(args...)
		g.output += answer.out + answer.errs
	}
	find("what the commands print", g.output)
}

// secrets are the members' phone numbers, e-mail addresses and names. A name of two characters may be a common word, and is left out.
func (g generated) secrets(t *testing.T) map[string]bool {
	t.Helper()
	file, err := os.Open(g.path("brand/exports/members_20261101.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]bool{}
	for _, row := range rows[1:] {
		for _, secret := range row[1:4] {
			if len([]rune(secret)) > 2 {
				secrets[secret] = true
				// A hash without a key is no secret: all phone numbers there are can be hashed within minutes.
				for _, hash := range unkeyed(secret) {
					secrets[hash] = true
				}
			}
		}
	}
	if len(secrets) < 2000 {
		t.Fatalf("only %d secrets to look for", len(secrets))
	}
	return secrets
}

func unkeyed(secret string) []string {
	md5, sha1, sha256 := md5.Sum([]byte(secret)), sha1.Sum([]byte(secret)), sha256.Sum256([]byte(secret))
	long := []string{hex.EncodeToString(md5[:]), hex.EncodeToString(sha1[:]), hex.EncodeToString(sha256[:])}
	return append(long, long[0][:16], long[1][:16], long[2][:16])
}

// textsOf are the different values of all columns of text in a Parquet file.
func textsOf(t *testing.T, session *warehouse.Session, path string) []string {
	t.Helper()
	rows := "read_parquet(" + warehouse.Quote(path) + ")"
	columns, err := session.Columns(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, column := range columns {
		if !strings.Contains(column.Type, "VARCHAR") {
			continue
		}
		texts = append(texts, column.Name)
		texts = append(texts, distinct(t, session, warehouse.QuoteName(column.Name), rows)...)
	}
	return texts
}

func distinct(t *testing.T, session *warehouse.Session, column, rows string) []string {
	t.Helper()
	found, err := session.Query(t.Context(), "select distinct "+column+"::varchar from "+rows+" where "+column+" is not null")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	var texts []string
	for found.Next() {
		var text string
		if err := found.Scan(&text); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}

// words cuts a text where a phone number, an address or a name cannot go on.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n\x00,;:|/\"'()[]{}<>=", r) })
}
