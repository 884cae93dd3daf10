package kustomize

import (
	"crypto/rand"
	"regexp"
	"strconv"
	"sync"
)

// Sentinels for integers lie between firstID and lastID: above all ports, and
// below 1,000,000, because JSON 6902 patches turn numbers into floats, which
// are then written with an exponent.
const (
	firstID = 700_000
	lastID  = 999_999
)

// sentinels hands out the values that stand for source scalars in the renders
// of one Renderer. Text sentinels carry a random part, so that nobody can write
// one into a source file; integers that stand in source files are told apart by
// [file.numbers].
type sentinels struct {
	salt  string
	text  *regexp.Regexp // matches a text sentinel; group 1 is its number
	mu    sync.Mutex
	next  int
	cands map[int]*candidate
}

func newSentinels() *sentinels {
	// Lower-case letters only: valid as label value, DNS name and plain YAML.
	salt := "zq" + letters(rand.Text())
	return &sentinels{
		salt: salt, text: regexp.MustCompile(salt + `(\d{6})z`), next: firstID, cands: map[int]*candidate{},
	}
}

func letters(s string) string {
	out := make([]byte, 0, 10)
	for i := 0; i < len(s) && len(out) < 10; i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			out = append(out, s[i]+'a'-'A')
		}
	}
	return string(out)
}

// assign gives c a number, unless there are none left.
func (s *sentinels) assign(c *candidate) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next > lastID {
		return false
	}
	c.id = s.next
	s.cands[c.id] = c
	s.next++
	return true
}

// get returns the candidate of a number.
func (s *sentinels) get(id int) *candidate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cands[id]
}

// of returns the text that stands for c, of the same YAML type.
func (s *sentinels) of(c *candidate) string {
	if c.tag == "!!int" || c.tag == "!!float" {
		return strconv.Itoa(c.id)
	}
	return s.salt + strconv.Itoa(c.id) + "z"
}

// number returns the number that stands for c in the place of a number.
func (s *sentinels) number(c *candidate) string { return strconv.Itoa(c.id) }

// number matches what can be an integer sentinel.
var number = regexp.MustCompile(`\b[7-9]\d{5}\b`)
