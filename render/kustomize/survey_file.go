package kustomize

import (
	"bytes"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// fileSize is how large the documents of a file are in one role, those included
// that stand as text in them: kustomize reads a patch or the configuration of a
// plugin from a text value, whatever its tag and notation. What is counted are
// the decoded texts.
type fileSize struct {
	yamldoc.Size     // summed over the documents; the depth is the largest
	objects      int // documents, and items of lists
	copies       int // values "copy", of which each may double an object in a JSON 6902 patch
	vars         int // what may refer to a variable
	// kinds has the bytes of the largest document of each kind, and "" of all.
	kinds map[string]float64
	err   error
	at    source.Span // of the text, or the file, that err is about
}

// maxNested is how many texts may stand in each other: a patch in the
// configuration of a plugin in a kustomization is three. Beyond, kustomize parses
// nothing.
const maxNested = 4

// size returns how large the documents of f are in the given role. One with an
// error must not be walked, nor reach kustomize, which expands aliases.
func (f *file) size(r role) *fileSize {
	f.sizeMu.Lock()
	defer f.sizeMu.Unlock()
	if s := f.sizes[r]; s != nil {
		return s
	}
	s := &fileSize{}
	if r&roleYAML != 0 {
		s.measure(f, r)
	} else {
		s.data(f)
	}
	if f.sizes == nil {
		f.sizes = map[role]*fileSize{}
	}
	f.sizes[r] = s
	return s
}

func (s *fileSize) measure(f *file, r role) {
	for _, d := range f.parse() {
		s.add(d, source.Span{File: f.name}, f.store.limits)
		if s.err != nil {
			return
		}
		s.objects += objectsIn(d.Root)
		s.vars += strings.Count(d.Text.String, "$(")
		s.note(scalarAt(d.Root, "kind"), len(d.Text.String))
		if items := child(d.Root, "items"); items != nil {
			for _, item := range items.Content {
				s.note(scalarAt(item, "kind"), len(d.Text.String))
			}
		}
	}
	if f.syntax != nil && f.syntax.Err != nil {
		s.err, s.at = f.syntax.Err, f.syntax.At
		return
	}
	if r&roleKustomization != 0 {
		for _, text := range f.kustomization().texts() {
			s.text(f, text, 1)
		}
	}
	if r&(rolePlugin|rolePatch) != 0 {
		nested := maxNested + 1 // the texts in a patch are values and nothing else
		if r&rolePlugin != 0 {
			nested = 1
		}
		for _, d := range f.parse() {
			s.scalars(f, d.Root, nested)
		}
	}
}

// data looks at a file that nothing is known of, as far as we can tell, but its
// bytes. Kustomize may know better: names of files are decoded, too.
func (s *fileSize) data(f *file) {
	data := f.text.Data
	if bytes.HasPrefix(data, []byte{0xfe, 0xff}) || bytes.HasPrefix(data, []byte{0xff, 0xfe}) {
		s.err, s.at = errors.New("it is UTF-16, which is not looked into"), source.Span{File: f.name}
	} else if text := string(data); hasAliases(text) {
		s.text(f, text, maxNested)
	}
}

// add counts the document d, which stands at the place at.
func (s *fileSize) add(d *yamldoc.Doc, at source.Span, l Limits) {
	if s.err != nil {
		return
	}
	nodes, err := d.CheckSize(s.Nodes, l.Nodes, l.Depth)
	if s.err = err; err != nil {
		s.Nodes += nodes
		s.at = at
		return
	}
	m := d.Measure()
	s.Nodes += m.Nodes
	s.Squares += m.Squares
	s.Levels += m.Levels
	s.Depth = max(s.Depth, m.Depth)
}

// scalars counts the texts below n, which is small enough to be walked. Aliases
// are left out: what they stand for is below n, too.
func (s *fileSize) scalars(f *file, n *yaml.Node, nested int) {
	if n == nil || s.err != nil {
		return
	}
	for i, c := range n.Content {
		isKey := n.Kind == yaml.MappingNode && i%2 == 0
		if c.Kind == yaml.ScalarNode {
			if isKey {
				continue
			}
			s.text(f, c.Value, nested)
			if c.Tag == "!!binary" {
				if data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Value), "")); err == nil {
					s.text(f, string(data), nested)
				}
			}
			continue
		}
		s.scalars(f, c, nested)
	}
}

// text counts a text that kustomize may parse, if it holds more than a scalar.
// One that is not YAML takes no further work: kustomize uses the same parser.
func (s *fileSize) text(f *file, text string, nested int) {
	if text == "copy" {
		s.copies++
	}
	if s.err != nil || nested > maxNested || !isCollection(text) {
		return
	}
	docs, err := yamldoc.ParseAll(yamldoc.Whole(source.NewFile(f.name, []byte(text))))
	for _, d := range docs {
		s.add(d, f.placeOf(text), f.store.limits)
		s.scalars(f, d.Root, nested+1)
	}
	if errors.Is(err, yamldoc.ErrCircular) && s.err == nil {
		s.err, s.at = yamldoc.ErrCircular, f.placeOf(text)
	}
}

// placeOf returns the place of the text value in f, or f where it is written in
// a way of its own.
func (f *file) placeOf(text string) source.Span {
	for _, d := range f.parse() {
		if d.Root != nil {
			if n := scalarWith(d.Root, text); n != nil {
				return nodeSpan(d, n)
			}
		}
	}
	return source.Span{File: f.name}
}

// isCollection reports whether text may be YAML with more than a scalar, or with
// an alias.
func isCollection(text string) bool {
	return strings.ContainsAny(text, "\n\r{[") || hasAliases(text)
}

// hasAliases reports whether text, if it is YAML, may hold an anchor and an alias.
func hasAliases(text string) bool { return hasToken(text, '&') && hasToken(text, '*') }

// hasToken reports whether sign may begin an anchor or an alias somewhere in text.
func hasToken(text string, sign byte) bool {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != sign || strings.IndexByte(" \t\r\n,[]{}", text[i+1]) >= 0 {
			continue
		}
		if i == 0 || text[i-1] >= 0x80 || strings.IndexByte(" \t\r\n[{,:-?!\"'", text[i-1]) >= 0 {
			return true
		}
	}
	return false
}

// note notes the bytes of an object.
func (s *fileSize) note(kind string, size int) {
	if s.kinds == nil {
		s.kinds = map[string]float64{}
	}
	for _, k := range []string{kind, ""} {
		s.kinds[k] = max(s.kinds[k], float64(size))
	}
}

// objectsIn counts the objects of a document: one, or the items of a list.
func objectsIn(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	if items := child(n, "items"); items != nil && items.Kind == yaml.SequenceNode {
		return 1 + len(items.Content)
	}
	return 1
}

// texts returns every text of the kustomization as kustomize decodes it. The
// literals of generators, which it does not parse, are left out.
func (k *kustomization) texts() []string {
	var out []string
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			out = append(out, v.String())
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[types.KvPairSources]() {
				return
			}
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for it := v.MapRange(); it.Next(); {
				walk(it.Value())
			}
		}
	}
	if k.err == nil {
		walk(reflect.ValueOf(&k.Kustomization))
	}
	return out
}
