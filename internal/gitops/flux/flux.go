// Package flux reads what Flux deploys: its Kustomizations, the sources that
// they name, and the FluxInstance of flux-operator.
//
// Source of the rules: the API references of kustomize-controller v1,
// source-controller v1, source-watcher v1beta1 and flux-operator v1.
package flux

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/render"
)

// The API groups.
const (
	kustomizeGroup = "kustomize.toolkit.fluxcd.io"
	sourceGroup    = "source.toolkit.fluxcd.io"
	extensions     = "source.extensions.fluxcd.io"
	operatorGroup  = "fluxcd.controlplane.io"
)

// Bootstrap is the name that `flux bootstrap` gives to the source and to the
// Kustomization of the cluster's own directory.
const Bootstrap = "flux-system"

// IsDeployer reports whether o deploys something of a source.
func IsDeployer(o *render.Object) bool {
	spec := render.Field{Object: o}.Key("spec")
	switch {
	case o.Group == kustomizeGroup && o.Kind == "Kustomization":
		// A patch of one says neither.
		return spec.Key("sourceRef").Node() != nil
	case o.Group == operatorGroup && o.Kind == "FluxInstance":
		return spec.Key("sync").Node() != nil
	}
	return false
}

// IsSource reports whether other objects may name o as a source.
func IsSource(o *render.Object) bool {
	return o.Group == sourceGroup || o.Group == extensions || o.Group == operatorGroup
}

// Decode returns what o deploys.
func Decode(ctx context.Context, w *gitops.World, o *render.Object) gitops.Decoded {
	if o.Kind == "FluxInstance" {
		return decodeInstance(ctx, w, o)
	}
	var d gitops.Decoded
	spec := render.Field{Object: o}.Key("spec")
	src := find(ctx, w, o, spec.Key("sourceRef"))
	p := gitops.Value(spec.Key("path"))
	if src.reason != "" {
		d.Skip(o, "%s", src.reason)
		return d
	}
	dir, assumed, ok := src.dir(w, p)
	if !ok {
		d.Skip(o, "its path %s does not exist in this repository", quotePath(p))
		return d
	}
	dep := gitops.Deployment{By: o, Dir: dir, Assumed: assumed, Options: gitops.Options{Directory: gitops.Directory{Generated: true}}}
	for _, ref := range []string{"secretRef", "configMapRef"} {
		if name := gitops.Value(spec.Key("kubeConfig", ref, "name")); name != "" {
			dep.Cluster = name
		}
	}
	options(&dep.Options, spec)
	dep.Missing = variables(w, o, spec.Key("postBuild"), &dep.Options)
	d.Deployments = append(d.Deployments, dep)
	return d
}

func quotePath(p string) string {
	if p == "" {
		p = "./"
	}
	if len(p) > 200 {
		p = p[:200] + "…"
	}
	return fmt.Sprintf("%q", p)
}

// options reads what a Kustomization adds to the one it deploys.
func options(to *gitops.Options, spec render.Field) {
	add := func(key string, f render.Field) {
		if n := f.Node(); n != nil && n.ShortTag() != "!!null" {
			to.Settings = append(to.Settings, gitops.Setting{Key: key, Value: n, From: f})
		}
	}
	add("namespace", spec.Key("targetNamespace"))
	add("namePrefix", spec.Key("namePrefix"))
	add("nameSuffix", spec.Key("nameSuffix"))
	add("patches", spec.Key("patches"))
	add("patchesStrategicMerge", spec.Key("patchesStrategicMerge"))
	add("patchesJson6902", spec.Key("patchesJson6902"))
	add("images", spec.Key("images"))
	for _, c := range gitops.Items(spec.Key("components")) {
		to.Components = append(to.Components, gitops.TextOf(c))
	}
	to.Labels = pairs(spec.Key("commonMetadata", "labels"))
	to.Annotations = pairs(spec.Key("commonMetadata", "annotations"))
}

func pairs(f render.Field) []gitops.Variable {
	var out []gitops.Variable
	for _, e := range gitops.Entries(f) {
		out = append(out, gitops.Variable{Name: e.Key, Text: gitops.TextOf(e.Value)})
	}
	return out
}

// variables reads postBuild: later sources win over earlier ones, and substitute
// over all of them. It returns the sources that are not in view.
func variables(w *gitops.World, o *render.Object, post render.Field, to *gitops.Options) (missing []gitops.Unfollowed) {
	values := make(map[string]gitops.Text)
	for _, ref := range gitops.Items(post.Key("substituteFrom")) {
		kind, name := gitops.Value(ref.Key("kind")), gitops.Value(ref.Key("name"))
		found := w.All("", kind, o.Namespace, name)
		if kind != "ConfigMap" || len(found) == 0 {
			to.Unknown = append(to.Unknown, kind+" "+name)
			missing = append(missing, gitops.Unfollowed{
				Kind: kind, Namespace: o.Namespace, Name: name, By: ref,
				Reason: fmt.Sprintf("the Kustomization %s takes variables from it, and no file of this repository defines it", o.Name),
			})
			if kind == "Secret" {
				missing[len(missing)-1].Reason = fmt.Sprintf("the Kustomization %s takes variables from it, and Secrets are not read", o.Name)
			}
			continue
		}
		for _, e := range gitops.Entries(render.Field{Object: found[0]}.Key("data")) {
			values[e.Key] = gitops.TextOf(e.Value)
		}
	}
	for _, e := range gitops.Entries(post.Key("substitute")) {
		values[e.Key] = gitops.TextOf(e.Value)
	}
	for name, v := range values {
		to.Variables = append(to.Variables, gitops.Variable{Name: name, Text: v})
	}
	slices.SortFunc(to.Variables, func(a, b gitops.Variable) int { return strings.Compare(a.Name, b.Name) })
	to.Substitutes = post.Node() != nil && post.Node().Kind == yaml.MappingNode && len(to.Variables)+len(to.Unknown) > 0
	return missing
}

// decodeInstance reads the sync of a FluxInstance, which makes a source and a
// Kustomization.
func decodeInstance(ctx context.Context, w *gitops.World, o *render.Object) gitops.Decoded {
	var d gitops.Decoded
	sync := render.Field{Object: o}.Key("spec", "sync")
	src := classify(ctx, w, gitops.Value(sync.Key("kind")), gitops.Value(sync.Key("url")), gitops.Value(sync.Key("path")), o)
	if src.reason != "" {
		d.Skip(o, "%s", src.reason)
		return d
	}
	dir, assumed, ok := src.dir(w, gitops.Value(sync.Key("path")))
	if !ok {
		d.Skip(o, "its path %s does not exist in this repository", quotePath(gitops.Value(sync.Key("path"))))
		return d
	}
	d.Deployments = append(d.Deployments, gitops.Deployment{By: o, Dir: dir, Assumed: assumed, Options: gitops.Options{Directory: gitops.Directory{Generated: true}}})
	return d
}

// within reports whether name is dir or lies below it.
func within(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

func clean(p string) string { return path.Clean(strings.TrimLeft(p, "/")) }
