//go:build !duckdb_arrow

package warehouse

// Countinghouse reads and writes Arrow streams, which duckdb-go has under a build tag only.
// Use the Makefile, or: export GOFLAGS=-tags=duckdb_arrow
var _ = build_with_the_tag_duckdb_arrow_see_the_Makefile
