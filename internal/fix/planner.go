package fix

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/fix/edit"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// errNoPlace is why an edit of a rendered object cannot be made in its sources.
var errNoPlace = errors.New("no text of the repository gives the value")

// planner makes plans of remedies: it finds the source text of what they change.
type planner struct {
	ctx    context.Context
	tree   render.Tree
	read   func(name string) ([]byte, error)
	unique func(file, text string) string
	texts  map[string]*source.File
	work   int // how many bytes were looked through, in all
}

// layer is where a plan changes an object.
type layer int

// The layers, the nearest to the value first.
const (
	atValue    layer = iota // where the rendered value, or the mapping around it, comes from
	atDocument              // in the object's own document
	inOverlay               // by a patch of the root
)

// plans returns the plans of a remedy for the findings on o, the nearest layer
// first. New objects and replaced ones have one layer only.
func (pl *planner) plans(r *mesh.Remedy, o *render.Object) []*Plan {
	changes := r.Changes(o)
	if len(changes) == 0 {
		return nil
	}
	var out []*Plan
	seen := map[string]bool{}
	for _, l := range []layer{atValue, atDocument, inOverlay} {
		p := &Plan{Title: r.Title, Cost: r.Cost, Broad: r.Broad}
		if err := pl.fill(p, changes, l); err != nil || len(p.steps) == 0 {
			continue
		}
		if p.seal(); !seen[p.Key] {
			seen[p.Key] = true
			out = append(out, p)
		}
	}
	return out
}

func (pl *planner) fill(p *Plan, changes []mesh.Edit, l layer) error {
	var patches []mesh.Edit
	for _, c := range changes {
		o := c.Field.Object
		if o == nil {
			return errNoPlace
		}
		var steps []step
		var err error
		switch {
		case c.Op == mesh.Create:
			steps, err = pl.create(p, c)
		case c.Op == mesh.Replace:
			steps, err = pl.replace(p, c)
		case l == inOverlay:
			patches = append(patches, c)
		case c.Op == mesh.Delete:
			steps, err = pl.remove(c.Field)
		case c.Op == mesh.Rename:
			steps, err = pl.rename(c)
		case c.Op == mesh.Merge:
			steps, err = pl.merge(c, l)
		}
		if err != nil {
			return err
		}
		p.steps = append(p.steps, steps...)
		if c.Op != mesh.Create {
			p.names = append(p.names, namesOf(c)...)
		}
	}
	if len(patches) > 0 {
		steps, err := pl.patch(patches)
		if err != nil {
			return err
		}
		p.steps = append(p.steps, steps...)
	}
	return nil
}

// namesOf lists the values that an edit changes.
func namesOf(c mesh.Edit) []name {
	id := identityOf(c.Field.Object.Authored)
	switch c.Op {
	case mesh.Rename:
		parent := c.Field.Path[:len(c.Field.Path)-1]
		return []name{{id, c.Field.Path}, {id, parent.Key(c.Key)}}
	case mesh.Merge:
		var out []name
		n, err := parseValue(c.YAML)
		if err != nil {
			return nil
		}
		var walk func(*yaml.Node, render.Path)
		walk = func(n *yaml.Node, p render.Path) {
			if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
				out = append(out, name{id, p})
				return
			}
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(n.Content[i+1], p.Key(n.Content[i].Value))
			}
		}
		walk(n, c.Field.Path)
		return out
	}
	return []name{{id, c.Field.Path}}
}

func parseValue(text string) (*yaml.Node, error) {
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		return nil, err
	}
	if len(n.Content) == 0 {
		return nil, fmt.Errorf("%q is empty", text)
	}
	return n.Content[0], nil
}

// place returns the place in its file of the text that gives the value f, or of
// its key.
func (pl *planner) place(f render.Field) (file string, at edit.Place, part edit.Part, err error) {
	o, err := f.Object.Trace(pl.ctx, f.Path)
	if err != nil {
		return "", at, part, err
	}
	if !o.Exact || o.Span.IsZero() || o.Span.Start.IsZero() {
		return "", at, part, errNoPlace
	}
	text := pl.text(o.Span.File)
	if text == nil {
		return "", at, part, errNoPlace
	}
	at, part, ok := edit.Locate(text, o.Span)
	if !ok {
		return "", at, part, errNoPlace
	}
	return o.Span.File, at, part, nil
}

// maxFile bounds the files that are changed, in bytes.
const maxFile = 4 << 20

func (pl *planner) text(name string) *source.File {
	if f, ok := pl.texts[name]; ok {
		if f != nil {
			pl.work += len(f.Data)
		}
		return f
	}
	var f *source.File
	if info, err := pl.tree.Lstat(name); err == nil && info.Mode().IsRegular() && info.Size() <= maxFile {
		if data, err := pl.read(name); err == nil {
			f = source.NewFile(name, data)
		}
	}
	pl.texts[name] = f
	return f
}

// holder is place for a collection: what the operation of a JSON 6902 patch adds
// stands at its value, while its key is its path.
func (pl *planner) holder(f render.Field) (file string, at edit.Place, err error) {
	file, at, _, err = pl.place(f)
	if err != nil {
		return "", at, err
	}
	if op, ok := pl.operation(file, at); ok {
		return file, op.Below(render.Step{Key: "value", Index: -1}), nil
	}
	return file, at, nil
}

// operation returns the place of the JSON 6902 operation whose path or value
// stands at the place.
func (pl *planner) operation(file string, at edit.Place) (edit.Place, bool) {
	last, ok := at.Last()
	if !ok || last.Key != "path" && last.Key != "value" {
		return at, false
	}
	op := at.Up(1)
	if step, ok := op.Last(); !ok || step.Index < 0 {
		return at, false
	}
	text := string(pl.texts[file].Data)
	for _, k := range []string{"op", "path"} {
		if edit.Get(text, op.Below(render.Step{Key: k, Index: -1})) == nil {
			return at, false
		}
	}
	return op, true
}

// remove plans that the value f goes.
func (pl *planner) remove(f render.Field) ([]step, error) {
	n := f.Node()
	if n == nil {
		return nil, errNoPlace
	}
	file, at, part, err := pl.place(f)
	if err != nil || part != (edit.Part{}) {
		return nil, errors.Join(err, errNoPlace)
	}
	if op, ok := pl.operation(file, at); ok {
		at = op
	}
	return []step{{file: file, change: edit.Change{Op: edit.Delete, At: at}}}, nil
}

// rename plans that the key of c.Field becomes c.Key.
func (pl *planner) rename(c mesh.Edit) ([]step, error) {
	if c.Field.Node() == nil {
		return nil, errNoPlace
	}
	file, at, _, err := pl.place(c.Field)
	if err != nil {
		return nil, err
	}
	if last, ok := at.Last(); !ok || last.Key != c.Field.Path[len(c.Field.Path)-1].Key {
		return nil, errNoPlace
	}
	return []step{{file: file, change: edit.Change{Op: edit.Rename, At: at, Key: c.Key}}}, nil
}

// merge plans that c.YAML is merged into c.Field.
func (pl *planner) merge(c mesh.Edit, l layer) ([]step, error) {
	n, err := parseValue(c.YAML)
	if err != nil {
		return nil, err
	}
	f := c.Field
	for len(f.Path) > 0 && f.Node() == nil { // what is around it that exists
		last := f.Path[len(f.Path)-1]
		if last.Index >= 0 {
			return nil, errNoPlace
		}
		f.Path = f.Path[:len(f.Path)-1]
		n = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: last.Key}, n}}
	}
	return pl.mergeInto(f, n, l)
}

func (pl *planner) mergeInto(f render.Field, n *yaml.Node, l layer) ([]step, error) {
	var out []step
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		below := f.Key(key)
		there := below.Node()
		var steps []step
		var err error
		switch {
		case there != nil && there.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode && len(there.Content) > 0:
			steps, err = pl.mergeInto(below, value, l)
		case there != nil:
			steps, err = pl.set(below, value)
		default:
			steps, err = pl.add(f, key, value, l)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, steps...)
	}
	return out, nil
}

// set plans that f gets another value.
func (pl *planner) set(f render.Field, value *yaml.Node) ([]step, error) {
	file, at, part, err := pl.place(f)
	if err != nil {
		return nil, err
	}
	if f.Node().Kind != yaml.ScalarNode {
		if op, ok := pl.operation(file, at); ok {
			at = op.Below(render.Step{Key: "value", Index: -1})
		}
	}
	if part != (edit.Part{}) {
		old := edit.Get(string(pl.texts[file].Data), at)
		if old == nil || value.Kind != yaml.ScalarNode || part.End > len(old.Value) {
			return nil, errNoPlace
		}
		whole := *value
		whole.Tag, whole.Value = "!!str", old.Value[:part.Start]+value.Value+old.Value[part.End:]
		value = &whole
	}
	return []step{{file: file, change: edit.Change{Op: edit.Set, At: at, Value: value}}}, nil
}

// add plans that the mapping f, which is rendered, gets another entry.
func (pl *planner) add(f render.Field, key string, value *yaml.Node, l layer) ([]step, error) {
	if l == atValue && len(f.Path) > 0 {
		file, at, err := pl.holder(f)
		if err != nil {
			return nil, err
		}
		return []step{{file: file, change: edit.Change{Op: edit.Add, At: at, Key: key, Value: value}}}, nil
	}
	file, at, err := pl.document(f.Object)
	if err != nil {
		return nil, err
	}
	text := string(pl.texts[file].Data)
	for i, s := range f.Path {
		next, ok := pl.down(text, at, f, i)
		if !ok {
			if s.Index >= 0 {
				return nil, errNoPlace
			}
			for _, missing := range reversed(f.Path[i:]) {
				if missing.Index >= 0 {
					return nil, errNoPlace
				}
				value = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value}}
				key = missing.Key
			}
			break
		}
		at = next
	}
	return []step{{file: file, change: edit.Change{Op: edit.Add, At: at, Key: key, Value: value}}}, nil
}

func reversed(p render.Path) render.Path {
	out := make(render.Path, 0, len(p))
	for i := len(p) - 1; i >= 0; i-- {
		out = append(out, p[i])
	}
	return out
}

// down follows step i of f's path in the source text, list items by what
// identifies them.
func (pl *planner) down(text string, at edit.Place, f render.Field, i int) (edit.Place, bool) {
	s := f.Path[i]
	if s.Index < 0 {
		next := at.Below(s)
		return next, edit.Get(text, next) != nil
	}
	list, item := edit.Get(text, at), f.Object.At(f.Path[:i+1])
	if list == nil || item == nil || list.Kind != yaml.SequenceNode {
		return at, false
	}
	for k, n := range list.Content {
		if same, known := sameItem(n, item); known && same {
			return at.Below(render.Step{Index: k}), true
		}
	}
	return at, false
}

// itemKeys are the fields that identify list items of Kubernetes objects.
var itemKeys = []string{"name", "containerPort", "port"}

// sameItem reports whether two list items are the same by what identifies them,
// if anything does.
func sameItem(a, b *yaml.Node) (same, known bool) {
	for _, k := range itemKeys {
		x, y := valueOf(a, k), valueOf(b, k)
		if x != nil && y != nil {
			return x.Value == y.Value, true
		}
	}
	return false, false
}

func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// document returns the place of the object's own value in its source file.
func (pl *planner) document(o *render.Object) (file string, at edit.Place, err error) {
	file, at, _, err = pl.place(render.Field{Object: o})
	if err != nil {
		return "", at, err
	}
	at = at.Up(1) // the place of its first key
	n := edit.Get(string(pl.texts[file].Data), at)
	if n == nil || valueOf(n, "kind") == nil || valueOf(n, "kind").Value != o.Authored.Kind {
		return "", at, errNoPlace
	}
	return file, at, nil
}

// replace plans that other objects take the place of c's object.
func (pl *planner) replace(p *Plan, c mesh.Edit) ([]step, error) {
	file, at, err := pl.document(c.Field.Object)
	if err != nil || at.In != nil || len(at.Path) > 0 {
		return nil, errors.Join(err, errNoPlace)
	}
	text := c.YAML
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	p.names = append(p.names, created(c.YAML)...)
	return []step{{file: file, change: edit.Change{At: at}, document: &text}}, nil
}

// created names the objects that text makes.
func created(text string) []name {
	var out []name
	for part := range strings.SplitSeq(text, "---\n") {
		n, err := parseValue(part)
		if err != nil || n.Kind != yaml.MappingNode {
			continue
		}
		out = append(out, name{object: refOf(n)})
	}
	return out
}

func refOf(n *yaml.Node) identity {
	var id identity
	if v := valueOf(n, "apiVersion"); v != nil {
		if group, _, ok := strings.Cut(v.Value, "/"); ok {
			id.group = group
		}
	}
	if v := valueOf(n, "kind"); v != nil {
		id.kind = v.Value
	}
	if m := valueOf(n, "metadata"); m != nil {
		if v := valueOf(m, "name"); v != nil {
			id.name = v.Value
		}
		if v := valueOf(m, "namespace"); v != nil {
			id.namespace = v.Value
		}
	}
	return id
}
