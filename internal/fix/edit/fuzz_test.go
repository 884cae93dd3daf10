package edit_test

import (
	"testing"

	"github.com/org/probe-mtls-action/internal/fix/edit"
	"github.com/org/probe-mtls-action/render/source"
)

// FuzzApply changes arbitrary text: it never panics, and what it changes can be
// found again where it was.
func FuzzApply(f *testing.F) {
	for _, text := range []string{
		"a: 1\nb: [x, {c: d}]\n", "p:\n- patch: |-\n    a: 1\n", "{\"a\": {\"b\": null}}", "\ufeffa: &x 1\r\nb: *x\r\n",
		"a: >\n  x\n", "a: \"\\u00e9\\n\"\n---\n? b\n: c\n", "a:\n- - 1\n- !!str 2\n",
	} {
		f.Add(text, uint8(0), uint8(1))
		f.Add(text, uint8(3), uint8(2))
	}
	ops := []edit.Op{edit.Set, edit.Add, edit.Append, edit.Delete, edit.Rename}
	f.Fuzz(func(t *testing.T, text string, op, at uint8) {
		if len(text) > 2000 {
			return
		}
		all := places(text)
		if len(all) == 0 {
			return
		}
		c := edit.Change{Op: ops[int(op)%len(ops)], At: all[int(at)%len(all)], Key: "new", Value: value(t, `"9"`)}
		after, err := c.Apply(text)
		if err != nil {
			return
		}
		if c.Op == edit.Set {
			again, err := c.Apply(after)
			if err != nil || again != after {
				t.Errorf("%v: setting %v again makes %q of %q", err, c.At, again, after)
			}
		}
		file := source.NewFile("f", []byte(after))
		for i := range min(len(after), 200) {
			edit.Locate(file, file.Span(i, i+1))
		}
	})
}
