// Package linehash computes the line hashes by which GitHub code scanning
// recognises an alert on a line that has moved.
package linehash

import (
	"strconv"
	"unicode/utf16"
)

const (
	window = 100 // characters that a hash covers
	base   = 37
	eof    = 65535 // stands for the end of the file
)

// Lines returns SARIF's partialFingerprints.primaryLocationLineHash of every
// line of a file; line n is at index n-1. A hash is a polynomial in base 37,
// modulo 2^64, over the first 100 UTF-16 code units from the start of the line
// that are no space and no tab (CR and CRLF count as LF; zeros follow the end
// of the file), written "<hexadecimal>:<occurrence>", where the occurrence
// counts equal hashes from the top of the file. This is what
// github/codeql-action computes in src/fingerprints.ts.
func Lines(content []byte) []string {
	var units []uint16
	var starts []int // index into units of each line's first unit
	fresh := true
	add := func(u uint16) {
		if fresh {
			starts = append(starts, len(units))
		}
		units = append(units, u)
		fresh = u == '\n'
	}
	afterCR := false
	for _, u := range utf16.Encode([]rune(string(content))) {
		switch {
		case u == ' ' || u == '\t' || afterCR && u == '\n':
			afterCR = false
			continue
		case u == '\r':
			afterCR = true
			u = '\n'
		default:
			afterCR = false
		}
		add(u)
	}
	add(eof)

	hashes := make([]string, len(starts))
	seen := map[uint64]int{}
	for i, start := range starts {
		var h uint64
		for j := start; j < start+window; j++ {
			h *= base
			if j < len(units) {
				h += uint64(units[j])
			}
		}
		seen[h]++
		hashes[i] = strconv.FormatUint(h, 16) + ":" + strconv.Itoa(seen[h])
	}
	return hashes
}
