// Package monorepo writes repositories of many kustomization roots, for
// benchmarks and tests at scale.
package monorepo

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Services is the number of bases per hundred overlays that Generate writes.
const Services = 20

// Generate writes a repository with the given number of overlays into dir,
// which must exist: bases/<service> with a Deployment, a Service, a ConfigMap
// and a PeerAuthentication, components/<name>, and apps/<team>/<service>-<n>,
// the overlays, each with a namespace, a prefix, images, labels and a patch, some
// with a component. The same seed gives the same bytes.
func Generate(dir string, overlays int, seed uint64) error {
	g := &generator{dir: dir, rand: rand.New(rand.NewPCG(seed, seed))}
	services := max(overlays*Services/100, 1)
	for i := range services {
		g.base(i)
	}
	g.components()
	for i := range overlays {
		g.overlay(i, i%services)
	}
	return g.err
}

type generator struct {
	dir  string
	rand *rand.Rand
	err  error
}

func (g *generator) write(name string, lines ...string) {
	if g.err != nil {
		return
	}
	file := filepath.Join(g.dir, filepath.FromSlash(name))
	if g.err = os.MkdirAll(filepath.Dir(file), 0o755); g.err != nil {
		return
	}
	g.err = os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}

func service(i int) string { return fmt.Sprintf("service-%03d", i) }

func (g *generator) base(i int) {
	name := service(i)
	port := 8000 + g.rand.IntN(1000)
	dir := "bases/" + name
	g.write(dir+"/kustomization.yaml",
		"apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "resources:",
		"- deployment.yaml", "- service.yaml", "- config.yaml", "- policy.yaml")
	g.write(dir+"/deployment.yaml",
		"apiVersion: apps/v1", "kind: Deployment", "metadata:", "  name: "+name, "  labels:", "    app: "+name,
		"spec:", "  replicas: 2", "  selector:", "    matchLabels:", "      app: "+name,
		"  template:", "    metadata:", "      labels:", "        app: "+name,
		"    spec:", "      containers:", "      - name: app", "        image: registry.example/"+name+":1.0",
		"        ports:", "        - name: http", fmt.Sprintf("          containerPort: %d", port),
		"        envFrom:", "        - configMapRef:", "            name: "+name+"-config",
		"        resources:", "          requests:", "            cpu: 100m", "            memory: 128Mi",
		"        livenessProbe:", "          httpGet:", "            path: /healthz", fmt.Sprintf("            port: %d", port),
		"          initialDelaySeconds: 5", "          periodSeconds: 10",
		"        readinessProbe:", "          httpGet:", "            path: /ready", "            port: http")
	g.write(dir+"/service.yaml",
		"apiVersion: v1", "kind: Service", "metadata:", "  name: "+name, "spec:", "  selector:", "    app: "+name,
		"  ports:", "  - name: http", "    port: 80", "    targetPort: http")
	g.write(dir+"/config.yaml",
		"apiVersion: v1", "kind: ConfigMap", "metadata:", "  name: "+name+"-config", "data:", "  LOG_LEVEL: info",
		fmt.Sprintf("  LISTEN: \"0.0.0.0:%d\"", port))
	g.write(dir+"/policy.yaml",
		"apiVersion: security.istio.io/v1", "kind: PeerAuthentication", "metadata:", "  name: "+name, "spec:",
		"  selector:", "    matchLabels:", "      app: "+name, "  mtls:", "    mode: STRICT")
}

func (g *generator) components() {
	g.write("components/mesh/kustomization.yaml",
		"apiVersion: kustomize.config.k8s.io/v1alpha1", "kind: Component", "patches:",
		"- path: inject.yaml", "  target:", "    kind: Deployment")
	g.write("components/mesh/inject.yaml",
		"apiVersion: apps/v1", "kind: Deployment", "metadata:", "  name: any", "spec:", "  template:", "    metadata:",
		"      labels:", "        sidecar.istio.io/inject: \"true\"")
}

func (g *generator) overlay(i, base int) {
	name := service(base)
	dir := fmt.Sprintf("apps/team-%02d/%s-%04d", i%40, name, i)
	lines := []string{
		"apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization",
		fmt.Sprintf("namespace: team-%02d", i%40), fmt.Sprintf("namePrefix: e%d-", i%7),
		"resources:", "- ../../../bases/" + name,
		"labels:", "- pairs:", fmt.Sprintf("    env: env-%d", i%7),
		"images:", "- name: registry.example/" + name, fmt.Sprintf("  newTag: \"1.%d\"", g.rand.IntN(100)),
		"patches:", "- path: patch.yaml",
	}
	if i%3 == 0 {
		lines = append(lines, "components:", "- ../../../components/mesh")
	}
	g.write(dir+"/kustomization.yaml", lines...)
	patch := []string{
		"apiVersion: apps/v1", "kind: Deployment", "metadata:", "  name: " + name, "spec:",
		fmt.Sprintf("  replicas: %d", 1+g.rand.IntN(5)), "  template:", "    spec:", "      containers:", "      - name: app",
	}
	if i%4 == 0 {
		patch = append(patch, "        livenessProbe:", "          httpGet:", fmt.Sprintf("            port: %d", 9000+g.rand.IntN(1000)))
	} else {
		patch = append(patch, "        resources:", "          limits:", fmt.Sprintf("            memory: %dMi", 128+g.rand.IntN(512)))
	}
	g.write(dir+"/patch.yaml", patch...)
}
