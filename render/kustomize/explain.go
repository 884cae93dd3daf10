package kustomize

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/source"
)

// restriction matches kustomize's refusal to load files from elsewhere.
var restriction = regexp.MustCompile(`security; file '([^']*)' is not in or below '([^']*)'`)

// explain makes a readable error of a failed build: what is wrong, at which
// place of the sources, and what to do.
func (r *Renderer) explain(root render.Root, b *build) error {
	e := &render.Error{Root: root, Err: b.err}
	x := &explainer{build: b, root: root, text: b.err.Error()}
	if d := b.view.denied; d != nil {
		e.Problem, e.Err = x.named(d.Problem), d
		return e
	}
	for _, f := range []func() (render.Problem, bool){
		x.panicked, x.syntax, x.helm, x.unfetched, x.fields, x.unreadable, x.identity, x.cycle, x.missing, x.target, x.patch, x.operation, x.duplicate, x.nameless, x.component, x.merge,
		x.replacement, x.plugin, x.keys,
	} {
		if p, ok := f(); ok {
			e.Problem = p
			break
		}
	}
	if e.Message == "" {
		e.Problem = x.other()
	}
	return e
}

// explainer looks for the reason of a failed build in kustomize's message and
// in the files that the build read.
type explainer struct {
	*build
	root render.Root
	text string
}

// kustomizations calls f for the kustomizations read, the last first, until it
// returns true. The last one read is where kustomize stopped, or below it.
func (x *explainer) kustomizations(f func(dir string, k *kustomization) bool) {
	v := x.view
	for i := len(v.reads) - 1; i >= 0; i-- {
		file := v.reads[i]
		if v.roles[file.name]&roleKustomization == 0 {
			continue
		}
		for _, dir := range v.dirs[file.name] {
			if f(dir, file.kustomization()) {
				return
			}
		}
	}
}

// documents calls f for the documents read until it returns true.
func (x *explainer) documents(f func(*document) bool) {
	v := x.view
	for i := len(v.reads) - 1; i >= 0; i-- {
		for _, d := range v.reads[i].documents(v.roles[v.reads[i].name]) {
			if f(d) {
				return
			}
		}
	}
}

// named puts the entry that names the file in the place of a problem with a
// whole file.
func (x *explainer) named(p render.Problem) render.Problem {
	if !p.At.IsZero() && !p.At.Start.IsZero() {
		return p
	}
	file := p.At.File
	x.kustomizations(func(dir string, k *kustomization) bool {
		for _, e := range k.entries {
			n := x.view.lookup(path.Join(dir, e.name))
			if file == "" && (errors.Is(n.err, render.ErrOutside) || errors.Is(n.err, render.ErrGitData) || path.IsAbs(e.name)) || file != "" && n.err == nil && n.real == file {
				p.At = k.find(e)
				if file != "" {
					p.Message = quote(file) + ": " + p.Message
				}
				return true
			}
		}
		return false
	})
	if p.At.IsZero() {
		p.At, _ = x.view.written(x.view.leavesContent)
	}
	return p
}

// leavesContent ranks a value of which a plugin makes a name that is not content.
func (v *view) leavesContent(dirs []string, text string) int {
	if isInline(text) {
		return 0
	}
	if _, after, ok := strings.Cut(text, "="); ok {
		text = after
	}
	for _, dir := range dirs {
		if n := v.lookup(path.Join(dir, text)); errors.Is(n.err, render.ErrOutside) || errors.Is(n.err, render.ErrGitData) {
			return 1
		}
	}
	return 0
}

func (x *explainer) panicked() (render.Problem, bool) {
	var p *panicError
	if !errors.As(x.err, &p) {
		return render.Problem{}, false
	}
	return render.Problem{
		At:      x.rootFile(),
		Message: "kustomize crashed on this root: " + x.clean(fmt.Sprint(p.value)),
		Hint:    "Run kustomize build to see whether it crashes there too, and report it to kustomize.",
	}, true
}

// syntax finds the YAML file that is broken.
func (x *explainer) syntax() (render.Problem, bool) {
	v := x.view
	for i := len(v.reads) - 1; i >= 0; i-- {
		f := v.reads[i]
		if v.roles[f.name]&roleYAML != 0 && f.syntax != nil {
			return render.Problem{At: f.syntax.At, Message: "not valid YAML: " + f.syntax.Message, Hint: "Correct the YAML at or just above this line."}, true
		}
	}
	return render.Problem{}, false
}

var (
	badIdentity = regexp.MustCompile(`Failed to read kustomization file under ([^\n]*):\n((?s:.*))`)
	badType     = regexp.MustCompile(`cannot unmarshal (\w+) into Go struct field \w+\.([\w.]+) of type (\S+)`)
)

// identity finds the kustomization file with a kind or version that kustomize
// does not know.
func (x *explainer) identity() (p render.Problem, ok bool) {
	m := badIdentity.FindStringSubmatch(x.text)
	if m == nil {
		return p, false
	}
	dir, _ := x.view.rel(m[1])
	p = render.Problem{
		At:      x.rootFile(),
		Message: "not a kustomization file: " + x.clean(m[2]),
		Hint:    "Write apiVersion: kustomize.config.k8s.io/v1beta1 and kind: Kustomization, or leave both out.",
	}
	x.kustomizations(func(in string, k *kustomization) bool {
		if in != dir || k.doc == nil || k.doc.Root == nil {
			return false
		}
		for _, name := range []string{"kind", "apiVersion"} {
			if _, value := lookupFold(k.doc.Root, name); value != nil && strings.Contains(m[2], name) {
				p.At = nodeSpan(k.doc, value)
				return true
			}
		}
		return true
	})
	return p, true
}

// typed finds the value of a type that its field of the kustomization does not
// take: m is what badType finds.
func typed(k *kustomization, m []string) (p render.Problem, ok bool) {
	value := find(k.doc.Root, strings.Split(m[2], "."), m[1])
	if value == nil {
		return p, false
	}
	at := nodeSpan(k.doc, value)
	wants := map[string]string{"string": "text", "int64": "an integer", "int": "an integer", "bool": "true or false"}[m[3]]
	if strings.HasPrefix(m[3], "[]") {
		wants = "a list"
	} else if wants == "" {
		wants = "a mapping"
	}
	p = render.Problem{At: at, Message: fmt.Sprintf("%s holds the %s %s; expected %s", m[2], m[1], quote(value.Value), wants), Hint: "Correct the value."}
	if value.Kind != yaml.ScalarNode {
		p.Message = fmt.Sprintf("%s holds an %s; expected %s", m[2], m[1], wants)
	} else if wants == "text" {
		p.Hint = fmt.Sprintf("Write it in quotes: %q.", value.Value)
		if boolean.MatchString(value.Value) {
			p.Message += " (in YAML 1.1, which kustomize reads here, this word is a boolean)"
		}
	}
	return p, true
}

// find returns the first value of the JSON type at or below the fields that keys
// name, through the items of lists.
func find(n *yaml.Node, keys []string, typ string) *yaml.Node {
	n = deref(n)
	if len(keys) == 0 && jsonType(n) == typ {
		return n
	}
	if len(keys) > 0 && n.Kind == yaml.MappingNode {
		if _, value := lookupFold(n, keys[0]); value != nil {
			return find(value, keys[1:], typ)
		}
		return nil
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue
		}
		if found := find(c, keys, typ); found != nil {
			return found
		}
	}
	return nil
}

// jsonType returns the JSON type that n has by YAML 1.1.
func jsonType(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "object"
	case yaml.SequenceNode:
		return "array"
	}
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	switch tag := n.ShortTag(); {
	case !quoted && (tag == "!!bool" || boolean.MatchString(n.Value)):
		return "bool"
	case tag == "!!int", tag == "!!float":
		return "number"
	case tag == "!!null":
		return "null"
	}
	return "string"
}

var unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)

// fields finds the kustomization file that kustomize does not understand.
func (x *explainer) fields() (p render.Problem, ok bool) {
	x.kustomizations(func(_ string, k *kustomization) bool {
		if k.err == nil || k.doc == nil {
			return false
		}
		p.At = source.Span{File: k.doc.Text.File.Name}
		p.Message = "not a kustomization file: " + x.clean(k.err.Error())
		if m := badType.FindStringSubmatch(k.err.Error()); m != nil && k.doc.Root != nil {
			if q, found := typed(k, m); found {
				p, ok = q, true
				return true
			}
		}
		if m := unknownField.FindStringSubmatch(k.err.Error()); m != nil {
			p.Message = fmt.Sprintf("a kustomization has no field %s", quote(m[1]))
			p.Hint = "Check the spelling, or remove the field."
			if k.doc.Root != nil {
				if key := keyNode(k.doc.Root, m[1]); key != nil {
					p.At = nodeSpan(k.doc, key)
				}
			}
		}
		ok = true
		return true
	})
	return p, ok
}

// unreadable tells that there is no kustomization, an empty one or too many.
func (x *explainer) unreadable() (render.Problem, bool) {
	switch {
	case strings.Contains(x.text, "Found multiple kustomization files under"):
		return render.Problem{
			At: source.Span{File: x.dirIn(`Found multiple kustomization files under: ([^\s']+)`)}, Message: "the directory holds several kustomization files",
			Hint: "Keep one of kustomization.yaml, kustomization.yml and Kustomization.",
		}, true
	case strings.Contains(x.text, "kustomization.yaml is empty"):
		p := render.Problem{At: x.rootFile(), Message: "the kustomization file is empty", Hint: "List what it is to render under resources:."}
		x.kustomizations(func(_ string, k *kustomization) bool {
			if k.doc != nil && k.isEmpty() {
				p.At = source.Span{File: k.doc.Text.File.Name}
				return true
			}
			return false
		})
		return p, true
	}
	return render.Problem{}, false
}

var cycleText = regexp.MustCompile(`cycle detected: candidate root '([^']*)' contains visited root '([^']*)'`)

// cycle finds the entry that closes a circle of kustomizations.
func (x *explainer) cycle() (p render.Problem, ok bool) {
	m := cycleText.FindStringSubmatch(x.text)
	if m == nil {
		return p, false
	}
	to, _ := x.view.rel(m[1])
	p = render.Problem{
		At:      x.rootFile(),
		Message: fmt.Sprintf("a cycle of kustomizations: %s leads back to itself or to a directory around it", quote(to)),
		Hint:    "Let a kustomization name only directories that do not name it in turn.",
	}
	x.kustomizations(func(dir string, k *kustomization) bool {
		for _, e := range k.entries {
			if n := x.view.lookup(path.Join(dir, e.name)); e.base && n.err == nil && n.real == to {
				p.At = k.find(e)
				return true
			}
		}
		return false
	})
	return p, true
}

// missing finds the entry that names a file or directory that is not there.
func (x *explainer) missing() (p render.Problem, ok bool) {
	x.kustomizations(func(dir string, k *kustomization) bool {
		for _, e := range k.entries {
			if e.field == "helmCharts" || isInline(e.name) || isRemote(e.name) || path.IsAbs(e.name) {
				continue
			}
			target := path.Join(dir, e.name)
			n := x.view.lookup(target)
			var what string
			switch {
			case n.err != nil:
				what = "which does not exist"
			case n.isDir && !e.base:
				what = "which is a directory; expected a file"
			case n.isDir && !x.hasKustomization(n.real):
				what = "a directory without a kustomization file"
			case !n.isDir && e.field == "components":
				what = "which is a file; expected a directory with a component"
			default:
				continue
			}
			p = render.Problem{
				At:      k.find(e),
				Message: fmt.Sprintf("%s names %s, %s", e.field, quote(e.name), what),
				Hint:    "Correct the entry, or add what it names.",
			}
			ok = true
			return true
		}
		return false
	})
	if !ok && strings.Contains(x.text, "unable to find one of 'kustomization.yaml'") {
		if p, ok := x.lostKustomization(); ok {
			return p, true
		}
		p = render.Problem{
			At: source.Span{File: x.root.Dir}, Message: "the directory has no kustomization file",
			Hint: "Name a directory with a kustomization.yaml, kustomization.yml or Kustomization.",
		}
		ok = true
	}
	return p, ok
}

// lostKustomization tells of a kustomization file that is a link to nowhere.
func (x *explainer) lostKustomization() (render.Problem, bool) {
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		name = path.Join(x.root.Dir, name)
		if to, err := x.view.tree.ReadLink(name); err == nil {
			return render.Problem{
				At:      source.Span{File: name},
				Message: fmt.Sprintf("the kustomization file is a link to %s, which does not exist", quote(to)),
				Hint:    "Put a regular file there, or a link to one within the repository.",
			}, true
		}
	}
	return render.Problem{}, false
}

func (x *explainer) hasKustomization(dir string) bool {
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		if n := x.view.lookup(path.Join(dir, name)); n.err == nil && !n.isDir {
			return true
		}
	}
	return false
}

// rootFile is the place of the root's kustomization file.
func (x *explainer) rootFile() source.Span {
	at := source.Span{File: x.root.Dir}
	x.kustomizations(func(dir string, k *kustomization) bool {
		if dir == x.view.lookup(x.root.Dir).real && k.doc != nil {
			at.File = k.doc.Text.File.Name
			return true
		}
		return false
	})
	return at
}

// dirIn returns the directory that the pattern finds in kustomize's message.
func (x *explainer) dirIn(pattern string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(x.text); m != nil {
		if dir, ok := x.view.rel(m[1]); ok {
			return dir
		}
	}
	return x.root.Dir
}

var (
	layers  = regexp.MustCompile(`(?s)^.*recursed (?:accumulation|merging) of path '[^']*': `)
	steps   = regexp.MustCompile(`^(?:accumulating (?:resources|components): |accumulateDirectory: "?|accumulation err='[^']*': |merging [a-z ]+: )+`)
	pointer = regexp.MustCompile(`&\{0x[0-9a-f]+[^}]*\}|0x[0-9a-f]{6,}`)
)

// clean cuts kustomize's message down to its innermost reason, with names
// relative to the repository.
func (x *explainer) clean(text string) string {
	text = strings.ReplaceAll(text, x.view.root+"/", "")
	for strings.Contains(text, `\"`) {
		text = strings.ReplaceAll(text, `\"`, `"`)
	}
	if i := strings.LastIndex(text, "recursed accumulation of path '"); i >= 0 {
		text = layers.ReplaceAllString(text, "")
		for strings.Count(text, `"`)%2 == 1 && strings.HasSuffix(text, `"`) {
			text = strings.TrimSuffix(text, `"`)
		}
	}
	text = steps.ReplaceAllString(text, "")
	text = pointer.ReplaceAllString(text, "it")
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "") + "…"
	}
	return text
}

// other passes on kustomize's own words.
func (x *explainer) other() render.Problem {
	return render.Problem{At: x.rootFile(), Message: "kustomize cannot render this root: " + x.clean(x.text)}
}
