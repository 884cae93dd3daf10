package argocd

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/render"
)

// Bounds of what one ApplicationSet may generate and read.
const (
	maxSets     = 2000
	maxFiles    = 2000
	maxFile     = 1 << 20 // bytes
	maxValues   = 20_000  // of one file
	maxDepth    = 50
	maxNesting  = 3      // generators within generators
	maxListings = 50_000 // directory entries that a git generator looks at
)

// set is one set of parameters.
type set struct {
	params map[string]any
	// open is true when the set stands for a cluster that is not known: what it
	// does not hold may be there.
	open bool
	// template is the generator's own template, zero for none.
	template render.Field
}

// generator evaluates the generators of one ApplicationSet.
type generator struct {
	w      *gitops.World
	o      *render.Object
	goTmpl bool
	strict bool
	// unseen are the generators whose sets are not in the tree.
	unseen []string
}

// unseenKinds are the generators that ask a server, and what they ask for.
var unseenKinds = map[string]string{
	"scmProvider": "the repositories of an organisation", "pullRequest": "open pull requests",
	"clusterDecisionResource": "a resource of the cluster", "plugin": "a plugin",
}

// sets returns what the generator at f gives. given are the parameters of the
// other generator of a matrix, nil outside of one.
func (g *generator) sets(f render.Field, given *set, depth int) ([]set, error) {
	if depth > maxNesting {
		return nil, errors.New("its generators are nested too deeply")
	}
	var out []set
	for _, e := range gitops.Entries(f) {
		var found []set
		var err error
		switch e.Key {
		case "list":
			found, err = g.list(e.Value, given)
		case "git":
			found, err = g.git(e.Value, given)
		case "clusters":
			found, err = g.clusters(e.Value, given)
		case "matrix":
			found, err = g.matrix(e.Value, given, depth)
		case "merge":
			found, err = g.merge(e.Value, given, depth)
		case "selector":
			continue
		default:
			if what := unseenKinds[e.Key]; what != "" {
				g.unseen = append(g.unseen, fmt.Sprintf("its generator %s asks for %s, which is not in view", e.Key, what))
				continue
			}
			return nil, fmt.Errorf("its generator %q is not known", e.Key)
		}
		if err != nil {
			return nil, err
		}
		template := e.Value.Key("template")
		for i := range found {
			if template.Node() != nil && found[i].template.IsZero() {
				found[i].template = template
			}
		}
		out = append(out, found...)
	}
	if sel := f.Key("selector"); sel.Node() != nil {
		out = slices.DeleteFunc(out, func(s set) bool { return !selected(sel, s) })
	}
	if len(out) > maxSets {
		return nil, fmt.Errorf("it generates more than %d Applications", maxSets)
	}
	return out, nil
}

// text evaluates a template with the parameters of a set.
func (g *generator) text(s string, with *set) (string, error) {
	if with == nil {
		return s, nil
	}
	if g.goTmpl {
		return goTemplate(s, with.params, g.strict, with.open)
	}
	return fastTemplate(s, with), nil
}

var tag = regexp.MustCompile(`\{\{([^{}]*)\}\}`)

// fastTemplate replaces {{name}}; a name that is not given stays as it is, or is
// unknown where a cluster may give it.
func fastTemplate(s string, with *set) string {
	if !strings.Contains(s, "{{") {
		return s
	}
	return tag.ReplaceAllStringFunc(s, func(m string) string {
		name := strings.TrimSpace(m[2 : len(m)-2])
		switch v, ok := with.params[name]; {
		case ok:
			return print(v)
		case with.open:
			return mark
		}
		return m
	})
}

func (g *generator) list(f render.Field, given *set) ([]set, error) {
	var out []set
	for _, e := range gitops.Items(f.Key("elements")) {
		out = append(out, set{params: g.params(plain(e.Node(), 0))})
	}
	if y := gitops.Value(f.Key("elementsYaml")); y != "" {
		s, err := g.text(y, given)
		if err != nil {
			return nil, err
		}
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(s), &n); err != nil {
			return nil, errors.New("its elementsYaml is not YAML once its template is evaluated")
		}
		items, _ := plain(&n, 0).([]any)
		for _, item := range items {
			out = append(out, set{params: g.params(item)})
		}
	}
	return out, nil
}

// params makes parameters of a value: as it is for Go templates, else flat.
func (g *generator) params(v any) map[string]any {
	m, _ := v.(map[string]any)
	if m == nil {
		m = make(map[string]any)
	}
	if g.goTmpl {
		return m
	}
	flat := make(map[string]any)
	flatten(flat, "", m)
	return flat
}

func flatten(to map[string]any, prefix string, v any) {
	join := func(k string) string {
		if prefix == "" {
			return k
		}
		return prefix + "." + k
	}
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			flatten(to, join(k), item)
		}
	case []any:
		for i, item := range v {
			flatten(to, join(strconv.Itoa(i)), item)
		}
	default:
		to[prefix] = str(v)
	}
}

// clusters stands for the clusters that Argo CD knows: one set, of which only
// the values are known.
func (g *generator) clusters(f render.Field, given *set) ([]set, error) {
	s := set{open: true, params: make(map[string]any)}
	for _, k := range []string{"name", "nameNormalized", "server", "project"} {
		s.params[k] = unknown{}
	}
	return []set{s}, g.values(&s, f, given)
}

// values adds the values of a generator, which may be templates.
func (g *generator) values(s *set, f render.Field, given *set) error {
	values := make(map[string]any)
	for _, e := range gitops.Entries(f.Key("values")) {
		with := *s
		if given != nil {
			with = set{params: overlay(given.params, s.params), open: s.open || given.open}
		}
		v, err := g.text(gitops.Value(e.Value), &with)
		if err != nil {
			return err
		}
		values[e.Key] = v
	}
	if len(values) == 0 {
		return nil
	}
	if g.goTmpl {
		s.params["values"] = values
		return nil
	}
	flatten(s.params, "values", values)
	return nil
}

func (g *generator) git(f render.Field, given *set) ([]set, error) {
	repo, err := g.text(gitops.Value(f.Key("repoURL")), given)
	if err != nil {
		return nil, err
	}
	if g.w.Repo.Known() && !g.w.Repo.Is(repo) {
		g.unseen = append(g.unseen, fmt.Sprintf("its git generator reads %s, another repository", safe(repo)))
		return nil, nil
	}
	prefix := gitops.Value(f.Key("pathParamPrefix"))
	names, err := g.names()
	if err != nil {
		return nil, err
	}
	var out []set
	if f.Key("directories").Node() != nil {
		dirs, err := g.matches(f.Key("directories"), given, names.dirs, func(p, name string) bool { ok, _ := path.Match(p, name); return ok })
		if err != nil {
			return nil, err
		}
		for _, d := range dirs {
			s := set{params: make(map[string]any)}
			g.pathParams(s.params, prefix, d, "")
			if err := g.values(&s, f, given); err != nil {
				return nil, err
			}
			out = append(out, s)
		}
		return out, nil
	}
	files, err := g.matches(f.Key("files"), given, names.files, fileMatches)
	if err != nil {
		return nil, err
	}
	if len(files) > maxFiles {
		return nil, fmt.Errorf("its git generator reads more than %d files", maxFiles)
	}
	for _, name := range files {
		items, err := g.read(name)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			s := set{params: maps.Clone(g.params(item))}
			g.pathParams(s.params, prefix, path.Dir(name), path.Base(name))
			if err := g.values(&s, f, given); err != nil {
				return nil, err
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// matches returns the names that the entries of list take, in order.
func (g *generator) matches(list render.Field, given *set, names []string, ok func(pattern, name string) bool) ([]string, error) {
	type rule struct {
		pattern string
		exclude bool
	}
	var rules []rule
	for _, e := range gitops.Items(list) {
		p, err := g.text(gitops.Value(e.Key("path")), given)
		if err != nil {
			return nil, err
		}
		if strings.Contains(p, mark) {
			return nil, errors.New("the paths of its git generator need a value that only the cluster knows")
		}
		rules = append(rules, rule{strings.TrimPrefix(p, "./"), gitops.True(e.Key("exclude"))})
	}
	var out []string
	for _, name := range names {
		take := false
		for _, r := range rules {
			if ok(r.pattern, name) {
				if take = !r.exclude; r.exclude {
					break
				}
			}
		}
		if take {
			out = append(out, name)
		}
	}
	return out, nil
}

// fileMatches matches as `git ls-files` does: * goes over directories, too.
func fileMatches(pattern, name string) bool {
	if pattern == name || strings.HasPrefix(name, strings.TrimSuffix(pattern, "/")+"/") {
		return true
	}
	var re strings.Builder
	re.WriteString("^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**/"):
			re.WriteString("(?:.*/)?")
			i += 2
		case c == '*':
			re.WriteString(".*")
		case c == '?':
			re.WriteString(".")
		default:
			re.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	m, err := regexp.MatchString(re.String()+"$", name)
	return err == nil && m
}

type listing struct{ dirs, files []string }

// names lists the tree as git generators see it: without hidden directories.
func (g *generator) names() (*listing, error) {
	l := &listing{}
	seen := 0
	err := fs.WalkDir(g.w.Tree, ".", func(name string, d fs.DirEntry, err error) error {
		if seen++; seen > maxListings {
			return errors.New("its git generator looks at too many files")
		}
		switch {
		case err != nil || name == ".":
		case d.IsDir() && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir():
			l.dirs = append(l.dirs, name)
		case d.Type().IsRegular():
			l.files = append(l.files, name)
		}
		return nil
	})
	return l, err
}

// read returns the parameter sets in a file: a mapping or a list of them.
func (g *generator) read(name string) ([]any, error) {
	info, err := g.w.Tree.Stat(name)
	if err != nil || info.Size() > maxFile {
		return nil, fmt.Errorf("its git generator cannot read %s", name)
	}
	data, err := g.w.Tree.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("its git generator cannot read %s", name)
	}
	var n yaml.Node
	if err := yaml.Unmarshal(data, &n); err != nil {
		return nil, fmt.Errorf("its git generator reads %s, which is not YAML or JSON", name)
	}
	switch v := plain(&n, 0).(type) {
	case map[string]any:
		return []any{v}, nil
	case []any:
		return v, nil
	}
	return nil, nil
}

// pathParams adds what a git generator says of the place of a directory or file.
func (g *generator) pathParams(to map[string]any, prefix, dir, file string) {
	segments := strings.Split(dir, "/")
	base := path.Base(dir)
	if g.goTmpl {
		p := map[string]any{
			"path": dir, "basename": base, "basenameNormalized": normalize(base), "segments": texts(segments),
		}
		if file != "" {
			p["filename"], p["filenameNormalized"] = file, normalize(file)
		}
		if prefix != "" {
			to[prefix] = map[string]any{"path": p}
			return
		}
		to["path"] = p
		return
	}
	name := "path"
	if prefix != "" {
		name = prefix + ".path"
	}
	to[name], to[name+".basename"], to[name+".basenameNormalized"] = dir, base, normalize(base)
	for i, s := range segments {
		if s != "" {
			to[fmt.Sprintf("%s[%d]", name, i)] = s
		}
	}
	if file != "" {
		to[name+".filename"], to[name+".filenameNormalized"] = file, normalize(file)
	}
}

// matrix combines each set of the first generator with those of the second,
// which may use the parameters of the first.
func (g *generator) matrix(f render.Field, given *set, depth int) ([]set, error) {
	out := []set{{params: map[string]any{}}}
	for _, child := range gitops.Items(f.Key("generators")) {
		var next []set
		for _, a := range out {
			with := a
			if given != nil {
				with = set{params: overlay(given.params, a.params), open: a.open || given.open}
			}
			found, err := g.sets(child, &with, depth+1)
			if err != nil {
				return nil, err
			}
			for _, b := range found {
				s := set{params: overlay(b.params, a.params), open: a.open || b.open, template: a.template}
				if s.template.IsZero() {
					s.template = b.template
				}
				if next = append(next, s); len(next) > maxSets {
					return nil, fmt.Errorf("it generates more than %d Applications", maxSets)
				}
			}
		}
		out = next
	}
	return out, nil
}

// merge puts the sets of later generators over those of the first that have the
// same keys. Of clusters, which are not known, each set of the others is taken
// to be one.
func (g *generator) merge(f render.Field, given *set, depth int) ([]set, error) {
	var keys []string
	for _, k := range gitops.Items(f.Key("mergeKeys")) {
		keys = append(keys, gitops.Value(k))
	}
	var out []set
	for i, child := range gitops.Items(f.Key("generators")) {
		found, err := g.sets(child, given, depth+1)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			out = found
			continue
		}
		for _, over := range found {
			out = mergeInto(out, over, keys)
		}
	}
	return out, nil
}

func mergeInto(base []set, over set, keys []string) []set {
	matched := false
	var open *set
	for i := range base {
		switch compatible(base[i], over, keys) {
		case yes:
			base[i] = set{params: overlay(base[i].params, over.params), open: base[i].open, template: base[i].template}
			matched = true
		case maybe:
			if open == nil && !over.open {
				open = &base[i]
			}
		}
	}
	if !matched && open != nil {
		base = append(base, set{params: overlay(open.params, over.params), open: true, template: open.template})
	}
	return base
}

type answer int

const (
	no answer = iota
	maybe
	yes
)

func compatible(a, b set, keys []string) answer {
	result := yes
	for _, k := range keys {
		x, y := lookup(a.params, k), lookup(b.params, k)
		_, ux := x.(unknown)
		_, uy := y.(unknown)
		switch {
		case ux || uy || x == nil && a.open:
			result = maybe
		case str(x) != str(y):
			return no
		}
	}
	return result
}

// lookup returns a parameter by its dotted name.
func lookup(params map[string]any, name string) any {
	if v, ok := params[name]; ok {
		return v
	}
	var v any = params
	for _, k := range strings.Split(name, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

// overlay returns a with b over it, mappings merged.
func overlay(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = make(map[string]any)
	}
	for k, v := range b {
		if x, ok := out[k].(map[string]any); ok {
			if y, ok := v.(map[string]any); ok {
				out[k] = overlay(x, y)
				continue
			}
		}
		out[k] = v
	}
	return out
}

// selected reports whether a set's parameters match a label selector; what is
// not known matches.
func selected(sel render.Field, s set) bool {
	value := func(k string) (string, bool, bool) {
		v := lookup(s.params, k)
		if _, ok := v.(unknown); ok || v == nil && s.open {
			return "", false, true
		}
		return str(v), v != nil, false
	}
	for _, e := range gitops.Entries(sel.Key("matchLabels")) {
		v, ok, open := value(e.Key)
		if !open && (!ok || v != gitops.Value(e.Value)) {
			return false
		}
	}
	for _, e := range gitops.Items(sel.Key("matchExpressions")) {
		v, ok, open := value(gitops.Value(e.Key("key")))
		if open {
			continue
		}
		in := slices.ContainsFunc(gitops.Items(e.Key("values")), func(f render.Field) bool { return gitops.Value(f) == v })
		switch gitops.Value(e.Key("operator")) {
		case "In":
			ok = ok && in
		case "NotIn":
			ok = !ok || !in
		case "DoesNotExist":
			ok = !ok
		}
		if !ok {
			return false
		}
	}
	return true
}

// plain returns the value of a YAML node: mappings, lists, texts, numbers and
// booleans. What is too deep or too much is left out.
func plain(n *yaml.Node, depth int) any {
	left := maxValues
	return plainIn(n, depth, &left)
}

func plainIn(n *yaml.Node, depth int, left *int) any {
	if *left--; n == nil || depth > maxDepth || *left < 0 {
		return nil
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 1 {
			return plainIn(n.Content[0], depth+1, left)
		}
	case yaml.AliasNode:
		return plainIn(n.Alias, depth+1, left)
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plainIn(n.Content[i+1], depth+1, left)
		}
		return m
	case yaml.SequenceNode:
		l := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			l = append(l, plainIn(c, depth+1, left))
		}
		return l
	case yaml.ScalarNode:
		return scalar(n)
	}
	return nil
}

func scalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int":
		if i, err := strconv.Atoi(n.Value); err == nil {
			return i
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	}
	return n.Value
}
