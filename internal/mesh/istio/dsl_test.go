package istio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/mesh/istio"
	"github.com/org/probe-mtls-action/render"
)

// A case file holds cases in short lines that are spelt out to manifests:
//
//	case NAME
//	mesh VERSION [rewrite=true] [root=NS] [rev=NAME[:tag,tag]]… [ambient] …
//	values | meshConfig             YAML in the indented lines that follow
//	ns NAME [k=v]…                  a Namespace with labels
//	svc NS/NAME k=v… NAME:PORT:TARGET… [ann:k=v] [app:PORTNAME=PROTO] [at=TIME]
//	pa NS/NAME [k=v]… [MODE] [PORT=MODE]… [v1] [at=TIME]
//	policy NS/NAME [SERVICE[:PORT,…]]… peers=… [at=TIME]      meshpolicy NAME peers=…
//	sidecar NS/NAME [k=v]… PORT:PROTOCOL[:TLS]…
//	KIND NS/NAME [k=v]… [ann:k=v]… [hostNetwork]              a workload
//	  c NAME [PORT|NAME:PORT]… live=http:8080 ready=https:web start=grpc:9 post=exec …
//	  i NAME …                      the same for an init container that restarts
//	std                             namespace shop in the mesh, STRICT mesh-wide, Service web
//	web …                           Deployment shop/web app=web with the probe live=http:8080
//	yaml                            YAML in the indented lines that follow
//	want PROBE VERDICT [CAUSE] [~TEXT]   PROBE is container.live; others are ok
//	notice KIND FIELD [~TEXT]       warn TEXT       assume PROBE TEXT
//	remedy PROBE TEXT               some remedy's title or YAML holds TEXT
type testCase struct {
	name  string
	line  int
	opts  istio.Options
	docs  []string
	wants []want
}

type want struct {
	what string // want, notice, warn, assume, remedy
	args []string
}

// tokens splits a line at spaces; double quotes keep spaces and are removed.
func tokens(line string) []string {
	var out []string
	var b strings.Builder
	quoted, any := false, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case r == ' ' && !quoted:
			if any {
				out = append(out, b.String())
			}
			b.Reset()
			any = false
		default:
			b.WriteRune(r)
			any = true
		}
	}
	if any {
		out = append(out, b.String())
	}
	return out
}

func parseCases(t testing.TB, file, text string) []*testCase {
	t.Helper()
	var cases []*testCase
	var c *testCase
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		var block []string
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
			i++
			block = append(block, strings.TrimPrefix(lines[i], "  "))
		}
		args := tokens(rest)
		body := strings.Join(block, "\n")
		switch word {
		case "case":
			c = &testCase{name: strings.TrimSpace(rest), line: i + 1}
			cases = append(cases, c)
		case "mesh":
			c.mesh(t, args)
		case "values":
			c.opts.Values = node(t, body)
		case "meshConfig":
			c.opts.MeshConfig = node(t, body)
		case "want", "notice", "warn", "assume", "remedy":
			c.wants = append(c.wants, want{word, strings.Fields(rest)})
		case "yaml":
			c.docs = append(c.docs, body)
		case "ns":
			c.docs = append(c.docs, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+args[0]+", labels: "+pairs(args[1:], "")+"}")
		case "svc":
			c.docs = append(c.docs, service(args))
		case "pa":
			c.docs = append(c.docs, peerAuthentication(args))
		case "policy", "meshpolicy":
			c.docs = append(c.docs, policy(word, args))
		case "sidecar":
			c.docs = append(c.docs, sidecarResource(args))
		case "std":
			c.docs = append(c.docs, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}",
				peerAuthentication([]string{"istio-system/default", "STRICT"}), service([]string{"shop/web", "app=web", "http:80:8080"}))
		case "web":
			c.docs = append(c.docs, workload("Deployment", append([]string{"shop/web", "app=web"}, args...), []string{"c web 8080 live=http:8080"}))
		default:
			c.docs = append(c.docs, workload(word, args, block))
		}
	}
	return cases
}

func (c *testCase) mesh(t testing.TB, args []string) {
	c.opts.IstioVersion = args[0]
	yes := func(s string) *bool { b := s == "true"; return &b }
	for _, a := range args[1:] {
		key, value, _ := strings.Cut(a, "=")
		switch key {
		case "rewrite":
			c.opts.RewriteAppHTTPProbe = yes(value)
		case "root":
			c.opts.RootNamespace = value
		case "mtls":
			c.opts.MeshMTLS = mesh.Mode(strings.ToUpper(value))
		case "injection":
			c.opts.Injection = istio.Injection(value)
		case "byDefault":
			c.opts.EnableNamespacesByDefault = yes(value)
		case "ambient":
			c.opts.Profile = "ambient"
		case "kubelet":
			c.opts.KubeletVersion = value
		case "native":
			c.opts.NativeSidecars = value
		case "tlsIngress":
			c.opts.SidecarTLSIngress = true
		case "validates":
			c.opts.AdmissionValidates = true
		case "rev":
			name, rest, _ := strings.Cut(value, ":")
			r := istio.Revision{Name: name}
			for _, tag := range strings.Split(rest, ",") {
				if tag == "norewrite" {
					r.Values = node(t, "sidecarInjectorWebhook: {rewriteAppHTTPProbe: false}")
				} else if tag != "" {
					r.Tags = append(r.Tags, tag)
				}
			}
			c.opts.Revisions = append(c.opts.Revisions, r)
		default:
			t.Fatalf("line %d: unknown mesh setting %q", c.line, a)
		}
	}
}

// pairs returns the k=v of args that have the prefix as a flow mapping.
func pairs(args []string, prefix string) string {
	var out []string
	for _, a := range args {
		k, v, ok := strings.Cut(a, "=")
		if k, has := strings.CutPrefix(k, prefix); ok && has && (prefix != "" || !strings.Contains(k, ":") && k != "at" && k != "peers") {
			out = append(out, strconv.Quote(k)+": "+strconv.Quote(v))
		}
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// meta returns apiVersion, kind and metadata.
func meta(apiVersion, kind, name string, args []string) string {
	ns, n, ok := strings.Cut(name, "/")
	if !ok {
		ns, n = "", name
	}
	s := "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata:\n  name: " + n + "\n"
	if ns != "" {
		s += "  namespace: " + ns + "\n"
	}
	for _, a := range args {
		if at, ok := strings.CutPrefix(a, "at="); ok {
			s += "  creationTimestamp: " + strconv.Quote(at+"T00:00:00Z") + "\n"
		}
	}
	return s
}

func service(args []string) string {
	s := meta("v1", "Service", args[0], args) + "  annotations: " + pairs(args[1:], "ann:") + "\nspec:\n  selector: " + pairs(args[1:], "") + "\n  ports:\n"
	for _, a := range args[1:] {
		if parts := strings.Split(a, ":"); len(parts) == 3 && !strings.Contains(a, "=") {
			s += "  - {name: " + parts[0] + ", port: " + parts[1]
			if parts[2] != "" {
				s += ", targetPort: " + parts[2]
			}
			for _, b := range args {
				if proto, ok := strings.CutPrefix(b, "app:"+parts[0]+"="); ok {
					s += ", appProtocol: " + strconv.Quote(proto)
				}
			}
			s += "}\n"
		}
	}
	return s
}

func peerAuthentication(args []string) string {
	api, spec, ports := "security.istio.io/v1beta1", "", ""
	var labels []string
	for _, a := range args[1:] {
		k, v, ok := strings.Cut(a, "=")
		_, err := strconv.Atoi(k)
		switch {
		case a == "v1":
			api = "security.istio.io/v1"
		case !ok:
			spec += "  mtls: {mode: " + a + "}\n"
		case err == nil:
			ports += "    " + strconv.Quote(k) + ": {mode: " + v + "}\n"
		case k != "at":
			labels = append(labels, a)
		}
	}
	if ports != "" {
		spec += "  portLevelMtls:\n" + ports
	}
	if labels != nil {
		spec += "  selector: {matchLabels: " + pairs(labels, "") + "}\n"
	}
	return meta(api, "PeerAuthentication", args[0], args) + "spec:\n" + spec
}

var peerForms = map[string]string{
	"off": "", "null": "  - mtls:\n", "strict": "  - mtls: {}\n", "STRICT": "  - mtls: {mode: STRICT}\n", "permissive": "  - mtls: {mode: PERMISSIVE}\n",
	"allowTls": "  - mtls: {allowTls: true}\n", "permissiveTls": "  - mtls: {mode: PERMISSIVE, allowTls: true}\n", "jwt": "  - jwt: {issuer: issuer.example}\n", "empty": "  - {}\n", "optional": "  - mtls: {}\n  peerIsOptional: true\n",
	"Permissive": "  - mtls: {mode: Permissive}\n",
}

func policy(word string, args []string) string {
	kind := map[string]string{"policy": "Policy", "meshpolicy": "MeshPolicy"}[word]
	targets, peers := "", ""
	for _, a := range args[1:] {
		if forms, ok := strings.CutPrefix(a, "peers="); ok {
			for _, f := range strings.Split(forms, ",") {
				peers += peerForms[f]
			}
			continue
		}
		if strings.HasPrefix(a, "at=") || strings.HasPrefix(a, "lab:") {
			continue
		}
		name, ports, ok := strings.Cut(a, ":")
		targets += "  - name: " + name + "\n"
		if p := pairs(args, "lab:"); p != "{}" {
			targets += "    labels: " + p + "\n"
		}
		if ok {
			targets += "    ports:\n"
			for _, p := range strings.Split(ports, ",") {
				key := "name"
				if _, err := strconv.Atoi(p); err == nil {
					key = "number"
				}
				targets += "    - " + key + ": " + p + "\n"
			}
		}
	}
	s := meta("authentication.istio.io/v1alpha1", kind, args[0], args) + "spec:\n"
	if targets != "" {
		s += "  targets:\n" + targets
	}
	return s + "  peers:\n" + peers
}

func sidecarResource(args []string) string {
	var labels []string
	ports := ""
	for _, a := range args[1:] {
		if strings.HasPrefix(a, "at=") {
			continue
		}
		if strings.Contains(a, "=") {
			labels = append(labels, a)
			continue
		}
		parts := strings.Split(a, ":")
		ports += "  - port: {number: " + parts[0] + ", protocol: " + parts[1] + ", name: in}\n    defaultEndpoint: 127.0.0.1:8080\n"
		if len(parts) > 2 {
			ports += "    tls: {mode: " + parts[2] + "}\n"
		}
	}
	s := meta("networking.istio.io/v1", "Sidecar", args[0], args) + "spec:\n"
	if labels != nil {
		s += "  workloadSelector: {labels: " + pairs(labels, "") + "}\n"
	}
	return s + "  ingress:\n" + ports
}

func workload(kind string, args, block []string) string {
	template := "metadata:\n  labels: " + pairs(args[1:], "") + "\n  annotations: " + pairs(args[1:], "ann:") + "\nspec:\n"
	for _, a := range args {
		if a == "hostNetwork" {
			template += "  hostNetwork: true\n"
		}
	}
	containers, inits := "", ""
	for _, line := range block {
		switch f := tokens(line); f[0] {
		case "c":
			containers += container(f[1:])
		case "i":
			inits += container(f[1:]) + "    restartPolicy: Always\n"
		case "init":
			inits += container(f[1:])
		}
	}
	if inits != "" {
		template += "  initContainers:\n" + inits
	}
	template += "  containers:\n" + containers
	api := map[string]string{
		"Pod": "v1", "PodTemplate": "v1", "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1",
		"Rollout": "argoproj.io/v1alpha1", "Service": "serving.knative.dev/v1",
	}[kind]
	if api == "" {
		api = "apps/v1"
	}
	pad := func(n int) string {
		return strings.ReplaceAll("\n"+strings.TrimRight(template, "\n"), "\n", "\n"+strings.Repeat(" ", n)) + "\n"
	}
	head := meta(api, kind, args[0], args) + "  annotations: " + pairs(args[1:], "own:") + "\n"
	switch kind {
	case "Pod":
		ns, name, _ := strings.Cut(args[0], "/")
		return "apiVersion: v1\nkind: Pod\n" + strings.Replace(template, "metadata:\n", "metadata:\n  name: "+name+"\n  namespace: "+ns+"\n", 1)
	case "PodTemplate":
		return head + "template:" + pad(2)
	case "CronJob":
		return head + "spec:\n  jobTemplate:\n    metadata: {labels: " + pairs(args, "job:") + "}\n    spec:\n      template:" + pad(8)
	}
	return head + "spec:\n  template:" + pad(4)
}

var probeKeys = map[string]string{"live": "livenessProbe", "ready": "readinessProbe", "start": "startupProbe", "post": "lifecycle.postStart", "pre": "lifecycle.preStop"}

// container spells out NAME [PORT|NAME:PORT]… live=http:8080[@HOST] …
func container(f []string) string {
	s := "  - name: " + f[0] + "\n    image: registry.example/app:1\n"
	ports, probes, hooks := "", "", ""
	for _, a := range f[1:] {
		key, value, ok := strings.Cut(a, "=")
		if !ok {
			name, number, named := strings.Cut(a, ":")
			if !named {
				ports += "    - {containerPort: " + a + "}\n"
			} else {
				ports += "    - {name: " + name + ", containerPort: " + number + "}\n"
			}
			continue
		}
		if key == "args" {
			s += "    args: [" + value + "]\n"
			continue
		}
		kind, rest, _ := strings.Cut(value, ":")
		port, host, hosted := strings.Cut(rest, "@")
		port, path, pathed := strings.Cut(port, "/")
		h := ""
		switch kind {
		case "http", "https":
			h = "httpGet: {port: " + port + ", scheme: " + strings.ToUpper(kind) + ", path: " + strconv.Quote("/"+path) + "}"
		case "tcp":
			h = "tcpSocket: {port: " + port + "}"
		case "grpc":
			h = "grpc: {port: " + port + "}"
		case "exec":
			h = "exec: {command: [\"true\"]}"
		case "sleep":
			h = "sleep: {seconds: 5}"
		}
		if hosted {
			h = strings.Replace(h, "{port", "{host: "+host+", port", 1)
		}
		_ = pathed
		if full := probeKeys[key]; strings.HasPrefix(full, "lifecycle.") {
			hooks += "      " + strings.TrimPrefix(full, "lifecycle.") + ": {" + h + "}\n"
		} else {
			probes += "    " + full + ": {" + h + "}\n"
		}
	}
	if ports != "" {
		s += "    ports:\n" + ports
	}
	if hooks != "" {
		s += "    lifecycle:\n" + hooks
	}
	return s + probes
}

// nowhere is a tracer for objects that come from no file.
type nowhere struct{}

func (nowhere) Trace(context.Context, *render.Object, render.Path) (render.Origin, error) {
	return render.Origin{}, errors.New("no source")
}

func node(t testing.TB, text string) *yaml.Node {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return n.Content[0]
}

// objects reads manifests.
func objects(text string) ([]*render.Object, error) {
	var out []*render.Object
	dec := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		var n yaml.Node
		if err := dec.Decode(&n); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		if len(n.Content) == 0 {
			continue
		}
		o := &render.Object{Node: n.Content[0], Root: render.Root{Dir: "overlays/test"}, Tracer: nowhere{}}
		get := func(path ...string) string { return kube.Text(kube.Get(o.Node, path...)) }
		o.Ref = render.Ref{Version: get("apiVersion"), Kind: get("kind"), Namespace: get("metadata", "namespace"), Name: get("metadata", "name")}
		if group, version, ok := strings.Cut(o.Version, "/"); ok {
			o.Group, o.Version = group, version
		}
		o.Authored = o.Ref
		out = append(out, o)
	}
}

func mustObjects(t testing.TB, text string) []*render.Object {
	t.Helper()
	out, err := objects(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return out
}

// describe lists everything a model says, for messages of failed tests.
func describe(m mesh.Model) string {
	var b strings.Builder
	for _, p := range m.Probes() {
		j := m.Judge(p)
		fmt.Fprintf(&b, "  %s %s %s %s: %s\n", p.Workload.Ref, probeName(p.Container, string(p.Kind)), j.Verdict, j.Cause, j.Reason)
		for _, f := range j.Chain {
			fmt.Fprintf(&b, "      %v %s [%s]\n", f.Deciding, f.Text, f.Field)
		}
		for _, r := range j.Remedies {
			fmt.Fprintf(&b, "      > %s %q\n", r.Title, r.YAML)
		}
	}
	for _, n := range m.Notices() {
		fmt.Fprintf(&b, "  notice %s %s: %s\n", n.Kind, n.Field, n.Text)
	}
	for _, w := range m.Warnings() {
		fmt.Fprintf(&b, "  warning %s: %s\n", w.Field, w.Text)
	}
	return b.String()
}

func probeName(container, kind string) string {
	for short, full := range probeKeys {
		if full == kind {
			return container + "." + short
		}
	}
	return container + "." + kind
}
