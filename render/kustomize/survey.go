//lint:file-ignore SA1019 Kustomize still renders its deprecated fields, and repositories use them.

package kustomize

import (
	"maps"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
)

// load is what rendering a directory takes, estimated from the decoded files
// that it names before kustomize sees any of them. Counts are floating-point
// numbers, so that bases which double at each of a hundred levels have one too.
type load struct {
	files   float64 // read, repeated reads counted
	bytes   float64 // of those files
	nodes   float64 // YAML values of them, aliases expanded
	objects float64
	names   float64 // bytes that prefixes and suffixes add to a name, at all levels
	pasted  float64 // bytes that transformations may add to objects
	copies  float64 // operations that may double an object
	vars    float64 // references to variables, at most
	// kinds has the bytes of the largest object of each kind, and "" of all kinds.
	kinds map[string]float64
	// steps estimates the CPU time, in nanoseconds of a core of 2024: within a
	// factor of some for what real repositories hold, too high otherwise.
	steps float64
	// unproven says why nothing is known of what the render takes, "" otherwise.
	unproven string
}

// What one step of each kind costs, in the unit of load.steps. Measured with
// kustomize v5.8.1's library on roots that consist of little else.
const (
	costByte      = 20   // to read and scan
	costNode      = 2500 // to parse, copy and write a value
	costLevel     = 300  // to copy it once more for each level above it
	costKeyPair   = 6    // to compare two keys of one mapping
	costPair      = 600  // to compare two objects, at each level of bases
	costTransform = 4000 // to try one transformation on one object
	costMerge     = 1500 // to merge a patch into an object, for each value of it
)

// add adds to l what o takes beside it.
func (l *load) add(o load) {
	l.files += o.files
	l.bytes += o.bytes
	l.nodes += o.nodes
	l.objects += o.objects
	l.names = max(l.names, o.names)
	l.pasted += o.pasted
	l.copies += o.copies
	l.vars += o.vars
	l.steps += o.steps
	l.doubt(o.unproven)
	if l.kinds == nil && len(o.kinds) > 0 {
		l.kinds = make(map[string]float64, len(o.kinds))
	}
	for kind, size := range o.kinds {
		l.kinds[kind] = max(l.kinds[kind], size)
	}
}

// doubt notes why nothing is known of l; "" is no reason.
func (l *load) doubt(why string) {
	if l.unproven == "" {
		l.unproven = why
	}
}

// survey estimates what rendering dir takes. Directories are surveyed once and
// shared by all roots; one that contains itself, which kustomize refuses, counts
// once.
func (s *store) survey(dir string) load {
	v := &surveyor{store: s, open: map[string]bool{}}
	t := v.directory(dir)
	t.paste()
	return t.load
}

// surveyor is one walk through the directories that a root names.
type surveyor struct {
	*store
	open map[string]bool // directories around the current one
}

// target is what a directory takes, and what its transformations, if it is a
// component, do to the objects of the directory that uses it.
type target struct {
	load
	changes bool    // it is more than a list of resources
	trials  float64 // transformations, each tried on every object
	merges  float64 // patches that may be merged into any object
	config  float64 // bytes of which a transformation may add some to any object
	pastes  []paste // replacements of all levels
	varKind []string
}

func (v *surveyor) directory(dir string) target {
	n := v.lookup(dir)
	if n.err != nil || !n.isDir || v.open[n.real] {
		return target{}
	}
	v.surveyMu.Lock()
	t, known := v.surveys[n.real]
	v.surveyMu.Unlock()
	if known {
		return t
	}
	v.open[n.real] = true
	t = v.visit(n.real)
	delete(v.open, n.real)
	v.surveyMu.Lock()
	v.surveys[n.real] = t
	v.surveyMu.Unlock()
	return t
}

func (v *surveyor) visit(dir string) target {
	var t target
	f := v.kustomizationIn(dir)
	if f == nil {
		return t
	}
	own := f.takes(roleKustomization)
	t.add(own)
	k := f.kustomization()
	if k.err != nil {
		return t
	}
	for _, name := range k.Resources {
		v.resource(&t, dir, name)
	}
	for _, name := range k.Components {
		t.join(v.directory(path.Join(dir, name)))
		t.changes = true
	}
	v.generators(&t, dir, k)
	v.transformations(&t, dir, k)
	t.changes = t.changes || t.trials > 0
	if t.trials > 0 {
		t.config += own.bytes
	}
	if len(k.Crds) > 0 {
		// Kustomize follows the references among the definitions without end.
		t.doubt("crds names definitions, whose references may lead in a circle")
	}
	if k.Kind != types.ComponentKind {
		t.transform()
	}
	return t
}

// kustomizationIn returns the kustomization file of dir, nil without one.
func (s *store) kustomizationIn(dir string) *file {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if n := s.lookup(path.Join(dir, name)); n.err == nil && n.regular {
			if f := s.read(n.real); f.err == nil {
				return f
			}
		}
	}
	return nil
}

// transform adds what the transformations of t do to its objects.
func (t *target) transform() {
	t.steps += t.objects*t.objects*costPair + t.trials*t.objects*costTransform + t.merges*t.nodes*costMerge
	t.pasted += (t.config + t.names) * t.objects
	t.trials, t.merges, t.config = 0, 0, 0
}

// join adds the base or component o to t.
func (t *target) join(o target) {
	t.add(o.load)
	t.trials += o.trials
	t.merges += o.merges
	t.config += o.config
	t.changes = t.changes || o.changes
	t.varKind = append(t.varKind, o.varKind...)
	if t.pastes = append(t.pastes, o.pastes...); len(t.pastes) > maxPastes || len(t.varKind) > maxPastes {
		t.pastes, t.varKind = nil, nil
		t.doubt("the replacements and vars are too many to follow")
	}
}

func (v *surveyor) resource(t *target, dir, name string) {
	n := v.lookup(path.Join(dir, name))
	switch {
	case n.err != nil:
	case n.isDir:
		t.join(v.directory(n.real))
	default:
		t.add(v.read(n.real).takes(roleResource))
	}
}

// named is what reading the file takes that name means, in the given role.
func (v *surveyor) named(dir, name string, r role) load {
	if name == "" {
		return load{}
	}
	n := v.lookup(path.Join(dir, name))
	if n.err != nil || n.isDir {
		return load{}
	}
	return v.read(n.real).takes(r)
}

func (v *surveyor) generators(t *target, dir string, k *kustomization) {
	each := func(kind string, s types.KvPairSources) {
		own := load{objects: 1}
		lines := float64(len(s.LiteralSources))
		for _, name := range s.FileSources {
			if _, after, ok := strings.Cut(name, "="); ok {
				name = after
			}
			own.add(v.named(dir, name, roleData))
			lines++
		}
		for _, name := range append(s.EnvSources[:len(s.EnvSources):len(s.EnvSources)], s.EnvSource) {
			env := v.named(dir, name, roleData)
			own.add(env)
			lines += env.bytes / 2 // KEY= on each, at the least
		}
		own.nodes += 20 + 2*lines
		own.steps += (20+2*lines)*costNode + lines*lines*costKeyPair
		size := own.bytes
		for _, text := range s.LiteralSources {
			size += float64(len(text))
		}
		own.kinds = map[string]float64{"": size, kind: size}
		t.add(own)
		t.changes = true
	}
	for _, g := range k.ConfigMapGenerator {
		each("ConfigMap", g.KvPairSources)
	}
	for _, g := range k.SecretGenerator {
		each("Secret", g.KvPairSources)
	}
	for _, text := range k.Generators {
		v.plugin(t, dir, text)
	}
}

func (v *surveyor) transformations(t *target, dir string, k *kustomization) {
	c := &k.Kustomization
	t.trials += float64(len(c.Images) + len(c.Replicas) + len(c.Vars) + len(c.PatchesStrategicMerge))
	for _, pairs := range []map[string]string{c.CommonLabels, c.CommonAnnotations} {
		t.trials += float64(len(pairs)+3) / 4
	}
	for _, l := range c.Labels {
		t.trials += 1 + float64(len(l.Pairs)*(1+len(l.FieldSpecs)))/4
	}
	if c.Namespace+c.NamePrefix+c.NameSuffix != "" {
		t.trials++
		t.names += float64(len(c.NamePrefix) + len(c.NameSuffix))
	}
	for _, p := range append(c.Patches[:len(c.Patches):len(c.Patches)], c.PatchesJson6902...) {
		l := v.named(dir, p.Path, rolePatch)
		t.add(l)
		t.trials++
		if p.Target != nil && isPattern(p.Target.Name) {
			t.merges++
			t.config += l.bytes
		}
	}
	for _, p := range c.PatchesStrategicMerge {
		t.add(v.named(dir, string(p), rolePatch))
	}
	for _, name := range c.Configurations {
		l := v.named(dir, name, roleReplacement)
		t.add(l)
		t.trials += l.nodes / 20
	}
	v.replacements(t, dir, c.Replacements)
	for _, one := range c.Vars {
		t.varKind = append(t.varKind, one.ObjRef.GVK().Kind)
	}
	for _, text := range append(c.Transformers[:len(c.Transformers):len(c.Transformers)], c.Validators...) {
		v.plugin(t, dir, text)
	}
}

// isPattern reports whether a selector's name may match any number of objects.
func isPattern(name string) bool { return name == "" || strings.ContainsAny(name, `.*+?|[({\`) }

// plugin adds what an entry of generators, transformers or validators takes: the
// text itself, a file or a directory that renders to configuration.
func (v *surveyor) plugin(t *target, dir, text string) {
	n := v.lookup(path.Join(dir, text))
	var l load
	switch {
	case n.err == nil && n.isDir:
		o := v.directory(n.real)
		o.kinds = maps.Clone(o.kinds)
		o.transform()
		if l = o.load; o.changes {
			l.doubt("the configuration of a plugin is changed while it is rendered")
		}
	case n.err == nil:
		l = v.read(n.real).takes(rolePlugin)
	default:
		l.nodes = float64(len(text)) / 4 // counted as part of the kustomization
	}
	if _, ok := l.kinds["ReplacementTransformer"]; ok || strings.Contains(text, "ReplacementTransformer") {
		l.doubt("a ReplacementTransformer copies values")
	}
	t.changes = true
	t.trials += 1 + l.nodes/20
	t.merges += 1 + l.objects
	t.config += l.bytes
	l.objects, l.kinds = 0, nil
	t.add(l)
}

// takes is what reading f takes once in the given role.
func (f *file) takes(r role) load {
	if f.err != nil {
		return load{files: 1}
	}
	l := load{files: 1, bytes: float64(len(f.text.Data))}
	l.steps = l.bytes * costByte
	if r == roleData {
		return l
	}
	s := f.size(r)
	if s.err != nil {
		return l // the render ends when it comes to this file
	}
	l.nodes, l.copies, l.vars = float64(s.Nodes), float64(s.copies), float64(s.vars)
	if r&(roleResource|rolePlugin) != 0 {
		l.objects, l.kinds = float64(s.objects), s.kinds
	}
	l.steps += l.nodes*costNode + float64(s.Levels)*costLevel + float64(s.Squares)*costKeyPair
	return l
}
