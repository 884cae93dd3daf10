package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/org/probe-mtls-action/internal/near"
	"github.com/org/probe-mtls-action/internal/version"
)

// Form is the form of a setting's values.
type Form struct {
	// Name says in the documentation what a value is: version, path, globs.
	Name string
	// Choices are the valid words of a setting that takes one of a few, or, for a
	// list, a few of them.
	Choices []string

	check func(string) (string, error) // returns the clean form; nil takes any text
	split func(string) []string        // of a list's text; nil is one value a line
}

// Check returns the clean form of a value, or an error that begins "must be".
func (f Form) Check(text string) (string, error) { return f.read(text) }

func (f Form) read(text string) (string, error) {
	if f.Choices != nil {
		i := slices.IndexFunc(f.Choices, func(c string) bool { return strings.EqualFold(c, text) })
		if i < 0 {
			return "", fmt.Errorf("must be %s%s", Words(f.Choices, "or"), near.Question(text, f.Choices))
		}
		return f.Choices[i], nil
	}
	if f.check == nil {
		return text, nil
	}
	return f.check(text)
}

// readList returns the values of a text, each once.
func (f Form) readList(text string) ([]string, error) {
	split, part := f.split, "entry"
	if split == nil {
		split, part = lines, "line"
	}
	var values []string
	for _, one := range split(text) {
		value, err := f.read(one)
		if err != nil {
			return nil, fmt.Errorf("its %s %q %w", part, Shorten(one), err)
		}
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	if f.Choices != nil {
		if values == nil {
			return nil, fmt.Errorf("must be a list of %s", Words(f.Choices, "and"))
		}
		slices.SortFunc(values, func(a, b string) int { return slices.Index(f.Choices, a) - slices.Index(f.Choices, b) })
	}
	return values, nil
}

// The forms.
var (
	text      = Form{Name: "text", check: oneLine}
	switching = Form{Name: "boolean"}
	count     = Form{Name: "number"}
	part      = Form{Name: "I/N"}
	release   = Form{Name: "version", check: parseVersion}
	namespace = Form{Name: "name", check: parseNamespace}
	pattern   = Form{Name: "pattern", check: parsePattern}
	// jsonObject takes the runner's expression as well, where none evaluates it.
	jsonObject = Form{Name: "object", check: parseObject}
	// hostPath is a path of the runner's machine, or the runner's expression
	// where none evaluates it.
	hostPath = Form{Name: "text", check: parseHostPath}
	revision = Form{Name: "revision", check: parseRevision}
	file     = Form{Name: "path", check: oneLine}
	files    = Form{Name: "paths", check: oneLine}
	globs    = Form{Name: "globs"}
	mapping  = Form{Name: "mapping or path"}
	section  = Form{Name: "mapping"}
	list     = Form{Name: "list"}
)

func oneOf(words ...string) Form { return Form{Choices: words} }

// someOf is a list of words, separated by commas or white space.
func someOf(words ...string) Form {
	return Form{Choices: words, split: func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	}}
}

func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func parseBool(s string) (bool, error) {
	switch {
	case strings.EqualFold(s, "true"):
		return true, nil
	case strings.EqualFold(s, "false"):
		return false, nil
	}
	return false, errors.New("must be true or false")
}

func parseCount(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New("must be a whole number of at least 1")
	}
	return int(n), nil
}

// maxShards is far above the 256 jobs that GitHub allows a matrix.
const maxShards = 10_000

func parseShard(s string) (Shard, error) {
	first, second, ok := strings.Cut(s, "/")
	index, err1 := parseCount(strings.TrimSpace(first))
	total, err2 := parseCount(strings.TrimSpace(second))
	if !ok || err1 != nil || err2 != nil || index > total || total > maxShards {
		return Shard{}, errors.New("must be I/N: part I of N, counted from 1, as in 2/4")
	}
	return Shard{Index: index, Total: total}, nil
}

func parseVersion(s string) (string, error) {
	if !version.Valid(s) {
		return "", errors.New("must be a version, such as 1.24 or 1.24.3")
	}
	return s, nil
}

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func parseNamespace(s string) (string, error) {
	if !dnsLabel.MatchString(s) {
		return "", errors.New("must be a namespace: at most 63 lower-case letters, digits and hyphens")
	}
	return s, nil
}

// parseRevision refuses what git would take for an option; whether the
// revision exists is git's to say.
func parseRevision(s string) (string, error) {
	if strings.HasPrefix(s, "-") || strings.ContainsFunc(s, unicode.IsControl) || strings.Contains(s, " ") {
		return "", errors.New("must be a revision: a commit ID, branch or tag, without spaces or a leading hyphen")
	}
	return s, nil
}

func parsePattern(s string) (string, error) {
	if _, err := path.Match(s, ""); err != nil {
		return "", errors.New("must be a name, in which * stands for anything")
	}
	return oneLine(s)
}

// parseObject reads what the runner makes of toJSON: an object, or null where
// there is none. It is "" where no runner evaluated the expression.
func parseObject(s string) (string, error) {
	var object map[string]any
	switch err := json.Unmarshal([]byte(s), &object); {
	case strings.HasPrefix(s, "${{") || err == nil && object == nil:
		return "", nil
	case err != nil:
		return "", errors.New("must be a JSON object")
	}
	return s, nil
}

func parseHostPath(s string) (string, error) {
	if strings.HasPrefix(s, "${{") {
		return "", nil
	}
	return oneLine(s)
}

func oneLine(s string) (string, error) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", errors.New("must be one line without control characters")
	}
	return s, nil
}

// InWorkspace returns the clean form of a slash-separated path that stays in
// the workspace. An absolute path is refused even where it is inside: a
// container and the steps around it know the workspace under different names.
func InWorkspace(s string) (string, error) {
	clean := path.Clean(s)
	if path.IsAbs(s) || clean == ".." || strings.HasPrefix(clean, "../") {
		return "", errors.New("must be a path inside the workspace, relative to it")
	}
	return clean, nil
}

// Words joins words as English does: "a, b or c".
func Words(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

// maxShown bounds a value in a message; the longest valid word is far shorter.
const maxShown = 80

// Shorten bounds a value for a message.
func Shorten(s string) string {
	runes := []rune(s)
	if len(runes) <= maxShown {
		return s
	}
	return string(runes[:maxShown]) + "…"
}
