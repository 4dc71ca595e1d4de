package model

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
)

// Seed is one CSV file with the types of its columns.
type Seed struct {
	Name    string // seed.table
	File    string
	Header  Header
	Columns []Column
	Audits  []Audit
	CSV     []byte
	Hash    string
	// AuditInputs are tables that the audits read besides the seed, AuditParameters the parameters.
	AuditInputs, AuditParameters []string
}

const seedsFolder = "seeds"

// seed reads the CSV at name; the problems of its header are told with the header's file.
func (r *reading) seed(name string) *Seed {
	base := strings.TrimSuffix(path.Base(name), ".csv")
	csv, hasHeader := r.file, false
	if r.file, hasHeader = r.files[seedsFolder+"/"+base+".yaml"]; !hasHeader {
		r.file = csv
		r.refuse(0, "a seed needs its header beside it: %s.yaml", base)
		return nil
	}
	seed := &Seed{Name: "seed." + strings.ToLower(base), File: csv.label, CSV: csv.data}
	places, ok := r.header(string(r.file.data), 1, &seed.Header)
	if !ok {
		return nil
	}
	r.checkAbout(seed.Header)
	if seed.Header.Kind != "" || seed.Header.Month != "" || len(seed.Header.Reads) > 0 {
		r.refuse(1, "header: kind, month and reads are a model's: a seed is stored as its CSV says")
	}
	seed.Columns = r.columns(seed.Header.Columns)
	for _, column := range seed.Columns {
		if column.Type == "" {
			r.refuse(column.Line, "header: column %s has no type", column.Name)
		}
	}
	r.checkGrain(seed.Header, seed.Columns, places)
	audits := r.audits(seed.Name, seed.Header, seed.Columns, places, nil)
	seed.Audits, seed.AuditInputs, seed.AuditParameters, r.auditReads = audits.all, audits.inputs, audits.parameters, audits.reads
	seed.Hash = seedHash(r.file.data, csv.data)
	return seed
}

func seedHash(header, csv []byte) string {
	hash := sha256.New()
	hash.Write(header)
	hash.Write([]byte{0})
	hash.Write(csv)
	return hex.EncodeToString(hash.Sum(nil))
}
