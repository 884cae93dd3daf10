package review

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
)

// marker is the hidden last line of a comment:
//
//	<!-- probe-mtls:<key>:<state>[:<category>] roots:<root>,… -->
type marker struct {
	// key is the finding's fingerprint. Where several findings of a report
	// have the same one, a suffix tells them apart, see [keys].
	key string
	// state is a hash of the content, or one of the words below.
	state    string
	category string // hash, "" for none
	roots    []string
}

// The states of comments that speak of no present finding.
const (
	stateFixed     = "fixed"
	stateDuplicate = "duplicate"
)

// allRoots stands for more roots than the marker lists.
const (
	allRoots       = "x"
	maxMarkerRoots = 64
)

var (
	markerLine  = regexp.MustCompile(`(?m)^<!-- probe-mtls:([0-9a-f]{8,64}(?:~[0-9a-f]{6})?):([0-9a-z]{1,64})(?::([0-9a-f]{8}))? roots:([0-9a-fx,]*) -->\s*$`)
	fingerprint = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
)

func (m marker) String() string {
	s := "<!-- probe-mtls:" + m.key + ":" + m.state
	if m.category != "" {
		s += ":" + m.category
	}
	return s + " roots:" + strings.Join(m.roots, ",") + " -->"
}

// parseMarker returns the last marker of a body: text from manifests may hold
// what looks like one, but it stands above ours.
func parseMarker(body string) (marker, bool) {
	all := markerLine.FindAllStringSubmatch(body, -1)
	if len(all) == 0 {
		return marker{}, false
	}
	m := all[len(all)-1]
	parsed := marker{key: m[1], state: m[2], category: m[3]}
	if m[4] != "" {
		parsed.roots = strings.Split(m[4], ",")
	}
	return parsed, true
}

// withoutMarker returns body without its last marker.
func withoutMarker(body string) string {
	all := markerLine.FindAllStringIndex(body, -1)
	if len(all) == 0 {
		return body
	}
	return strings.TrimRight(body[:all[len(all)-1][0]], "\n ")
}

func digest(s string, digits int) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:digits]
}

func categoryHash(category string) string {
	if category == "" {
		return ""
	}
	return digest(category, 8)
}

func rootHashes(roots []string) []string {
	if len(roots) > maxMarkerRoots {
		return []string{allRoots}
	}
	hashes := make([]string, len(roots))
	for i, r := range roots {
		hashes[i] = digest(r, 8)
	}
	slices.Sort(hashes)
	return hashes
}

// keys returns one key per item: its fingerprint, and where that names several
// items (one cause that shows at several places) a suffix made of the file and
// the number within the file. Line numbers are no part of it.
func keys(items []report.Item) []string {
	all := make([]string, len(items))
	count, nth := map[string]int{}, map[string]int{}
	for i, it := range items {
		all[i] = it.Fingerprint
		if !fingerprint.MatchString(all[i]) {
			all[i] = digest(it.Fingerprint, 32)
		}
		count[all[i]]++
	}
	for i, it := range items {
		if k := all[i]; count[k] > 1 {
			place := k + " " + it.At.File
			nth[place]++
			all[i] += "~" + digest(fmt.Sprintf("%s %d", it.At.File, nth[place]), 6)
		}
	}
	return all
}

// cause is a key without its suffix.
func cause(key string) string {
	k, _, _ := strings.Cut(key, "~")
	return k
}
