package edit_test

import (
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/fix/edit"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// value parses a value in YAML.
func value(t testing.TB, text string) *yaml.Node {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	return n.Content[0]
}

// path reads a path: keys and indexes separated by blanks.
func path(text string) render.Path {
	var p render.Path
	for _, s := range strings.Fields(text) {
		var i int
		if _, err := fmt.Sscanf(s, "[%d]", &i); err == nil {
			p = p.Item(i)
		} else {
			p = p.Key(s)
		}
	}
	return p
}

func place(text string) edit.Place {
	outer, inner, ok := strings.Cut(text, " > ")
	p := edit.Place{Path: path(outer)}
	if _, err := fmt.Sscanf(outer, "%d:", &p.Doc); err == nil {
		_, rest, _ := strings.Cut(outer, ":")
		p.Path = path(rest)
	}
	if ok {
		in := place(inner)
		p.In = &in
	}
	return p
}

func TestApply(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op             edit.Op
		at, key, value string
		before, after  string
	}{
		"set plain":                {edit.Set, "a b", "", "9090", "# c\na:\n  b:   8080   # port\n", "# c\na:\n  b:   9090   # port\n"},
		"set keeps quotes":         {edit.Set, "a", "", `"true"`, "a: 'false' # x\n", "a: 'true' # x\n"},
		"set string in plain":      {edit.Set, "a", "", `"true"`, "a: no\n", "a: \"true\"\n"},
		"set anchored":             {edit.Set, "a", "", "2", "a: &x 1\nb: *x\n", "a: &x 2\nb: *x\n"},
		"set null":                 {edit.Set, "a", "", "2", "a: # none\nb: 1\n", "a: 2 # none\nb: 1\n"},
		"set collection":           {edit.Set, "a p", "", "[{m: 1}]", "a:\n  p:\n  - x: 1\n  - y\n  # end\nb: 1\n", "a:\n  p: [{m: 1}]\n  # end\nb: 1\n"},
		"set crlf":                 {edit.Set, "b", "", "2", "a: 1\r\nb: 1\r\n", "a: 1\r\nb: 2\r\n"},
		"set json":                 {edit.Set, "a [0] port", "", "81", "{\n\t\"a\": [{\"port\": 80}]\n}\n", "{\n\t\"a\": [{\"port\": 81}]\n}\n"},
		"set json string":          {edit.Set, "a", "", "x y", `{"a":"b"}`, `{"a":"x y"}`},
		"set second document":      {edit.Set, "1: a", "", "2", "a: 1\n---\na: 1\n---\na: 1\n", "a: 1\n---\na: 2\n---\na: 1\n"},
		"set bom":                  {edit.Set, "a", "", "2", "\ufeffa: 1\n", "\ufeffa: 2\n"},
		"set in literal":           {edit.Set, "p > a b", "", "2", "p: |-\n    a:\n      b: 1 # x\n    c: 2\nq: 1\n", "p: |-\n    a:\n      b: 2 # x\n    c: 2\nq: 1\n"},
		"set in quoted JSON":       {edit.Set, "p > [0] value", "", "81", `p: "[{\"op\": \"add\", \"value\": 80}]"` + "\n", `p: "[{\"op\": \"add\", \"value\": 81}]"` + "\n"},
		"set in single quotes":     {edit.Set, "p > a", "", "it's", "p: '{a: \"b\"}'\n", "p: '{a: \"it''s\"}'\n"},
		"set literal line":         {edit.Set, "p", "", `"x=1\ny=3\n"`, "p: |\n  x=1\n  y=2\n", "p: |\n  x=1\n  y=3\n"},
		"add":                      {edit.Add, "a", "c", "{d: e}", "a:\n  b: 1 # x\n  # y\nz: 1\n", "a:\n  b: 1 # x\n  c: {d: e}\n  # y\nz: 1\n"},
		"add block":                {edit.Add, "a", "c", "d: e\nl:\n- 1\n- x: 2\n  z: 3\n", "a:\n    b: 1\nz: 1\n", "a:\n    b: 1\n    c:\n      d: e\n      l:\n      - 1\n      - x: 2\n        z: 3\nz: 1\n"},
		"add in list item":         {edit.Add, "l [0]", "c", "2", "l:\n  - a: 1\n  - b\n", "l:\n  - a: 1\n    c: 2\n  - b\n"},
		"add list as others":       {edit.Add, "", "c", "[1]\n", "l:\n  - a\n", "l:\n  - a\nc: [1]\n"},
		"add without line end":     {edit.Add, "", "c", "2", "a: 1", "a: 1\nc: 2"},
		"add to null":              {edit.Add, "a", "c", "2", "a: # x\nb: 1\n", "a: # x\n  c: 2\nb: 1\n"},
		"add to empty":             {edit.Add, "a", "c", `"2"`, "a: {}\nb: 1\n", "a: {c: \"2\"}\nb: 1\n"},
		"add to flow":              {edit.Add, "a", "c", "2", "a: {b: 1}\n", "a: {b: 1, c: 2}\n"},
		"add to json":              {edit.Add, "a", "c", "x", "{\n  \"a\": {\n    \"b\": [1]\n  }\n}\n", "{\n  \"a\": {\n    \"b\": [1],\n    \"c\": \"x\"\n  }\n}\n"},
		"add after trailing comma": {edit.Add, "a", "c", "2", "a: {b: 1,}\n", "a: {b: 1, c: 2}\n"},
		"add after literal":        {edit.Add, "a", "c", "2", "a:\n  b: |\n    x\n\n    y\n\nz: 1\n", "a:\n  b: |\n    x\n\n    y\n  c: 2\n\nz: 1\n"},
		"add crlf":                 {edit.Add, "a", "c", "d: 1", "a:\r\n  b: 1\r\nz: 1\r\n", "a:\r\n  b: 1\r\n  c:\r\n    d: 1\r\nz: 1\r\n"},
		"add slash key":            {edit.Add, "", "x.io/y", `"true"`, "a: 1\n", "a: 1\nx.io/y: \"true\"\n"},
		"add number key":           {edit.Add, "", "8080", "{m: 1}", "a: 1\n", "a: 1\n\"8080\": {m: 1}\n"},
		"add in literal":           {edit.Add, "p > a", "c", "d: 1", "p: |\n  a:\n    b: 1\n\n  z: 1\n", "p: |\n  a:\n    b: 1\n    c:\n      d: 1\n\n  z: 1\n"},
		"add at literal's end":     {edit.Add, "p > ", "c", "2", "p: |-\n  a: 1\nq: 1\n", "p: |-\n  a: 1\n  c: 2\nq: 1\n"},
		"add at file's end":        {edit.Add, "p > ", "c", "2", "p: |-\n  a: 1", "p: |-\n  a: 1\n  c: 2"},
		"append":                   {edit.Append, "r", "", "x.yaml", "r:\n- a.yaml # a\n# b\n", "r:\n- a.yaml # a\n- x.yaml\n# b\n"},
		"append mapping":           {edit.Append, "r", "", "path: x\ntarget:\n  kind: A", "r:\n  - path: a\nz: 1\n", "r:\n  - path: a\n  - path: x\n    target:\n      kind: A\nz: 1\n"},
		"append flow":              {edit.Append, "r", "", "x.yaml", "r: [a.yaml]\n", "r: [a.yaml, x.yaml]\n"},
		"append to empty":          {edit.Append, "r", "", "x.yaml", "r: []\n", "r: [x.yaml]\n"},
		"append to null":           {edit.Append, "r", "", "x.yaml", "r:\nz: 1\n", "r:\n- x.yaml\nz: 1\n"},
		"append operation":         {edit.Append, "p > ", "", `{"op": "remove", "path": "/a"}`, "p: |-\n  - op: add\n    path: /b\n    value: 1\n", "p: |-\n  - op: add\n    path: /b\n    value: 1\n  - {\"op\": \"remove\", \"path\": \"/a\"}\n"},
		"append json":              {edit.Append, "", "", `{"op": "x"}`, "[\n  {\"op\": \"y\"}\n]\n", "[\n  {\"op\": \"y\"},\n  {\"op\": \"x\"}\n]\n"},
		"delete":                   {edit.Delete, "a b", "", "", "a:\n  # above\n  b: 1 # x\n  c: 2\n", "a:\n  # above\n  c: 2\n"},
		"delete last":              {edit.Delete, "a c", "", "", "a:\n  b: 1\n  c:\n    d: |\n      x\nz: 1\n", "a:\n  b: 1\nz: 1\n"},
		"delete only":              {edit.Delete, "m a b", "", "", "m:\n  n: 1\n  a:\n    b: 1\nz: 1\n", "m:\n  n: 1\nz: 1\n"},
		"delete first in item":     {edit.Delete, "l [0] a", "", "", "l:\n- a: 1\n  b: 2\n", "l:\n- b: 2\n"},
		"delete item":              {edit.Delete, "l [1]", "", "", "l:\n- a: 1\n  b: 2\n- c\n- d\n", "l:\n- a: 1\n  b: 2\n- d\n"},
		"delete flow first":        {edit.Delete, "a b", "", "", "a: {b: 1, c: 2}\n", "a: {c: 2}\n"},
		"delete flow last":         {edit.Delete, "a c", "", "", "a: {b: 1, c: 2}\n", "a: {b: 1}\n"},
		"delete json":              {edit.Delete, "b", "", "", "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n", "{\n  \"a\": 1,\n  \"c\": 3\n}\n"},
		"delete operation":         {edit.Delete, "p [1] patch > [0]", "", "", "p:\n- path: x\n- patch: |-\n    - op: add\n      path: /a\n      value: 1\n- path: y\n", "p:\n- path: x\n- path: y\n"},
		"delete null":              {edit.Delete, "a", "", "", "a: # x\nb: 1\n", "b: 1\n"},
		"delete in literal":        {edit.Delete, "p > a", "", "", "p: |\n  a: 1\n  b: 2\nq: 1\n", "p: |\n  b: 2\nq: 1\n"},
		"delete literal's end":     {edit.Delete, "p > b", "", "", "p: |\n  a: 1\n  b: 2\nq: 1\n", "p: |\n  a: 1\nq: 1\n"},
		"rename":                   {edit.Rename, "p 80", "8080", "", "p:\n  \"80\": # x\n    mode: A\n", "p:\n  \"8080\": # x\n    mode: A\n"},
		"rename plain":             {edit.Rename, "p 80", "8080", "", "p:\n  80:\n    mode: A\n", "p:\n  8080:\n    mode: A\n"},
	} {
		t.Run(name, func(t *testing.T) {
			ch := edit.Change{Op: c.op, At: place(c.at), Key: c.key}
			if c.value != "" {
				ch.Value = value(t, c.value)
			}
			got, err := ch.Apply(c.before)
			if err != nil || got != c.after {
				t.Errorf("%v\ngot:\n%s\nwant:\n%s", err, got, c.after)
			}
		})
	}
}

// TestRefused: what cannot be changed in place is an error, and nothing else is
// changed instead.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op             edit.Op
		at, key, value string
		before         string
	}{
		"no such document": {edit.Set, "3: a", "", "1", "a: 1\n"},
		"no such key":      {edit.Set, "b", "", "1", "a: 1\n"},
		"not a mapping":    {edit.Add, "a", "b", "1", "a: x\n"},
		"not a list":       {edit.Append, "a", "", "1", "a: x\n"},
		"key is there":     {edit.Add, "", "a", "1", "a: x\n"},
		"not YAML":         {edit.Set, "a", "", "1", "a: [\n"},
		"last value":       {edit.Delete, "a", "", "", "a: 1\n"},
		"anchor in use":    {edit.Delete, "a", "", "", "a: &x 1\nb: *x\n"},
		"no text":          {edit.Set, "a > b", "", "1", "a: 1\n"},
		"folded":           {edit.Add, "p > ", "c", "2", "p: >\n  a: 1\n"},
		"unknown":          {"turn", "a", "", "", "a: 1\n"},
	} {
		ch := edit.Change{Op: c.op, At: place(c.at), Key: c.key}
		if c.value != "" {
			ch.Value = value(t, c.value)
		}
		if got, err := ch.Apply(c.before); err == nil {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	const text = "a: 1\n---\n# c\nb:\n  c: [x, {d: 'e'}]\np:\n- patch: |-\n    - op: add\n      value:\n        port: 80\n- patch: '{k: v}'\nlit: KEY=8080\nblock: |\n  A=1\n  B=2\n"
	f := source.NewFile("f", []byte(text))
	for _, c := range []struct{ find, want string }{
		{"a: 1", "0 a"}, {"b:", "1 b"}, {"'e'", "1 b.c[1].d"}, {"x,", "1 b.c[0]"}, {"d:", "1 b.c[1].d"},
		{"port", "1 p[0].patch > 0 [0].value.port"}, {"80\n- patch", "1 p[0].patch > 0 [0].value.port"}, {"v}", "1 p[1].patch > 0 k"},
		{"8080", "1 lit 4-8"}, {"2\n", "1 block 6-7"}, {"# c", ""},
	} {
		at := strings.Index(text, c.find)
		end := at + len(strings.TrimRight(strings.SplitN(c.find, "\n", 2)[0], ",}:"))
		p, part, ok := edit.Locate(f, f.Span(at, end))
		got := ""
		if ok {
			got = fmt.Sprintf("%d %s", p.Doc, p.Path)
			if p.In != nil {
				got += fmt.Sprintf(" > %d %s", p.In.Doc, p.In.Path)
			}
			if part != (edit.Part{}) {
				got += fmt.Sprintf(" %d-%d", part.Start, part.End)
			}
		}
		if got != c.want {
			t.Errorf("%q is at %q, want %q", c.find, got, c.want)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	got := edit.Write(value(t, "a: {b: c}\nl:\n- x: 1\n  z: [2]\n- \"3\"\n"), value(t, "\"8080\":\n  mode: \"on\"\n"))
	if want := "a: {b: c}\nl:\n- x: 1\n  z: [2]\n- \"3\"\n---\n\"8080\":\n  mode: \"on\"\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
