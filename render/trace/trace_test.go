package trace_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/trace"
)

// values is a second renderer: a file of NAME=VALUE lines fills the blanks of a
// template. A line "must=X" makes the render fail unless it is as it was.
type values struct {
	lines    []string
	template string
	renders  int
}

// line is the value of one line.
type line struct {
	text       string
	start, end int
	binds      bool
}

func (l *line) Content() (value, tag string) {
	switch {
	case trace.IsNumber(l.text):
		return l.text, "!!int"
	case l.text == "true":
		return l.text, "!!bool"
	}
	return l.text, "!!str"
}
func (l *line) Edit(text string) trace.Edit {
	return trace.Edit{File: "values", Start: l.start, End: l.end, Text: text}
}
func (l *line) Binds() bool { return l.binds }

func (v *values) source() string { return strings.Join(v.lines, "\n") + "\n" }

func (v *values) candidates() []*line {
	var out []*line
	at := 0
	for _, text := range v.lines {
		name, value, _ := strings.Cut(text, "=")
		start := at + len(name) + 1
		out = append(out, &line{text: value, start: start, end: start + len(value), binds: name == "bound"})
		at += len(text) + 1
	}
	return out
}

func (v *values) build(_ context.Context, edits []trace.Edit) ([]*yaml.Node, error) {
	v.renders++
	text := v.template
	for l := range strings.Lines(string(trace.Apply([]byte(v.source()), edits))) {
		name, value, _ := strings.Cut(strings.TrimSpace(l), "=")
		if name == "must" && value != "x" {
			return nil, nil
		}
		text = strings.ReplaceAll(text, "$"+name+"$", value)
	}
	var n yaml.Node
	if yaml.Unmarshal([]byte(text), &n) != nil {
		return nil, nil
	}
	return n.Content, nil
}

func (v *values) tracer(t *testing.T) *trace.Tracer[*line] {
	t.Helper()
	truth, err := v.build(context.Background(), nil)
	if err != nil || truth == nil {
		t.Fatal(err)
	}
	v.renders = 0
	return trace.New[*line](truth, trace.Numbers([]byte(v.source())), v.build)
}

func TestMark(t *testing.T) {
	v := &values{lines: []string{"a=8080", "b=8080", "c=web", "n=700000"}, template: "port: $b$\nurl: http://$c$:$a$/\nother: 700000\nleft: $x$\n"}
	tr, cs := v.tracer(t), v.candidates()
	if err := tr.Mark(context.Background(), cs); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]*line{"port": cs[1], "url": cs[2], "other": nil, "left": nil} {
		c, _, s, err := tr.Find(context.Background(), 0, render.PathOf(path), nil)
		if err != nil || c != want || s.Renders != 0 {
			t.Errorf("%s: got %+v after %d renders, want %+v", path, c, s.Renders, want)
		}
	}
	if v.renders != 1 {
		t.Errorf("%d renders, want 1", v.renders)
	}
}

// TestMarkByHalves has a candidate that must not change.
func TestMarkByHalves(t *testing.T) {
	v := &values{lines: []string{"a=1", "b=2", "must=x", "c=3", "d=4"}, template: "[$a$, $b$, $c$, $d$]"}
	tr, cs := v.tracer(t), v.candidates()
	if err := tr.Mark(context.Background(), cs); err != nil {
		t.Fatal(err)
	}
	for i, want := range []*line{cs[0], cs[1], cs[3], cs[4]} {
		if c, found, _, _ := tr.Find(context.Background(), 0, render.Path{}.Item(i), nil); !found || c != want {
			t.Errorf("item %d: got %+v, want %+v", i, c, want)
		}
	}
}

func TestFind(t *testing.T) {
	v := &values{template: "port: $x$\nlist: \"$y$\"\nswitch: $z$\nname: $bound$\nconst: 7\n"}
	for i := range 200 {
		v.lines = append(v.lines, fmt.Sprintf("other%d=8080", i))
	}
	v.lines = append(v.lines, "must=x", "x=8080", "y=7,9102,8080", "z=true", "bound=8080", "w=7")
	cs := v.candidates()
	at := func(name string) *line {
		for i, l := range v.lines {
			if strings.HasPrefix(l, name+"=") {
				return cs[i]
			}
		}
		return nil
	}
	for path, want := range map[string]*line{"port": at("x"), "list": at("y"), "switch": at("z"), "name": at("bound"), "const": nil} {
		tr := v.tracer(t)
		c, found, s, err := tr.Find(context.Background(), 0, render.PathOf(path), cs)
		if err != nil || found != (want != nil) || c != want || s.Ended {
			t.Errorf("%s: got %+v (%+v) %v, want %+v", path, c, s, err, want)
		}
		if s.Renders > 24 {
			t.Errorf("%s: %d renders of %d candidates", path, s.Renders, len(cs))
		}
	}
}

// TestFindEnds has only candidates with which nothing renders.
func TestFindEnds(t *testing.T) {
	v := &values{template: "port: 8080\n"}
	for range 100 {
		v.lines = append(v.lines, "must=x")
	}
	_, found, s, err := v.tracer(t).Find(context.Background(), 0, render.PathOf("port"), v.candidates())
	if found || err != nil || !s.Ended || s.Renders != trace.MaxRenders {
		t.Errorf("got %v %+v %v", found, s, err)
	}
}

func TestSame(t *testing.T) {
	for _, c := range [][2]string{{"8080", "8.08e3"}, {"0x1F90", "8080"}, {"8080.0", "8080"}, {"0o17", "15"}, {"a", "a"}} {
		if !trace.Same(c[0], c[1]) {
			t.Errorf("%v differ", c)
		}
	}
	for _, c := range [][2]string{{"8080", "8081"}, {"a", "b"}, {"", "0"}, {"true", "1"}} {
		if trace.Same(c[0], c[1]) {
			t.Errorf("%v are the same", c)
		}
	}
}
