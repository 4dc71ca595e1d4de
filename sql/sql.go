// Package sql holds the models and seeds that come with the product: one file per table, read by internal/model.
package sql

import "embed"

// Files are the models (core, mart), the seeds and the parameters. Golden cases are not part of the binary.
//
//go:embed core/*.sql mart/*.sql seeds parameters.yaml
var Files embed.FS
