//lint:file-ignore SA1019 Kustomize still renders its deprecated fields, and repositories use them.

package kustomize

import (
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/org/probe-mtls-action/render/source"
	"github.com/org/probe-mtls-action/render/source/yamldoc"
)

// reach is what the kustomizations at and below a directory may look at or change
// in an object, beyond what kustomize's built-in configuration says.
type reach struct {
	files   map[string]bool // the kustomization files that it was read from
	all     bool            // anything may be reached
	vars    bool
	affixes bool // names get prefixes or suffixes, so that a selector may mean those
	renames bool // names are set
	selects []selection
}

// selection is what something does to a part of some objects.
type selection struct {
	kind, name string   // regular expressions, as kustomize takes them; "" for any
	path       []string // to what is read or set; nil for the whole object
	// skips tells that the path has no step for the items of lists.
	skips bool
	// rewrites, if set, tells what becomes of the rest of the object; path is not used.
	rewrites rewrite
}

// reaches reports whether p may be looked at or changed.
func (r *reach) reaches(p *payload) bool {
	if r.all || r.vars && p.vars {
		return true
	}
	for _, s := range r.selects {
		switch {
		case !matchesAll(s.kind, p.kind) || !r.renames && !matchesAll(s.name, p.name) && !(r.affixes && mayHold(s.name, p.name)):
		case s.rewrites != none && !p.survives(s.rewrites), s.rewrites == none && overlap(s.path, p.steps(s.skips)):
			return true
		}
	}
	return false
}

// add adds what o reaches.
func (r *reach) add(o *reach) {
	for f := range o.files {
		r.files[f] = true
	}
	r.all, r.vars, r.affixes, r.renames = r.all || o.all, r.vars || o.vars, r.affixes || o.affixes, r.renames || o.renames
	r.selects = append(r.selects, o.selects...)
	if len(r.selects) > maxPastes {
		r.selects, r.all = nil, true
	}
}

// matchesAll reports whether the regular expression may match all of value.
func matchesAll(pattern, value string) bool {
	if pattern == "" || pattern == value {
		return true
	}
	if strings.Trim(pattern, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == "" {
		return false
	}
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	return err != nil || re.MatchString(value)
}

// mayHold reports whether the regular expression may match a text around value.
func mayHold(pattern, value string) bool {
	pattern = strings.ReplaceAll(pattern, `\`, "")
	if strings.ContainsAny(pattern, "*+?|[](){}^$") {
		return true
	}
	for i := 0; i+len(value) <= len(pattern); i++ {
		same := true
		for j := range len(value) {
			same = same && (pattern[i+j] == value[j] || pattern[i+j] == '.')
		}
		if same {
			return true
		}
	}
	return false
}

// overlap reports whether one of two paths leads to a value at or below the
// other's. * matches any key.
func overlap(a, b []string) bool {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] && a[i] != "*" && b[i] != "*" {
			return false
		}
	}
	return true
}

// dotted returns the keys of a field path of replacements and vars, as far as
// they are plain; what follows may be anything.
func dotted(p string) []string {
	keys := strings.Split(strings.TrimPrefix(p, "."), ".")
	for i, k := range keys {
		if strings.ContainsAny(k, `\[]*"'`) {
			return append(keys[:i:i], "*")
		}
		if isNumber(k) {
			keys[i] = "*"
		}
	}
	return keys
}

// slashed returns the keys of the path of a field specification, in which nothing
// stands for the items of lists.
func slashed(p string) []string {
	var keys []string
	for _, k := range strings.Split(strings.TrimPrefix(p, "/"), "/") {
		if strings.ContainsAny(k, `\*"'`) {
			return append(keys, "*")
		}
		keys = append(keys, strings.TrimSuffix(k, "[]"))
	}
	return keys
}

// reach returns what the kustomizations at and below dir reach.
func (s *store) reach(dir string) *reach {
	w := &reacher{store: s, open: map[string]bool{}}
	return w.directory(dir)
}

// reacher is one walk through the directories that a root names.
type reacher struct {
	*store
	open map[string]bool
}

func (w *reacher) directory(dir string) *reach {
	n := w.lookup(dir)
	if n.err != nil || !n.isDir || w.open[n.real] {
		return &reach{}
	}
	w.surveyMu.Lock()
	r := w.reaches[n.real]
	w.surveyMu.Unlock()
	if r != nil {
		return r
	}
	w.open[n.real] = true
	r = &reach{files: map[string]bool{}}
	w.visit(r, n.real)
	delete(w.open, n.real)
	w.surveyMu.Lock()
	w.store.reaches[n.real] = r
	w.surveyMu.Unlock()
	return r
}

func (w *reacher) visit(r *reach, dir string) {
	f := w.kustomizationIn(dir)
	if f == nil {
		return
	}
	r.files[f.name] = true
	k := f.kustomization()
	c := &k.Kustomization
	if k.err != nil || len(c.Generators)+len(c.Transformers)+len(c.Validators)+len(c.HelmCharts)+len(c.OpenAPI)+len(c.Crds) > 0 {
		r.all = true
		return
	}
	for _, names := range [][]string{c.Resources, c.Components} {
		for _, name := range names {
			if n := w.lookup(path.Join(dir, name)); n.err == nil && n.isDir {
				r.add(w.directory(n.real))
			}
		}
	}
	r.vars = r.vars || len(c.Vars) > 0
	r.affixes = r.affixes || c.NamePrefix+c.NameSuffix != ""
	w.patches(r, dir, c)
	w.copies(r, dir, c)
	w.settings(r, dir, c)
}

func (w *reacher) patches(r *reach, dir string, c *types.Kustomization) {
	for _, p := range append(c.Patches[:len(c.Patches):len(c.Patches)], c.PatchesJson6902...) {
		if o := p.Options; o != nil && (o.AllowNameChange || o.AllowKindChange) {
			r.all = true
		}
		r.patch(w.patchDocuments(dir, or(p.Path, p.Patch), p.Path == ""), p.Target)
	}
	for _, p := range c.PatchesStrategicMerge {
		r.patch(w.patchDocuments(dir, string(p), false), nil)
	}
}

// patchDocuments returns the documents of a patch, nil where they are not known:
// text is the patch or, unless it is inline for sure, the name of its file.
func (w *reacher) patchDocuments(dir, text string, inline bool) []*yamldoc.Doc {
	if n := w.lookup(path.Join(dir, text)); !inline && n.err == nil && !n.isDir {
		f := w.read(n.real)
		if f.err != nil || f.size(rolePatch).err != nil || source.IsUTF16(f.raw) {
			return nil
		}
		return f.parse()
	}
	docs, err := yamldoc.ParseAll(yamldoc.Whole(source.NewFile(dir, []byte(text))))
	if err != nil {
		return nil
	}
	return docs
}

// patch adds what a patch reads and sets, in the objects that the target selects
// or else those that it names itself.
func (r *reach) patch(docs []*yamldoc.Doc, target *types.Selector) {
	if docs == nil {
		r.all = true
	}
	for _, d := range docs {
		if d.Root == nil {
			continue
		}
		s := selection{}
		switch {
		case target != nil:
			s.kind, s.name = target.Kind, target.Name
		case d.Root.Kind == yaml.MappingNode:
			id := refOf(d.Root)
			s.kind, s.name = regexp.QuoteMeta(id.Kind), regexp.QuoteMeta(id.Name)
			if id.Kind == "" || id.Name == "" || child(d.Root, "items") != nil {
				r.all = true
			}
		default:
			r.all = true
		}
		if d.Root.Kind == yaml.SequenceNode {
			r.operations(s, d.Root)
			continue
		}
		if scalarAt(d.Root, "$patch") == "delete" {
			continue // the whole object
		}
		r.merged(s, d.Root)
		s.path, s.rewrites = nil, byMerge
		r.selects = append(r.selects, s)
	}
}

// merged adds what the strategic merge patch n sets in what s selects, at or below
// the path of s.
func (r *reach) merged(s selection, n *yaml.Node) {
	whole := n.Kind != yaml.MappingNode || len(n.Content) == 0
	for i := 0; !whole && i < len(n.Content); i += 2 {
		whole = n.Content[i].ShortTag() != "!!str" || strings.HasPrefix(n.Content[i].Value, "$")
	}
	if whole || len(s.path) > 100 {
		r.selects = append(r.selects, s)
		return
	}
	at := s.path
	for i := 0; i+1 < len(n.Content); i += 2 {
		s.path = append(at[:len(at):len(at)], n.Content[i].Value)
		r.merged(s, n.Content[i+1])
	}
}

// operations adds what the JSON 6902 operations in list read and set in what s
// selects.
func (r *reach) operations(s selection, list *yaml.Node) {
	for _, op := range list.Content {
		for _, field := range []string{"path", "from"} {
			pointer := child(op, field)
			if pointer == nil {
				continue
			}
			s.path = pointerKeys(pointer.Value)
			for i, k := range s.path {
				if k == "-" || isNumber(k) || pointer.Kind != yaml.ScalarNode {
					s.path[i] = "*"
				}
			}
			r.selects = append(r.selects, s)
		}
	}
	s.path, s.rewrites = nil, byOperations
	r.selects = append(r.selects, s)
}

// copies adds what replacements and vars read and set.
func (w *reacher) copies(r *reach, dir string, c *types.Kustomization) {
	for _, field := range c.Replacements {
		list := []types.Replacement{field.Replacement}
		if field.Path != "" {
			if list = (&surveyor{store: w.store}).replacementFile(dir, field.Path); list == nil {
				r.all = true
			}
		}
		for _, one := range list {
			if one.Source != nil {
				r.selects = append(r.selects, selection{kind: one.Source.Kind, path: dotted(or(one.Source.FieldPath, types.DefaultReplacementFieldPath))})
			}
			for _, to := range one.Targets {
				if to == nil {
					continue
				}
				s := selection{}
				if to.Select != nil {
					s.kind = to.Select.Kind
				}
				paths := to.FieldPaths
				if len(paths) == 0 {
					paths = []string{types.DefaultReplacementFieldPath}
				}
				for _, p := range paths {
					s.path = dotted(p)
					r.all = r.all || overlap(s.path, []string{"kind"}) || overlap(s.path, []string{"apiVersion"})
					r.renames = r.renames || overlap(s.path, []string{"metadata", "name"})
					r.selects = append(r.selects, s)
				}
			}
		}
	}
	for _, v := range c.Vars {
		p := dotted(or(v.FieldRef.FieldPath, types.DefaultReplacementFieldPath))
		r.selects = append(r.selects, selection{kind: regexp.QuoteMeta(v.ObjRef.GVK().Kind), path: p})
	}
	for _, g := range c.ConfigMapGenerator {
		r.generated("ConfigMap", g.GeneratorArgs)
	}
	for _, g := range c.SecretGenerator {
		r.generated("Secret", g.GeneratorArgs)
	}
}

// generated adds the object that a generator merges with.
func (r *reach) generated(kind string, g types.GeneratorArgs) {
	if g.Behavior != "" && g.Behavior != "create" {
		r.selects = append(r.selects, selection{kind: kind, name: regexp.QuoteMeta(g.Name)})
	}
}

// settings adds the fields that the kustomization tells kustomize of.
func (w *reacher) settings(r *reach, dir string, c *types.Kustomization) {
	for _, l := range c.Labels {
		for _, fs := range l.FieldSpecs {
			r.selects = append(r.selects, selection{kind: regexp.QuoteMeta(fs.Kind), path: slashed(fs.Path), skips: true})
		}
	}
	for _, name := range c.Configurations {
		n := w.lookup(path.Join(dir, name))
		if n.err != nil || n.isDir {
			r.all = true
			return
		}
		f := w.read(n.real)
		if f.err != nil || f.size(roleReplacement).err != nil {
			r.all = true
			return
		}
		for _, d := range f.parse() {
			r.specifications(d.Root)
		}
	}
}

// specifications adds the field specifications at and below n.
func (r *reach) specifications(n *yaml.Node) {
	if n = deref(n); n == nil {
		return
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			switch key := n.Content[i]; {
			case key.ShortTag() == "!!merge":
				r.all = true
			case strings.EqualFold(key.Value, "path"):
				s := selection{path: slashed(deref(n.Content[i+1]).Value), skips: true}
				if _, v := lookupFold(n, "kind"); v != nil {
					s.kind = regexp.QuoteMeta(deref(v).Value)
				}
				r.selects = append(r.selects, s)
			}
		}
	}
	for _, c := range n.Content {
		r.specifications(c)
	}
}
