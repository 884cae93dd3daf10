package fix

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/fix/edit"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// create plans a file with new objects: in the directory of a kustomization,
// which then lists it, or beside the manifest of the object that it belongs to.
func (pl *planner) create(p *Plan, c mesh.Edit) ([]step, error) {
	made := created(c.YAML)
	if len(made) == 0 {
		return nil, errNoPlace
	}
	p.names = append(p.names, made...)
	root := c.Field.Object.Root
	if root.Renderer != graph.Renderer {
		return pl.createBeside(c, made[0].name())
	}
	file, err := pl.kustomization(root.Dir)
	if err != nil {
		return nil, err
	}
	target := pl.unique(path.Join(root.Dir, fileName(made[0].name())), c.YAML)
	return []step{
		{file: target, text: &c.YAML},
		pl.listed(file, "resources", scalar(path.Base(target))),
	}, nil
}

func (n name) name() string { return n.object.name }

// fileName makes a file name of an object's.
func fileName(object string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, strings.ToLower(object)) + ".yaml"
}

// createBeside is create for plain manifests.
func (pl *planner) createBeside(c mesh.Edit, object string) ([]step, error) {
	file, _, err := pl.document(c.Field.Object)
	if err != nil {
		return nil, err
	}
	if file != c.Field.Object.Root.Dir { // all manifests of a directory are read
		target := pl.unique(path.Join(path.Dir(file), fileName(object)), c.YAML)
		return []step{{file: target, text: &c.YAML}}, nil
	}
	docs := yamldoc.Split(yamldoc.Whole(pl.texts[file]))
	last := docs[len(docs)-1].String
	if !strings.HasSuffix(last, "\n") {
		last += "\n"
	}
	last += "---\n" + c.YAML
	return []step{{file: file, change: edit.Change{At: edit.Place{Doc: len(docs) - 1}}, document: &last}}, nil
}

// kustomization returns the kustomization file of a directory.
func (pl *planner) kustomization(dir string) (string, error) {
	for _, base := range graph.FileNames {
		file := path.Join(dir, base)
		if info, err := pl.tree.Lstat(file); err == nil && info.Mode().IsRegular() && pl.text(file) != nil {
			return file, nil
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", errNoPlace
}

// listed plans another entry of a kustomization's list.
func (pl *planner) listed(file, field string, value *yaml.Node) step {
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{value}}
	at := edit.Place{}
	if n := edit.Get(string(pl.texts[file].Data), at.Below(render.Step{Key: field, Index: -1})); n != nil && n.Kind == yaml.ScalarNode {
		return step{file: file, change: edit.Change{Op: edit.Set, At: at.Below(render.Step{Key: field, Index: -1}), Value: list}}
	}
	return step{file: file, change: edit.Change{Op: edit.Add, At: at, Key: field, Value: list}}
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

func mapping(pairs ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: pairs}
}

// patch plans a patch of the root that all edits, which are of one object, are
// made by.
func (pl *planner) patch(edits []mesh.Edit) ([]step, error) {
	o := edits[0].Field.Object
	if o.Root.Renderer != graph.Renderer {
		return nil, errNoPlace
	}
	file, err := pl.kustomization(o.Root.Dir)
	if err != nil {
		return nil, err
	}
	meta := mapping(scalar("name"), scalar(o.Authored.Name))
	if o.Authored.Namespace != "" {
		meta.Content = append(meta.Content, scalar("namespace"), scalar(o.Authored.Namespace))
	}
	doc := mapping(scalar("apiVersion"), scalar(o.Authored.APIVersion()), scalar("kind"), scalar(o.Authored.Kind), scalar("metadata"), meta)
	for _, e := range edits {
		if e.Field.Object != o {
			return nil, errNoPlace
		}
		if err := putEdit(doc, e); err != nil {
			return nil, err
		}
	}
	text := edit.Write(doc)
	target := pl.unique(path.Join(o.Root.Dir, fileName(o.Authored.Name+"-probes-patch")), text)
	return []step{
		{file: target, text: &text},
		pl.listed(file, "patches", mapping(scalar("path"), scalar(path.Base(target)))),
	}, nil
}

// putEdit puts an edit into the strategic merge patch doc.
func putEdit(doc *yaml.Node, e mesh.Edit) error {
	null := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	switch e.Op {
	case mesh.Merge:
		n, err := parseValue(e.YAML)
		if err != nil {
			return err
		}
		return putValue(doc, e.Field, n)
	case mesh.Delete:
		return putValue(doc, e.Field, null)
	case mesh.Rename:
		old := e.Field.Node()
		if old == nil {
			return errNoPlace
		}
		if err := putValue(doc, e.Field, null); err != nil {
			return err
		}
		f := e.Field
		f.Path = f.Path[:len(f.Path)-1].Key(e.Key)
		return putValue(doc, f, old)
	}
	return errNoPlace
}

// putValue merges a value into the patch at the place of f.
func putValue(at *yaml.Node, f render.Field, value *yaml.Node) error {
	for i, s := range f.Path {
		if s.Index >= 0 {
			item := f.Object.At(f.Path[:i+1])
			if item == nil || at.Kind != yaml.SequenceNode {
				return errNoPlace
			}
			next := itemOf(at, item)
			if next == nil {
				return errNoPlace
			}
			at = next
			continue
		}
		next := valueOf(at, s.Key)
		if next == nil || next.Kind == yaml.ScalarNode {
			next = mapping()
			switch {
			case i == len(f.Path)-1 && value.Kind != yaml.MappingNode:
				next = value
			case i+1 < len(f.Path) && f.Path[i+1].Index >= 0:
				next = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
			}
			at.Content = append(at.Content, scalar(s.Key), next)
		}
		at = next
	}
	if value.Kind == yaml.MappingNode {
		mergeNode(at, value)
	}
	return nil
}

// itemOf returns the item of the patch's list that stands for a rendered one,
// which it adds if need be; nil where nothing identifies it.
func itemOf(list, item *yaml.Node) *yaml.Node {
	for _, n := range list.Content {
		if same, known := sameItem(n, item); known && same {
			return n
		}
	}
	for _, k := range itemKeys {
		if v := valueOf(item, k); v != nil {
			n := mapping(scalar(k), &yaml.Node{Kind: yaml.ScalarNode, Tag: v.ShortTag(), Value: v.Value})
			list.Content = append(list.Content, n)
			return n
		}
	}
	return nil
}

func mergeNode(to, from *yaml.Node) {
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		if there := valueOf(to, key.Value); there != nil && there.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode {
			mergeNode(there, value)
			continue
		}
		to.Content = append(to.Content, key, value)
	}
}
