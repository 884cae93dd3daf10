// Package sniff tells from the text of a file what Kubernetes objects it holds,
// without parsing more of it than it must: most files of a repository are only
// looked at.
package sniff

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Content is what a file holds.
type Content struct {
	// Objects counts the documents with an apiVersion, a kind and metadata of
	// Kubernetes.
	Objects int
	// Workloads counts those of them that are or may make pods, Probes the
	// probes written anywhere in them.
	Workloads, Probes int
	// Deploys is true when an object may be one of Flux or Argo CD that deploys
	// from a repository, or that others of them refer to.
	Deploys bool
	// Variables is true when it holds a ConfigMap, which others may take values
	// from.
	Variables bool
	// Releases are the Helm releases of Flux and k3s, by the line at which the
	// object begins.
	Releases []Release
	// Heads say what the objects are, each once.
	Heads []Head
	// Template is true for text in a template language, which is no manifest
	// before something has filled it in: it counts no objects.
	Template bool
}

// Head is what the text of an object says of it; Kind is "" where it is written in
// a way that only a parser reads. Name is set for a ConfigMap alone.
type Head struct{ Group, Kind, Name string }

// Release is an object that has a controller install a Helm chart.
type Release struct {
	Kind, Namespace, Name string
	Line                  int // 1-based
}

// Names reports whether a file name is one of a manifest.
func Names(name string) bool {
	return slices.ContainsFunc([]string{".yaml", ".yml", ".json"}, func(ext string) bool { return strings.HasSuffix(name, ext) })
}

// maxJSON bounds the text in braces that is parsed, in bytes.
const maxJSON = 4 << 20

// At looks at the text of a file.
func At(data []byte) Content {
	var c Content
	if bytes.IndexByte(data, 0) >= 0 {
		return c
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	whole, line := data, 1
	for len(data) > 0 {
		doc, rest := cut(data)
		c.document(doc, line)
		line += bytes.Count(data[:len(data)-len(rest)], []byte("\n"))
		data = rest
	}
	if c.Objects > 0 && templated(whole) {
		return Content{Template: true}
	}
	return c
}

// templated reports whether text is a template rather than YAML.
func templated(data []byte) bool {
	if !bytes.Contains(data, []byte("{{")) && !bytes.Contains(data, []byte("{%")) {
		return false
	}
	for len(data) > 0 {
		var doc []byte
		doc, data = cut(data)
		var n yaml.Node
		if safely(func() error { return yaml.Unmarshal(doc, &n) }) != nil || braced(&n) {
			return true
		}
	}
	return false
}

// braced reports whether a key is itself a mapping, which is how YAML reads the
// {{ of a template outside of quotes.
func braced(n *yaml.Node) bool {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind == yaml.MappingNode || braced(c) {
			return true
		}
	}
	return false
}

// cut returns the first document and what follows its separator: a line of three
// dashes that nothing follows but what white space parts from them.
func cut(data []byte) (doc, rest []byte) {
	for at := 0; ; {
		line, after, _ := bytes.Cut(data[at:], []byte("\n"))
		if tail, ok := bytes.CutPrefix(line, []byte("---")); ok && (len(bytes.TrimSuffix(tail, []byte("\r"))) == 0 || tail[0] == ' ' || tail[0] == '\t') {
			return data[:at], after
		}
		next := bytes.Index(data[at:], []byte("\n---"))
		if next < 0 {
			return data, nil
		}
		at += next + 1
	}
}

// header is what the top of an object says.
type header struct {
	version, kind, name, namespace string
	meta                           bool
	line                           int // of its first key, from the document's first line
}

func (c *Content) document(doc []byte, line int) {
	trimmed := bytes.TrimLeft(doc, " \t\r\n")
	if len(trimmed) == 0 {
		return
	}
	if trimmed[0] == '{' || trimmed[0] == '[' {
		c.braces(doc, line)
		return
	}
	if !bytes.Contains(doc, []byte("apiVersion")) || !bytes.Contains(doc, []byte("kind")) {
		return
	}
	h := read(doc)
	c.add(h, line, doc)
}

var pair = regexp.MustCompile(`^( *)(?:- )?["']?([A-Za-z]+)["']?[ \t]*:(?:[ \t]+(.*))?$`)

// read finds the header of block YAML by the indentation of its lines.
func read(doc []byte) header {
	var h header
	top := -1
	in := "" // the key at the top that the lines are below
	n := 0
	for len(doc) > 0 {
		var text []byte
		text, doc, _ = bytes.Cut(doc, []byte("\n"))
		n++
		if top >= 0 && in != "metadata" && len(text) > top && text[top] == ' ' && len(bytes.TrimLeft(text[:top], " ")) == 0 {
			continue // below a key that says nothing
		}
		text = bytes.TrimRight(text, "\r \t")
		m := pair.FindSubmatch(text)
		if m == nil {
			continue
		}
		indent, key, value := len(m[1]), string(m[2]), scalar(m[3])
		if top < 0 {
			top, h.line = indent, n
		}
		switch {
		case indent == top:
			in = key
			switch key {
			case "apiVersion":
				h.version = value
			case "kind":
				h.kind = value
			case "metadata":
				h.meta = true
				if strings.HasPrefix(value, "{") {
					h.name, h.namespace = flow(value)
				}
			case "items":
				h.meta = h.meta || strings.HasSuffix(h.kind, "List")
			}
		case in == "metadata" && indent > top:
			switch {
			case key == "name" && h.name == "":
				h.name = value
			case key == "namespace" && h.namespace == "":
				h.namespace = value
			}
		}
	}
	return h
}

func flow(s string) (name, namespace string) {
	var m struct{ Name, Namespace string }
	_ = yaml.Unmarshal([]byte(s), &m)
	return m.Name, m.Namespace
}

// scalar returns the value without quotes and comment.
func scalar(b []byte) string {
	s := strings.TrimSpace(string(b))
	if s == "" {
		return ""
	}
	if q := s[0]; q == '"' || q == '\'' {
		if end := strings.IndexByte(s[1:], q); end >= 0 {
			return s[1 : end+1]
		}
	}
	if i := strings.Index(s, " #"); i >= 0 {
		s = strings.TrimSpace(s[:i])
	}
	return s
}

// braces looks at JSON, or YAML written like it.
func (c *Content) braces(doc []byte, line int) {
	if len(doc) > maxJSON || !bytes.Contains(doc, []byte("apiVersion")) {
		return
	}
	var n yaml.Node
	if safely(func() error { return yaml.Unmarshal(doc, &n) }) != nil || len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode {
		return
	}
	h := header{line: n.Content[0].Line}
	m := n.Content[0]
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i].Value, m.Content[i+1]
		switch k {
		case "apiVersion":
			h.version = v.Value
		case "kind":
			h.kind = v.Value
		case "items":
			h.meta = h.meta || v.Kind == yaml.SequenceNode
		case "metadata":
			h.meta = true
			for j := 0; j+1 < len(v.Content); j += 2 {
				switch v.Content[j].Value {
				case "name":
					h.name = v.Content[j+1].Value
				case "namespace":
					h.namespace = v.Content[j+1].Value
				}
			}
		}
	}
	c.add(h, line, doc)
}

func safely(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return f()
}

type constError string

func (e constError) Error() string { return string(e) }

const errPanic = constError("not YAML")

var probes = regexp.MustCompile(`["']?\b(?:liveness|readiness|startup)Probe["']?\s*:`)

var workloads = []string{"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Rollout", "DeploymentConfig", "List"}

func (c *Content) add(h header, line int, doc []byte) {
	group, ok := kubernetes(h.version)
	if !ok || h.kind == "" || !h.meta || strings.Contains(h.kind, "{{") {
		return
	}
	c.Objects++
	c.head(group, h)
	n := 0
	if bytes.Contains(doc, []byte("Probe")) {
		n = len(probes.FindAll(doc, -1))
	}
	if n > 0 || slices.Contains(workloads, h.kind) || bytes.Contains(doc, []byte("containers")) {
		c.Workloads++
		c.Probes += n
	}
	switch {
	case group == "argoproj.io", strings.HasSuffix(group, ".toolkit.fluxcd.io"), strings.HasSuffix(group, ".fluxcd.io"), group == "fluxcd.controlplane.io":
		c.Deploys = true
	}
	c.Variables = c.Variables || h.kind == "ConfigMap"
	if h.kind == "HelmRelease" || h.kind == "HelmChart" && group == "helm.cattle.io" {
		c.Releases = append(c.Releases, Release{h.kind, h.namespace, h.name, line + h.line - 1})
	}
}

func (c *Content) head(group string, h header) {
	head := Head{Group: group, Kind: h.kind}
	if words := strings.Fields(h.kind); len(words) > 1 { // an anchor or a tag before it
		head.Kind = words[len(words)-1]
	}
	if strings.ContainsAny(head.Kind, `\"'|>*`) {
		head.Kind = ""
	}
	if head.Kind == "ConfigMap" {
		head.Name = h.name
	}
	if !slices.Contains(c.Heads, head) {
		c.Heads = append(c.Heads, head)
	}
}

var version = regexp.MustCompile(`^v\d+(?:(?:alpha|beta)\d+)?$`)

// coreGroups are the API groups of Kubernetes without a domain.
var coreGroups = []string{"apps", "batch", "autoscaling", "policy", "extensions"}

// foreign are groups whose objects are files of tools, not of a cluster.
var foreign = []string{
	"kustomize.config.k8s.io", "backstage.io", "eksctl.io", "kops.k8s.io", "kind.x-k8s.io", "kubeadm.k8s.io",
	"kuttl.dev", "chainsaw.kyverno.io", "cli.kyverno.io", "audit.k8s.io", "k0sctl.k0sproject.io", "skaffold",
	"kubelet.config.k8s.io", "apiserver.config.k8s.io", "kubescheduler.config.k8s.io", "client.authentication.k8s.io",
	"config.kubernetes.io", "krew.googlecontainertools.github.com", "ctlptl.dev", "devspace.sh", "sda.io", "builtin",
}

// kubernetes reports whether an apiVersion is one of Kubernetes objects, and
// returns its group.
func kubernetes(apiVersion string) (group string, ok bool) {
	group, v, found := strings.Cut(apiVersion, "/")
	if !found {
		return "", apiVersion == "v1"
	}
	switch {
	case !version.MatchString(v), slices.Contains(foreign, group):
		return group, false
	case !strings.Contains(group, "."):
		return group, slices.Contains(coreGroups, group)
	}
	return group, true
}
