// Package argocd reads what Argo CD deploys: Applications, and those that
// ApplicationSets generate.
//
// Source of the rules: Argo CD's documentation of Application and
// ApplicationSet, API argoproj.io/v1alpha1.
package argocd

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/gitops"
	"github.com/org/probe-mtls-action/render"
	"github.com/org/probe-mtls-action/render/kustomize/graph"
)

const group = "argoproj.io"

// IsDeployer reports whether o deploys something of a repository. A patch of an
// Application, which names no repository, does not.
func IsDeployer(o *render.Object) bool {
	if o.Group != group {
		return false
	}
	spec := render.Field{Object: o}.Key("spec")
	switch o.Kind {
	case "Application":
		return named(spec)
	case "ApplicationSet":
		return spec.Key("generators").Node() != nil && spec.Key("template").Node() != nil
	}
	return false
}

func named(spec render.Field) bool {
	if spec.Key("source", "repoURL").Node() != nil {
		return true
	}
	for _, s := range gitops.Items(spec.Key("sources")) {
		if s.Key("repoURL").Node() != nil {
			return true
		}
	}
	return false
}

// Decode returns what o deploys.
func Decode(ctx context.Context, w *gitops.World, o *render.Object) gitops.Decoded {
	var d gitops.Decoded
	if o.Kind == "ApplicationSet" {
		applicationSet(ctx, w, o, &d)
		return d
	}
	a := application{w: w, by: o, spec: render.Field{Object: o}.Key("spec")}
	a.decode(ctx, &d)
	return d
}

// application is an Application, written or generated.
type application struct {
	w    *gitops.World
	by   *render.Object // that is written: the Application or its ApplicationSet
	spec render.Field
	// cluster is the name that the ApplicationSet gives to the cluster.
	cluster string
	set     bool // whether an ApplicationSet generates it
}

func (a *application) decode(ctx context.Context, d *gitops.Decoded) {
	sources := gitops.Items(a.spec.Key("sources"))
	if len(sources) == 0 {
		sources = []render.Field{a.spec.Key("source")}
	}
	for _, s := range sources {
		if s.Node() != nil {
			a.source(ctx, s, d)
		}
	}
}

// source decodes one source of the Application.
func (a *application) source(ctx context.Context, s render.Field, d *gitops.Decoded) {
	repo, p := gitops.Value(s.Key("repoURL")), gitops.Value(s.Key("path"))
	chart := gitops.Value(s.Key("chart"))
	switch {
	case chart != "":
		d.Skip(a.by, "it deploys the Helm chart %s of %s", safe(chart), safe(repo))
		return
	case p == "" && gitops.Value(s.Key("ref")) != "":
		return // only values of another source
	case strings.Contains(repo, mark):
		d.Skip(a.by, "the repository that it deploys from is a value that only the cluster knows")
		return
	case strings.Contains(p, mark):
		d.Skip(a.by, "the path %s needs a value that only the cluster knows", safe(p))
		return
	}
	reason, assumed := a.w.Git(ctx, repo, p, a.by)
	if reason != "" {
		d.Skip(a.by, "%s", reason)
		return
	}
	dir, ok := a.w.Dir(p)
	if !ok {
		d.Skip(a.by, "its path %s does not exist in this repository", safe(p))
		return
	}
	dep := gitops.Deployment{By: a.by, Dir: dir, Assumed: assumed, Cluster: a.destination(), Generated: a.set}
	kind := a.tool(s, dir)
	switch kind {
	case "kustomize":
		a.kustomize(&dep.Options, dir, s.Key("kustomize"))
	case "directory":
		f := s.Key("directory")
		dep.Options.Directory = gitops.Directory{
			Recurse: gitops.True(f.Key("recurse")),
			Include: gitops.Value(f.Key("include")), Exclude: gitops.Value(f.Key("exclude")),
		}
	default:
		d.Skip(a.by, "%s", kind)
		return
	}
	if ns := gitops.TextOf(a.spec.Key("destination", "namespace")); !strings.Contains(ns.Value, mark) {
		dep.Options.DefaultNamespace = ns
	}
	d.Deployments = append(d.Deployments, dep)
}

// safe writes a text of the repository in quotes, with a bounded length and
// without what stands for unknown values.
func safe(s string) string {
	s = strings.ReplaceAll(s, mark, "?")
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return fmt.Sprintf("%q", s)
}

// tool returns what renders the directory: kustomize, directory, or why it is
// not looked at.
func (a *application) tool(s render.Field, dir string) string {
	has := func(name string) bool {
		info, err := a.w.Tree.Stat(path.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	}
	switch {
	case s.Key("plugin").Node() != nil && s.Key("plugin").Node().Kind == yaml.MappingNode:
		return "a plugin of Argo CD renders its path " + safe(dir)
	case has("Chart.yaml"):
		return "its path " + safe(dir) + " is a Helm chart"
	}
	for _, name := range graph.FileNames {
		if has(name) {
			return "kustomize"
		}
	}
	return "directory"
}

// kustomize reads what an Application adds to a kustomization.
func (a *application) kustomize(to *gitops.Options, dir string, f render.Field) {
	add := func(key string, from render.Field, value *yaml.Node) {
		if value != nil && value.ShortTag() != "!!null" {
			to.Settings = append(to.Settings, gitops.Setting{Key: key, Value: value, From: from})
		}
	}
	for _, key := range []string{"namespace", "namePrefix", "nameSuffix", "commonAnnotations", "patches", "replicas"} {
		add(key, f.Key(key), f.Key(key).Node())
	}
	if l := f.Key("commonLabels"); l.Node() != nil {
		if gitops.True(f.Key("labelWithoutSelector")) {
			entry := mapping("pairs", l.Node())
			if gitops.True(f.Key("labelIncludeTemplates")) {
				entry.Content = append(entry.Content, word("includeTemplates"), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"})
			}
			add("labels", l, &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{entry}})
		} else {
			add("commonLabels", l, l.Node())
		}
	}
	for _, image := range gitops.Items(f.Key("images")) {
		if n := imageOf(gitops.Value(image)); n != nil {
			add("images", image, &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{n}})
		}
	}
	for _, c := range gitops.Items(f.Key("components")) {
		to.Components = append(to.Components, gitops.TextOf(c))
	}
}

func word(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func mapping(key string, value *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{word(key), value}}
}

// imageOf reads [old=]new[:tag][@digest].
func imageOf(s string) *yaml.Node {
	name, to, ok := strings.Cut(s, "=")
	if !ok {
		to = s
	}
	to, digest, _ := strings.Cut(to, "@")
	tagged := ""
	if i := strings.LastIndex(to, ":"); i > strings.LastIndex(to, "/") {
		to, tagged = to[:i], to[i+1:]
	}
	if !ok {
		name = to
	}
	if name == "" {
		return nil
	}
	n := mapping("name", word(name))
	for _, e := range [][2]string{{"newName", to}, {"newTag", tagged}, {"digest", digest}} {
		if e[1] != "" && !(e[0] == "newName" && e[1] == name) {
			n.Content = append(n.Content, word(e[0]), word(e[1]))
		}
	}
	return n
}

// destination names the cluster that the Application deploys to, "" for the one
// that Argo CD runs in and where it is not known.
func (a *application) destination() string {
	known := func(s string) bool { return s != "" && !strings.Contains(s, mark) }
	name, server := gitops.Value(a.spec.Key("destination", "name")), gitops.Value(a.spec.Key("destination", "server"))
	switch {
	case known(name) && name != "in-cluster":
		return name
	case known(a.cluster):
		return a.cluster
	case known(server):
		u, err := url.Parse(server)
		if err != nil || u.Host == "" {
			return server
		}
		if h := u.Hostname(); h == "kubernetes.default.svc" || h == "kubernetes.default" || h == "kubernetes.default.svc.cluster.local" || h == "localhost" {
			return ""
		}
		return u.Host
	}
	return ""
}
