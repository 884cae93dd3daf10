package edit

import (
	"strings"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// ReplaceDocument returns text with its document number doc replaced by another,
// which may be several. The separators around it stay.
func ReplaceDocument(text string, doc int, by string) (string, error) {
	parts := yamldoc.Split(yamldoc.Whole(source.NewFile("", []byte(text))))
	if doc < 0 || doc >= len(parts) {
		return "", unsupported("there is no document %d", doc)
	}
	if jsonText(text) {
		return "", unsupported("it is JSON, which holds one document")
	}
	old := parts[doc]
	start := old.Offset(0)
	end := start + len(old.String)
	if strings.HasPrefix(old.String, "\ufeff") {
		start += len("\ufeff")
	}
	if first, rest, ok := strings.Cut(text[start:end], "\n"); ok && strings.HasPrefix(first, "---") {
		start = end - len(rest) // the separator of the first document
	}
	by = strings.ReplaceAll(by, "\n", lineEnd(text))
	after := text[:start] + by + text[end:]
	if _, err := parse(after); err != nil {
		return "", err
	}
	return after, nil
}
