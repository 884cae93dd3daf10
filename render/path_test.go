package render_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/render"
)

// TestParsePath reads what String prints.
func TestParsePath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p render.Path
		for range rapid.IntRange(0, 5).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "index") {
				p = p.Item(rapid.IntRange(0, 20).Draw(t, "i"))
			} else {
				p = p.Key(rapid.OneOf(rapid.StringMatching(`[a-zé./"\\[\]0-9 -]{1,8}`), rapid.String()).Draw(t, "key"))
			}
		}
		got, err := render.ParsePath(p.String())
		if err != nil || got.String() != p.String() || len(got) != len(p) {
			t.Fatalf("%q: got %q %v", p, got, err)
		}
	})
	for text, want := range map[string]string{
		"a..b": "expected a key at character 3", "a.": "expected a key at character 3", "[x]": "expected a list index", "[0": "expected a list index",
		`["a"`: "expected ]", `["a`: "does not end", "[0]a": "expected a dot", "[-1]": "expected a list index",
	} {
		if _, err := render.ParsePath(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestWalk(t *testing.T) {
	var n yaml.Node
	if err := yaml.Unmarshal([]byte("a: 1\nb:\n- c.d: 2\n- x\n"), &n); err != nil {
		t.Fatal(err)
	}
	o := &render.Object{Node: n.Content[0]}
	var got []string
	o.Walk(func(f render.Field) { got = append(got, f.Path.String()+"="+f.Node().Value) })
	if want := `a=1 b= b[0]= b[0]["c.d"]=2 b[1]=x`; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
