// Package schemas embeds the contracts of the built-in feeds (feeds/) and the canonical datasets (datasets/).
package schemas

import "embed"

// Files holds feeds/*.yaml and datasets/*.yaml.
//
//go:embed feeds datasets
var Files embed.FS
