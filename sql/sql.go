// Package sql holds the models and seeds that come with the product: one file per table, read by internal/model.
package sql

import "embed"

// Files are the models (core, mart), the seeds and the parameters.
//
//go:embed audits/*.sql core/*.sql mart/*.sql restricted/*.sql seeds parameters.yaml
var Files embed.FS

// Seeds are the seeds and the parameters alone: what the built-in unit tests count on, whatever a project sets.
//
//go:embed seeds parameters.yaml
var Seeds embed.FS

// Cases are the unit tests of the models.
//
//go:embed core/testdata/*.txtar mart/testdata/*.txtar restricted/testdata/*.txtar
var Cases embed.FS
