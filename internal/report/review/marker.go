package review

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
)

// marker is the hidden last line of a comment:
//
//	<!-- probe-mtls:<state>[:<category>] findings:<entry>,… roots:<root>,… -->
//
// An entry is a finding's key, then @ and the indexes of its roots (x for more
// than are listed), then ! and the commit that fixed it.
type marker struct {
	// state is a hash of the content, or one of the words below.
	state    string
	category string // hash, "" for none
	entries  []entry
}

// entry is one finding of a comment.
type entry struct {
	// key is the start of the finding's fingerprint. Where several findings of
	// a report have the same one, a suffix tells them apart, see [keys].
	key string
	// roots are hashes of its roots; nil stands for any.
	roots []string
	// fixed is the commit that it was first gone from, "" while it is there.
	fixed string
}

// The states of comments that speak of no present finding.
const (
	stateFixed     = "fixed"
	stateMoved     = "moved"
	stateDuplicate = "duplicate"
)

const (
	maxEntryRoots  = 6   // of one finding; more stand for any
	maxMarkerRoots = 200 // of one marker
)

var (
	markerLine = regexp.MustCompile(`^<!-- probe-mtls:([0-9a-z]{1,64})(?::([0-9a-f]{8}))? findings:([0-9a-f~@.x!,]*) roots:([0-9a-f,]*) -->[ \t\r]*$`)
	entryForm  = regexp.MustCompile(`^([0-9a-f]{8,64}(?:~[0-9a-f]{6})?)(?:@([0-9.]+|x))?(?:!([0-9a-f]{7}))?$`)
	postedLine = regexp.MustCompile(`^<!-- probe-mtls:posted(?::([0-9a-f]{8}))? ([0-9a-f~,]*) -->[ \t\r]*$`)
)

// ended tells whether a comment speaks of no present finding any more.
func (m marker) ended() bool {
	return m.state == stateFixed || m.state == stateMoved || m.state == stateDuplicate
}

// entry returns the entry of a key, nil if there is none.
func (m marker) entry(key string) *entry {
	for i := range m.entries {
		if m.entries[i].key == key {
			return &m.entries[i]
		}
	}
	return nil
}

func (m marker) String() string {
	var roots []string
	index := map[string]int{}
	entries := make([]string, len(m.entries))
	for i, e := range m.entries {
		var at []string
		for _, r := range e.roots {
			n, ok := index[r]
			if !ok && len(roots) < maxMarkerRoots {
				n, ok = len(roots), true
				index[r] = n
				roots = append(roots, r)
			}
			if !ok || len(e.roots) > maxEntryRoots {
				at = []string{"x"}
				break
			}
			at = append(at, strconv.Itoa(n))
		}
		entries[i] = e.key
		if len(at) > 0 {
			entries[i] += "@" + strings.Join(at, ".")
		}
		if e.fixed != "" {
			entries[i] += "!" + e.fixed
		}
	}
	s := "<!-- probe-mtls:" + m.state
	if m.category != "" {
		s += ":" + m.category
	}
	return s + " findings:" + strings.Join(entries, ",") + " roots:" + strings.Join(roots, ",") + " -->"
}

// parseMarker returns the last marker of a body: text from manifests may hold
// what looks like one, but it stands above ours.
func parseMarker(body string) (marker, bool) {
	found, _ := last(markerLine, body)
	if found == nil {
		return marker{}, false
	}
	m := marker{state: found[1], category: found[2]}
	roots := strings.Split(found[4], ",")
	for _, one := range strings.Split(found[3], ",") {
		f := entryForm.FindStringSubmatch(one)
		if f == nil {
			continue
		}
		e := entry{key: f[1], fixed: f[3]}
		for _, at := range strings.Split(f[2], ".") {
			if i, err := strconv.Atoi(at); err == nil && i < len(roots) && roots[i] != "" {
				e.roots = append(e.roots, roots[i])
			}
		}
		m.entries = append(m.entries, e)
	}
	return m, true
}

// withoutMarker returns body without its last marker.
func withoutMarker(body string) string {
	found, at := last(markerLine, body)
	if found == nil {
		return body
	}
	return strings.TrimRight(body[:at], "\n ")
}

// markerStart begins every hidden line of ours.
const markerStart = "<!-- probe-mtls:"

// last returns the submatches of the last line of body that is of a form, and
// where it begins; nil if there is none.
func last(form *regexp.Regexp, body string) (found []string, at int) {
	for end := len(body); ; end = at {
		if at = strings.LastIndex(body[:end], markerStart); at < 0 {
			return nil, 0
		}
		if at > 0 && body[at-1] != '\n' {
			continue
		}
		line, _, _ := strings.Cut(body[at:], "\n")
		if found = form.FindStringSubmatch(line); found != nil {
			return found, at
		}
	}
}

// postedMarker is the hidden line of a review: which findings its comments told. A
// comment that is gone while this line is there was deleted by a person.
func postedMarker(category string, keys []string) string {
	s := "<!-- probe-mtls:posted"
	if category != "" {
		s += ":" + category
	}
	return s + " " + strings.Join(keys, ",") + " -->"
}

// parsePosted returns the keys that a review's body lists for a category.
func parsePosted(body, category string) []string {
	found, _ := last(postedLine, body)
	if found == nil || found[1] != category {
		return nil
	}
	return strings.Split(found[2], ",")
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
	if len(roots) > maxEntryRoots {
		roots = roots[:maxEntryRoots+1] // it becomes x
	}
	hashes := make([]string, len(roots))
	for i, r := range roots {
		hashes[i] = digest(r, 8)
	}
	slices.Sort(hashes)
	return hashes
}

var fingerprint = regexp.MustCompile(`^[0-9a-f]{16,64}$`)

// keys returns one key per item: half its fingerprint, and where that names
// several items (one cause that shows at several places) a suffix made of the
// file and the number within the file. Line numbers are no part of it.
func keys(items []report.Item) []string {
	all := make([]string, len(items))
	count, nth := map[string]int{}, map[string]int{}
	for i, it := range items {
		if all[i] = it.Fingerprint; !fingerprint.MatchString(all[i]) {
			all[i] = digest(it.Fingerprint, 32)
		}
		all[i] = all[i][len(all[i])-16:]
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

// stem is a key without its suffix.
func stem(key string) string {
	k, _, _ := strings.Cut(key, "~")
	return k
}
