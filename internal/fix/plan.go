package fix

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/fix/edit"
	"github.com/org/probe-mtls-action/render"
)

// Plan is a set of changes of source files that means to end findings. It is
// only a plan: whether it does, and does nothing else, is proven.
type Plan struct {
	// Key tells plans apart: equal keys are the same changes.
	Key   string
	Title string // imperative, one line
	Cost  string // as of [mesh.Remedy]; "" for a safe one
	Broad bool   // as of [mesh.Remedy]
	steps []step
	names []name
	// rank orders the plans for one finding: the best has the least.
	rank int
}

// Safe reports whether the plan is of the safe tier.
func (p *Plan) Safe() bool { return p.Cost == "" }

// Files returns the names of the files that the plan changes or adds, sorted.
func (p *Plan) Files() []string {
	var out []string
	for _, s := range p.steps {
		out = append(out, s.file)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// step is one change of one file.
type step struct {
	file   string
	change edit.Change
	// text, if set, is the whole of a new file.
	text *string
	// document is the text that takes the place of the document of change.At.
	document *string
	// comment, if set, accepts findings.
	comment *comment
}

// name is something that a plan says it changes in rendered objects.
type name struct {
	object identity
	// path leads to the value; list indexes stand for any. Without one, the
	// object as a whole comes, or is replaced.
	path render.Path
}

// identity is what an object is called in its source document: that is the same
// in all roots.
type identity struct{ group, kind, namespace, name string }

func identityOf(r render.Ref) identity { return identity{r.Group, r.Kind, r.Namespace, r.Name} }

// seal gives the plan its key.
func (p *Plan) seal() *Plan {
	h := sha256.New()
	for _, s := range p.steps {
		fmt.Fprintf(h, "%q %s %v %q", s.file, s.change.Op, s.change.At.Doc, s.change.Key)
		for at := &s.change.At; at != nil; at = at.In {
			fmt.Fprintf(h, " %d %q", at.Doc, at.Path)
		}
		for _, t := range []*string{s.text, s.document} {
			if t != nil {
				fmt.Fprintf(h, " %q", *t)
			}
		}
		if s.comment != nil {
			fmt.Fprintf(h, " %d %q %q", s.comment.line, s.comment.ids, s.comment.why)
		}
		if s.change.Value != nil {
			text, _ := yaml.Marshal(s.change.Value)
			fmt.Fprintf(h, " %q", text)
		}
		fmt.Fprintln(h)
	}
	p.Key = hex.EncodeToString(h.Sum(nil)[:12])
	return p
}

// apply makes the plan's changes in d, all or none.
func (p *Plan) apply(d *draft) error {
	next := map[string]string{}
	read := func(file string) (string, error) {
		if text, ok := next[file]; ok {
			return text, nil
		}
		data, err := d.source(file)
		return string(data), err
	}
	for _, s := range p.steps {
		old, err := read(s.file)
		switch {
		case s.text != nil && err == nil && old != *s.text:
			return fmt.Errorf("%s: the file exists", s.file)
		case s.text != nil && (err == nil || errors.Is(err, fs.ErrNotExist)):
			next[s.file] = *s.text
			continue
		case err != nil:
			return err
		}
		if next[s.file], err = s.apply(old); err != nil {
			return fmt.Errorf("%s: %w", s.file, err)
		}
	}
	for file, text := range next {
		d.files[file] = text
	}
	return nil
}

// apply makes the step's change in the text of its file. What is there already
// is not added again.
func (s step) apply(text string) (string, error) {
	if s.comment != nil {
		return s.comment.apply(text)
	}
	if s.document != nil {
		return edit.ReplaceDocument(text, s.change.At.Doc, *s.document)
	}
	c := s.change
	for c.Op == edit.Add {
		below := c.At.Below(render.Step{Key: c.Key, Index: -1})
		there := edit.Get(text, below)
		switch {
		case there == nil:
			return c.Apply(text)
		case there.Kind == yaml.SequenceNode && c.Value.Kind == yaml.SequenceNode:
			for _, item := range c.Value.Content {
				var err error
				if text, err = (edit.Change{Op: edit.Append, At: below, Value: item}).Apply(text); err != nil {
					return "", err
				}
			}
			return text, nil
		case there.Kind != yaml.MappingNode || c.Value.Kind != yaml.MappingNode || len(c.Value.Content) != 2:
			return "", fmt.Errorf("there is a %s already", c.Key)
		}
		c = edit.Change{Op: edit.Add, At: below, Key: c.Value.Content[0].Value, Value: c.Value.Content[1]}
	}
	return c.Apply(text)
}

// clash reports whether two plans change the same value, so that they cannot be
// told apart when both are applied.
func (p *Plan) clash(q *Plan) bool {
	for _, a := range p.names {
		for _, b := range q.names {
			if a.object == b.object && (alike(a.path, b.path) || len(a.path) == 0 || len(b.path) == 0) {
				return true
			}
		}
	}
	return false
}

// alike reports whether one of two paths leads to the other's value or to one
// below it, list indexes aside.
func alike(a, b render.Path) bool {
	n := min(len(a), len(b))
	for i := range n {
		if (a[i].Index >= 0) != (b[i].Index >= 0) || a[i].Index < 0 && a[i].Key != b[i].Key {
			return false
		}
	}
	return true
}

// pattern is a path without list indexes.
func pattern(p render.Path) string {
	var b strings.Builder
	for _, s := range p {
		if s.Index >= 0 {
			b.WriteString("[]")
			continue
		}
		fmt.Fprintf(&b, "/%s", s.Key)
	}
	return b.String()
}
