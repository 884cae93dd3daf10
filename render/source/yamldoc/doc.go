// Package yamldoc parses YAML text and knows on which bytes of the file each
// value stands, also inside text that is itself a value of another document.
package yamldoc

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/internal/runes"
)

// Doc is one YAML document. It is immutable and safe for concurrent use.
type Doc struct {
	// Text is the document's text, without the separators around it.
	Text Text
	// Root is the document's value, nil for an empty document. Aliases are not
	// resolved.
	Root  *yaml.Node
	lines []int // offset in Text of each line, as the YAML scanner counts them

	index runes.Lazy // of Text, for long lines
}

// SyntaxError is why text is not YAML.
type SyntaxError struct {
	At      source.Span // the line at fault, or the document where no line is known
	Message string      // the parser's words
	Err     error       // ErrCircular for a text that is YAML but stands for no value
}

func (e *SyntaxError) Error() string { return e.At.String() + ": " + e.Message }

// Unwrap returns e.Err.
func (e *SyntaxError) Unwrap() error { return e.Err }

// separator is what parts documents for kustomize (kyaml v0.21.2,
// kio/byteio_reader.go), which looks at the text alone: also at lines that are
// part of a literal block.
var separator = regexp.MustCompile(`\n---[^\n]*\n`)

// Split parts text at its document separators.
func Split(t Text) []Text {
	var out []Text
	from := 0
	for _, at := range separator.FindAllStringIndex(t.String, -1) {
		out = append(out, t.Slice(from, at[0]+1))
		from = at[1]
	}
	return append(out, t.Slice(from, len(t.String)))
}

// ParseAll parses each document of text, up to the first that is not YAML. The
// error is a [*SyntaxError].
func ParseAll(t Text) ([]*Doc, error) {
	var docs []*Doc
	for _, part := range Split(t) {
		d, err := Parse(part)
		if err != nil {
			return docs, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// Parse parses the first document of text. The error is a [*SyntaxError]. A
// document in which an alias stands inside its own anchor is one too, so that
// whoever walks a document and follows its aliases comes to an end.
func Parse(t Text) (*Doc, error) {
	d := &Doc{Text: t, lines: yamlLines(t.String)}
	var n yaml.Node
	err := decode(t.String, &n)
	switch {
	case errors.Is(err, io.EOF):
		return d, nil
	case err != nil:
		return nil, d.syntaxError(err)
	case len(n.Content) > 0:
		d.Root = n.Content[0]
	}
	if loop := circular(t.String, d.Root); loop != nil {
		at := max(d.Start(loop), 0)
		return nil, &SyntaxError{At: t.Span(at, at), Message: ErrCircular.Error(), Err: ErrCircular}
	}
	return d, nil
}

// decode reads the first document of s. The library panics on some malformed
// texts; that, too, is an error.
func decode(s string, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("not YAML")
		}
	}()
	return yaml.NewDecoder(bytes.NewBufferString(s)).Decode(n)
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (d *Doc) syntaxError(err error) *SyntaxError {
	msg := err.Error()
	e := &SyntaxError{At: d.Text.Span(0, 0)}
	m := yamlLine.FindStringSubmatch(msg)
	if m == nil {
		e.Message = msg
		return e
	}
	e.Message = msg[len(m[0]):]
	line := badLine(d.Text.String)
	if line == 0 {
		line, _ = strconv.Atoi(m[1])
	}
	if line > 0 {
		start := d.lineStart(line)
		text := d.Text.String[start:]
		if i := strings.IndexAny(text, "\r\n"); i >= 0 {
			text = text[:i]
		}
		lead := len(text) - len(strings.TrimLeft(text, " \t"))
		e.At = d.Text.Span(start+lead, start+len(text))
	}
	return e
}

// Start returns the offset in d.Text at which the text of n starts, with its
// tag and anchor; -1 when it is not known.
func (d *Doc) Start(n *yaml.Node) int {
	if n == nil || n.Line == 0 {
		return -1
	}
	at := d.lineStart(n.Line)
	if n.Column > runes.Long {
		index := d.index.Of(func() string { return d.Text.String })
		return index.Offset(index.Count(at) + n.Column - 1)
	}
	for col := 1; col < n.Column; col++ {
		if at >= len(d.Text.String) {
			return -1
		}
		_, size := utf8.DecodeRuneInString(d.Text.String[at:])
		at += size
	}
	return at
}

// lineStart returns the offset in d.Text of a line, as the YAML scanner counts
// lines: from 1, ending at LF, CR, CRLF, NEL, LS and PS.
func (d *Doc) lineStart(line int) int {
	if line < 1 {
		line = 1
	}
	if line > len(d.lines) {
		return len(d.Text.String)
	}
	return d.lines[line-1]
}

func yamlLines(s string) []int {
	start := 0
	if strings.HasPrefix(s, "\ufeff") {
		start = len("\ufeff")
	}
	lines := []int{start}
	for i := start; i < len(s); {
		n := lineBreak(s[i:])
		if n == 0 {
			i++
			continue
		}
		i += n
		lines = append(lines, i)
	}
	return lines
}

// lineBreak returns the length of the YAML line break at the start of s, or 0.
func lineBreak(s string) int {
	switch {
	case s == "":
		return 0
	case s[0] == '\n':
		return 1
	case s[0] == '\r':
		if len(s) > 1 && s[1] == '\n' {
			return 2
		}
		return 1
	case strings.HasPrefix(s, "\u0085"):
		return 2
	case strings.HasPrefix(s, "\u2028"), strings.HasPrefix(s, "\u2029"):
		return 3
	}
	return 0
}
