package edit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/fix/edit"
	"github.com/org/probe-mtls-action/render"
)

// author writes random values in random styles, with comments in between.
type author struct {
	t    *rapid.T
	b    strings.Builder
	eol  string
	json bool
}

func (a *author) chance(n int) bool { return rapid.IntRange(0, n).Draw(a.t, "chance") == 0 }

func (a *author) comment(indent int) {
	if !a.json && a.chance(3) {
		a.b.WriteString(strings.Repeat(" ", indent) + "# note: {" + a.eol)
	}
}

func (a *author) endLine() {
	if !a.json && a.chance(3) {
		a.b.WriteString(" # 'x")
	}
	a.b.WriteString(a.eol)
}

func (a *author) word() string {
	return rapid.SampledFrom([]string{"a", "b", "true", "8080", "x: y", "it's", `say "hi"`, "é日", "", "#1", "-", "no", "a/b.c"}).Draw(a.t, "word")
}

func (a *author) key(i int) string { return fmt.Sprintf("k%d", i) }

// scalar writes a scalar on one line.
func (a *author) scalar() {
	w := a.word()
	style := rapid.IntRange(0, 3).Draw(a.t, "style")
	switch {
	case a.json && style == 0:
		a.b.WriteString("12")
	case a.json || style == 0:
		a.b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w) + `"`)
	case style == 1:
		a.b.WriteString("'" + strings.ReplaceAll(w, "'", "''") + "'")
	case style == 2:
		a.b.WriteString("plain text")
	default:
		a.b.WriteString(rapid.SampledFrom([]string{"1", "true", "null", "~", "1.5"}).Draw(a.t, "plain"))
	}
}

func (a *author) flow(depth int) {
	kind := rapid.IntRange(0, 2).Draw(a.t, "kind")
	n := rapid.IntRange(0, 3).Draw(a.t, "n")
	sep := ", "
	if a.chance(2) {
		sep = "," + a.eol + strings.Repeat(" ", 20)
	}
	switch {
	case depth == 0 || kind == 0:
		a.scalar()
	case kind == 1:
		a.b.WriteString("{")
		for i := range n {
			if i > 0 {
				a.b.WriteString(sep)
			}
			if a.json || a.chance(2) {
				a.b.WriteString(`"` + a.key(i) + `": `)
			} else {
				a.b.WriteString(a.key(i) + ": ")
			}
			a.flow(depth - 1)
		}
		a.b.WriteString("}")
	default:
		a.b.WriteString("[")
		for i := range n {
			if i > 0 {
				a.b.WriteString(sep)
			}
			a.flow(depth - 1)
		}
		a.b.WriteString("]")
	}
}

// value writes what follows a key or dash that stands at indent.
func (a *author) value(indent, depth int) {
	switch rapid.IntRange(0, 6).Draw(a.t, "form") {
	case 0:
		a.endLine() // null
	case 1:
		a.b.WriteString(" ")
		a.flow(2)
		a.endLine()
	case 2:
		a.b.WriteString(rapid.SampledFrom([]string{" |", " |-", " |+"}).Draw(a.t, "header"))
		a.endLine()
		for range rapid.IntRange(1, 3).Draw(a.t, "lines") {
			a.b.WriteString(strings.Repeat(" ", indent+3) + a.word() + "x" + a.eol)
			if a.chance(3) {
				a.b.WriteString(a.eol)
			}
		}
		a.b.WriteString(strings.Repeat(" ", indent+3) + "end" + a.eol)
	case 3, 4:
		if depth > 0 {
			a.endLine()
			a.mapping(indent+rapid.IntRange(1, 4).Draw(a.t, "indent"), depth-1)
			return
		}
		fallthrough
	case 5:
		if depth > 0 {
			a.endLine()
			a.list(indent+rapid.IntRange(1, 2).Draw(a.t, "indent"), depth-1)
			return
		}
		fallthrough
	default:
		a.b.WriteString(" ")
		a.scalar()
		a.endLine()
	}
}

func (a *author) mapping(indent, depth int) {
	for i := range rapid.IntRange(1, 3).Draw(a.t, "keys") {
		a.comment(indent)
		a.b.WriteString(strings.Repeat(" ", indent) + a.key(i) + ":")
		a.value(indent, depth)
	}
}

func (a *author) list(indent, depth int) {
	for range rapid.IntRange(1, 3).Draw(a.t, "items") {
		a.comment(indent)
		a.b.WriteString(strings.Repeat(" ", indent) + "-")
		if a.chance(2) && depth > 0 {
			a.b.WriteString(" " + a.key(0) + ":")
			a.value(indent+2, depth-1)
			if a.chance(1) {
				a.b.WriteString(strings.Repeat(" ", indent+2) + a.key(1) + ":")
				a.value(indent+2, depth-1)
			}
			continue
		}
		a.value(indent, depth)
	}
}

func document(t *rapid.T) string {
	a := &author{t: t, eol: rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "eol")}
	switch rapid.IntRange(0, 4).Draw(t, "document") {
	case 0:
		a.json = true
		a.flow(4)
		a.b.WriteString(a.eol)
	case 1:
		a.b.WriteString("\ufeff")
		fallthrough
	default:
		a.mapping(0, 3)
	}
	text := a.b.String()
	if a.chance(4) {
		text = strings.TrimRight(text, "\r\n")
	}
	if a.chance(3) { // the same as an inline patch
		var b strings.Builder
		b.WriteString("p:" + a.eol + "- patch: |" + a.eol)
		for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
			b.WriteString("    " + line)
		}
		return strings.TrimRight(b.String(), "\r\n") + a.eol + "  z: 1" + a.eol
	}
	return text
}

// places lists all places of a text, those in inline patches included.
func places(text string) []edit.Place {
	var out []edit.Place
	dec := yaml.NewDecoder(strings.NewReader(text))
	for doc := 0; ; doc++ {
		var n yaml.Node
		if dec.Decode(&n) != nil {
			return out
		}
		var walk func(*yaml.Node, render.Path)
		walk = func(n *yaml.Node, p render.Path) {
			out = append(out, edit.Place{Doc: doc, Path: p})
			switch n.Kind {
			case yaml.MappingNode:
				for i := 0; i+1 < len(n.Content); i += 2 {
					walk(n.Content[i+1], p.Key(n.Content[i].Value))
				}
			case yaml.SequenceNode:
				for i, c := range n.Content {
					walk(c, p.Item(i))
				}
			case yaml.ScalarNode:
				if n.Style&yaml.LiteralStyle != 0 && len(p) > 0 && p[len(p)-1].Key == "patch" {
					for _, in := range places(n.Value) {
						out = append(out, edit.Place{Doc: doc, Path: p, In: &in})
					}
				}
			}
		}
		walk(n.Content[0], nil)
	}
}

func plainValue(t *rapid.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

// TestProperty changes random texts at random places: what is read afterwards is
// the intended value, and all bytes around the change stay.
func TestProperty(t *testing.T) {
	t.Parallel()
	made, refused, reasons := 0, 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		text := document(t)
		all := places(text)
		if len(all) == 0 {
			t.Skip("not YAML")
		}
		c := edit.Change{
			At:  rapid.SampledFrom(all).Draw(t, "place"),
			Op:  rapid.SampledFrom([]edit.Op{edit.Set, edit.Add, edit.Append, edit.Delete, edit.Rename}).Draw(t, "op"),
			Key: rapid.SampledFrom([]string{"new", "8080", "x.io/y", "a b"}).Draw(t, "key"),
		}
		var n yaml.Node
		v := rapid.SampledFrom([]string{`"true"`, "9", "it's", "{a: [1, {b: c}]}", "a:\n  b: 1\nc:\n- d: x\n  e: f\n"}).Draw(t, "value")
		if err := yaml.Unmarshal([]byte(v), &n); err != nil {
			t.Fatal(err)
		}
		c.Value = n.Content[0]
		after, err := c.Apply(text)
		if err != nil {
			if !errors.Is(err, edit.ErrUnsupported) && after == text {
				t.Fatalf("no change and no reason: %v", err)
			}
			if sensible(text, c) {
				refused++
				reasons[fmt.Sprint(c.Op, " ", err)]++
			}
			return
		}
		made++
		expect(t, c, text, after)
	})
	if made < 2*refused {
		t.Errorf("%d changes made, %d refused: %v", made, refused, reasons)
	}
}

// sensible reports whether a change means anything where it is to be made.
func sensible(text string, c edit.Change) bool {
	at := c.At
	if at.In != nil {
		v, _ := get(parsed(text), at.Path).(string)
		c.At = *at.In
		return sensible(v, c)
	}
	v, inMapping := get(parsed(text), at.Path), len(at.Path) > 0 && at.Path[len(at.Path)-1].Index < 0
	switch c.Op {
	case edit.Add:
		_, ok := v.(map[string]any)
		return ok
	case edit.Append:
		_, ok := v.([]any)
		return ok
	case edit.Rename, edit.Delete:
		return inMapping
	}
	return inMapping
}

func parsed(text string) (v any) {
	_ = yaml.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &v)
	return v
}

// expect checks the change with means of its own: plain values, and the bytes
// before and behind.
func expect(t *rapid.T, c edit.Change, text, after string) {
	want, got := plainValue(t, text), plainValue(t, after)
	if c.At.In != nil {
		now, _ := get(got, c.At.Path).(string)
		inside := c
		inside.At = *c.At.In
		was, _ := get(want, c.At.Path).(string)
		if _, err := inside.Apply(was); err != nil {
			return // nothing else was in the text, so what held it is gone
		}
		inner := intend(t, plainValue(t, was), *c.At.In, c)
		if fmt.Sprintf("%#v", inner) != fmt.Sprintf("%#v", plainValue(t, now)) {
			t.Fatalf("%s %v\n%s\nbecame\n%s", c.Op, c.At, was, now)
		}
		want = put(want, c.At.Path, func(any) any { return now })
	} else {
		want = intend(t, want, c.At, c)
	}
	if fmt.Sprintf("%#v", want) != fmt.Sprintf("%#v", got) {
		t.Fatalf("%s %v\n%s\nbecame\n%s\nwhich is\n%#v\nwant\n%#v", c.Op, c.At, text, after, got, want)
	}
	i := 0
	for i < len(text) && i < len(after) && text[i] == after[i] {
		i++
	}
	j := 0
	for j < len(text)-i && j < len(after)-i && text[len(text)-1-j] == after[len(after)-1-j] {
		j++
	}
	out, in := text[i:len(text)-j], after[i:len(after)-j]
	switch {
	case c.Op == edit.Add && out != "" && !strings.Contains(out, "null") && !strings.Contains(out, "~"),
		c.Op == edit.Append && out != "" && !strings.Contains(out, "null") && !strings.Contains(out, "~"),
		c.Op == edit.Delete && in != "":
		t.Fatalf("%s at %v replaced %q by %q in\n%s", c.Op, c.At, out, in, text)
	case strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") && strings.Contains(in, "\r"),
		strings.Contains(text, "\r\n") && strings.Contains(strings.ReplaceAll(after, "\r\n", ""), "\n"):
		t.Fatalf("%s mixes line ends: %q", c.Op, after)
	}
}

// intend makes the change in plain values.
func intend(t *rapid.T, v any, at edit.Place, c edit.Change) any {
	var value any
	if err := c.Value.Decode(&value); err != nil {
		t.Fatal(err)
	}
	switch c.Op {
	case edit.Set:
		return put(v, at.Path, func(any) any { return value })
	case edit.Add:
		return put(v, at.Path, func(old any) any {
			m, _ := old.(map[string]any)
			if m == nil {
				m = map[string]any{}
			}
			m[c.Key] = value
			return m
		})
	case edit.Append:
		return put(v, at.Path, func(old any) any {
			l, _ := old.([]any)
			return append(l, value)
		})
	case edit.Delete:
		return put(v, at.Path, func(any) any { return gone{} })
	}
	return put(v, at.Path[:len(at.Path)-1], func(m any) any {
		entries := m.(map[string]any)
		entries[c.Key] = entries[at.Path[len(at.Path)-1].Key]
		delete(entries, at.Path[len(at.Path)-1].Key)
		return m
	})
}

// gone is a value that goes, with collections that hold nothing else.
type gone struct{}

func get(v any, p render.Path) any {
	for _, s := range p {
		switch x := v.(type) {
		case map[string]any:
			v = x[s.Key]
		case []any:
			v = x[s.Index]
		}
	}
	return v
}

func put(v any, p render.Path, f func(any) any) any {
	if len(p) == 0 {
		return f(v)
	}
	switch x := v.(type) {
	case map[string]any:
		x[p[0].Key] = put(x[p[0].Key], p[1:], f)
		if x[p[0].Key] == (gone{}) {
			if delete(x, p[0].Key); len(x) == 0 {
				return gone{}
			}
		}
	case []any:
		x[p[0].Index] = put(x[p[0].Index], p[1:], f)
		if x[p[0].Index] == (gone{}) {
			if x = append(x[:p[0].Index:p[0].Index], x[p[0].Index+1:]...); len(x) == 0 {
				return gone{}
			}
		}
		return x
	}
	return v
}
