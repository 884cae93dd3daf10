package trace

import (
	"crypto/rand"
	"regexp"
	"strconv"
	"strings"
)

// Sentinels for integers lie between firstID and lastID: above all ports, and
// below 1,000,000, because what turns numbers into floats writes larger ones
// with an exponent.
const (
	firstID = 700_000
	lastID  = 999_999
)

// number matches what can be an integer sentinel.
var number = regexp.MustCompile(`\b[7-9]\d{5}\b`)

// Numbers returns the numbers in text that could be taken for sentinels.
func Numbers(text []byte) []int {
	var out []int
	for _, m := range number.FindAll(text, -1) {
		n, _ := strconv.Atoi(string(m))
		out = append(out, n)
	}
	return out
}

// Word returns a word that nobody else can know. It is made of lower-case
// letters only: valid as label value, DNS name and plain YAML.
func Word() string {
	out := []byte("zq")
	for _, b := range []byte(rand.Text()) {
		if b >= 'A' && b <= 'Z' && len(out) < 12 {
			out = append(out, b+'a'-'A')
		}
	}
	return string(out)
}

// marks are the values that stand for candidates in one render.
type marks[C Candidate] struct {
	word  string
	text  *regexp.Regexp // matches a text sentinel; group 1 is its number
	taken map[int]bool   // numbers that the sources hold themselves
	next  int
	of    map[int]C
}

// assign returns a number for c; false when there are none left.
func (m *marks[C]) assign(c C) (int, bool) {
	for m.taken[m.next] {
		m.next++
	}
	if m.next > lastID {
		return 0, false
	}
	id := m.next
	m.next++
	m.of[id] = c
	return id, true
}

// sentinel returns the text that stands for a value of the given tag: a number
// for what is a number, also in quotes, a word for other text.
func (m *marks[C]) sentinel(id int, value, tag string) string {
	if tag == "!!int" || tag == "!!float" || isDigits(value) {
		return strconv.Itoa(id)
	}
	return m.word + strconv.Itoa(id) + "z"
}

// within returns the text that stands for c where the value rendered is looked
// for: a sentinel or, where only a part of the text was rendered, the text with
// a sentinel in the place of that part.
func (m *marks[C]) within(id int, c C, rendered string) string {
	value, tag := c.Content()
	if value != rendered && rendered != "" && tag == "!!str" && strings.Contains(value, rendered) {
		return strings.ReplaceAll(value, rendered, m.sentinel(id, rendered, "!!str"))
	}
	return m.sentinel(id, value, tag)
}

// in returns the first candidate whose sentinel stands in text.
func (m *marks[C]) in(text string) (c C, ok bool) {
	if strings.Contains(text, m.word) {
		if found := m.text.FindStringSubmatch(text); found != nil {
			id, _ := strconv.Atoi(found[1])
			c, ok = m.of[id]
			return c, ok
		}
	}
	for _, s := range number.FindAllString(text, -1) {
		id, _ := strconv.Atoi(s)
		if c, ok = m.of[id]; ok {
			return c, ok
		}
	}
	return c, false
}

// restore puts the original values back into a text.
func (m *marks[C]) restore(text string) string {
	put := func(id, original string) string {
		n, _ := strconv.Atoi(id)
		if c, ok := m.of[n]; ok {
			value, _ := c.Content()
			return value
		}
		return original
	}
	if strings.Contains(text, m.word) {
		text = m.text.ReplaceAllStringFunc(text, func(s string) string { return put(s[len(m.word):len(s)-1], s) })
	}
	return number.ReplaceAllStringFunc(text, func(s string) string { return put(s, s) })
}

// isDigits reports whether s is made of digits alone.
func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
