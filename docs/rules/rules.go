// Package rules holds the page of each rule, as its rule value carries it.
package rules

import _ "embed" // the pages

// The pages, in Markdown.
var (
	//go:embed PMTLS001.md
	PMTLS001 string
	//go:embed PMTLS002.md
	PMTLS002 string
	//go:embed PMTLS003.md
	PMTLS003 string
	//go:embed PMTLS004.md
	PMTLS004 string
	//go:embed PMTLS005.md
	PMTLS005 string
	//go:embed PMTLS006.md
	PMTLS006 string
	//go:embed PMTLS007.md
	PMTLS007 string
	//go:embed PMTLS008.md
	PMTLS008 string
	//go:embed PMTLS009.md
	PMTLS009 string
	//go:embed PMTLS010.md
	PMTLS010 string
	//go:embed PMTLS011.md
	PMTLS011 string
	//go:embed PMTLS012.md
	PMTLS012 string
	//go:embed PMTLS013.md
	PMTLS013 string
	//go:embed PMTLS014.md
	PMTLS014 string
	//go:embed PMTLS015.md
	PMTLS015 string
	//go:embed PMTLS016.md
	PMTLS016 string
)
