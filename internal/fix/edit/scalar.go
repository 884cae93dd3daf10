package edit

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// setScalar replaces the scalar n by another.
func (t *target) setScalar(n, value *yaml.Node, w writer) (splice, error) {
	sc, ok := t.doc.Scalar(n)
	if !ok {
		return splice{}, unsupported("the place of %s is not known", t.path)
	}
	asText := value.ShortTag() == "!!str"
	switch {
	case sc.Style == yaml.LiteralStyle && asText:
		return t.setLiteral(n, sc, value.Value, w)
	case sc.Style == yaml.LiteralStyle || sc.Style == yaml.FoldedStyle:
		return t.setPart(n, sc, value.Value)
	case sc.Style != 0 && asText:
		if sp, err := t.setPart(n, sc, value.Value); err == nil {
			return sp, nil
		}
	}
	style := sc.Style
	if style == 0 {
		style = value.Style & quoted
	}
	return splice{sc.Start, sc.End, w.scalar(value, style, t.inFlow())}, nil
}

// setLiteral changes the lines of a literal block scalar that differ.
func (t *target) setLiteral(n *yaml.Node, sc yamldoc.Scalar, value string, w writer) (splice, error) {
	old, now := strings.Split(n.Value, "\n"), strings.Split(value, "\n")
	body := min(nextLine(t.s, sc.Start), sc.End)
	lines := strings.SplitAfter(t.s[body:sc.End], "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if strings.HasSuffix(n.Value, "\n") != strings.HasSuffix(value, "\n") || len(lines) == 0 || len(lines) > len(old) {
		return splice{}, unsupported("%s ends in other line ends", t.path)
	}
	before := 0
	for before < len(old) && before < len(now) && old[before] == now[before] {
		before++
	}
	after := 0
	for after < len(old)-before && after < len(now)-before && old[len(old)-1-after] == now[len(now)-1-after] {
		after++
	}
	indent, known := "", false
	for i, line := range lines {
		if old[i] != "" {
			indent, _, known = strings.Cut(line, old[i])
			break
		}
	}
	if !known || strings.Trim(indent, " ") != "" {
		return splice{}, unsupported("the indentation of %s is not known", t.path)
	}
	offset := func(line int) int {
		at := body
		for _, l := range lines[:min(line, len(lines))] {
			at += len(l)
		}
		return at
	}
	var b strings.Builder
	for _, line := range now[before : len(now)-after] {
		if line != "" {
			b.WriteString(indent + line)
		}
		b.WriteString(w.eol)
	}
	sp := splice{offset(before), offset(len(old) - after), b.String()}
	if sp.text != "" && sp.start > 0 && t.s[sp.start-1] != '\n' { // the text's last line has no end
		sp.text = w.eol + strings.TrimSuffix(sp.text, w.eol)
	} else if sp.end > sp.start && t.s[sp.end-1] != '\n' {
		sp.text = strings.TrimSuffix(sp.text, w.eol)
	}
	return sp, nil
}

// setPart changes only the bytes of a scalar that differ.
func (t *target) setPart(n *yaml.Node, sc yamldoc.Scalar, value string) (splice, error) {
	old := n.Value
	text, ok := t.doc.Value(n)
	if !ok || old == "" {
		return splice{}, unsupported("the bytes of %s are not known", t.path)
	}
	i := 0
	for i < len(old) && i < len(value) && old[i] == value[i] {
		i++
	}
	j := 0
	for j < len(old)-i && j < len(value)-i && old[len(old)-1-j] == value[len(value)-1-j] {
		j++
	}
	base := t.doc.Text.Offset(0)
	start, end := text.Offset(i)-base, text.End(len(old)-j)-base
	if i == len(old) {
		start, end = text.End(i)-base, text.End(i)-base
	} else if i+j == len(old) {
		end = start
	}
	now := value[i : len(value)-j]
	switch {
	case start > end || start < sc.Start || end > sc.End:
		return splice{}, unsupported("the bytes of %s are not known", t.path)
	case sc.Style == yaml.DoubleQuotedStyle:
		now = escaped(now)
	case strings.Contains(now, "\n"):
		return splice{}, unsupported("%s cannot take another line", t.path)
	case sc.Style == yaml.SingleQuotedStyle:
		now = strings.ReplaceAll(now, "'", "''")
	}
	return splice{start, end, now}, nil
}
