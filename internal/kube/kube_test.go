package kube_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/render"
)

// recorder remembers the last path that it was asked about.
type recorder struct{ path *string }

func (r recorder) Trace(_ context.Context, _ *render.Object, path render.Path) (render.Origin, error) {
	*r.path = path.String()
	return render.Origin{}, nil
}

func object(t *testing.T, kind, text string) *render.Object {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	return &render.Object{Ref: render.Ref{Version: "v1", Kind: kind, Name: "x"}, Node: n.Content[0]}
}

func podOf(t *testing.T, o *render.Object) *kube.Pod {
	t.Helper()
	pods := kube.PodsOf(o)
	if len(pods) != 1 {
		t.Fatalf("%s: %d pods, want one", o.Kind, len(pods))
	}
	return pods[0]
}

func TestPodPlaces(t *testing.T) {
	const pod = "{metadata: {labels: {app: web}, annotations: {a/b: c}}, spec: {hostNetwork: true, initContainers: [{name: i, restartPolicy: Always}], containers: [{name: c, ports: [{containerPort: 1}, {name: web, containerPort: 8080}]}]}}"
	for kind, c := range map[string]struct{ text, base string }{
		"Pod":         {pod, ""},
		"PodTemplate": {"template: " + pod, "template."},
		"CronJob":     {"spec: {jobTemplate: {spec: {template: " + pod + "}}}", "spec.jobTemplate.spec.template."},
		"Rollout":     {"spec: {template: " + pod + "}", "spec.template."},
	} {
		p := podOf(t, object(t, kind, c.text))
		web := p.Container("c")
		port, _ := web.Port("web")
		for got, want := range map[string]string{
			p.Labels.Field("app").Path.String():      c.base + "metadata.labels.app",
			p.Annotations.Field("a/b").Path.String(): c.base + `metadata.annotations["a/b"]`,
			p.Annotations.At().Path.String():         c.base + "metadata.annotations",
			web.At().Path.String():                   c.base + "spec.containers[0]",
			web.Field("a", "b").Path.String():        c.base + "spec.containers[0].a.b",
			web.PortField(port).Path.String():        c.base + "spec.containers[0].ports[1]",
			p.Container("i").At().Path.String():      c.base + "spec.initContainers[0]",
		} {
			if got != want {
				t.Errorf("%s: %s, want %s", kind, got, want)
			}
		}
		if !p.HostNetwork || !p.Container("i").Restarts || p.Containers[0].Name != "i" || port.Number != 8080 {
			t.Errorf("%s: read as %+v", kind, p)
		}
		if _, found, ok := p.PortNamed("web"); !ok || found.Number != 8080 {
			t.Errorf("%s: the port's name is not found", kind)
		}
	}
}

// The containers of operators' kinds, with the place of each.
func TestPodsOfOperators(t *testing.T) {
	const pod = "{metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{containerPort: 1}]}]}}"
	for _, c := range []struct{ kind, text, want string }{
		{"keda.sh/ScaledJob", "spec: {jobTargetRef: {template: " + pod + "}}", "spec.jobTargetRef.template.spec.containers[0] c"},
		{"leaderworkerset.x-k8s.io/LeaderWorkerSet", "spec: {leaderWorkerTemplate: {leaderTemplate: " + pod + ", workerTemplate: " + pod + "}}",
			"spec.leaderWorkerTemplate.leaderTemplate.spec.containers[0] c, spec.leaderWorkerTemplate.workerTemplate.spec.containers[0] c"},
		{"operators.coreos.com/ClusterServiceVersion", "spec: {install: {spec: {deployments: [{name: a}, {name: b, spec: {template: " + pod + "}}]}}}",
			"spec.install.spec.deployments[1].spec.template.spec.containers[0] c"},
		{"kubeflow.org/PyTorchJob", "spec: {pytorchReplicaSpecs: {Master: {template: " + pod + "}, Worker: {template: " + pod + "}}}",
			"spec.pytorchReplicaSpecs.Master.template.spec.containers[0] c, spec.pytorchReplicaSpecs.Worker.template.spec.containers[0] c"},
		{"serving.knative.dev/Revision", "spec: {containers: [{name: c}]}", "spec.containers[0] c"},
		{"operator.victoriametrics.com/VMCluster", "spec: {vmselect: {podMetadata: {labels: {app: web}}, livenessProbe: {}, containers: [{name: c}]}, vmstorage: {}}",
			"spec.vmselect vmselect, spec.vmselect.containers[0] c, spec.vmstorage vmstorage"},
		{"operator.victoriametrics.com/VMSingle", "spec: {}", "spec vmsingle"},
		{"operator.victoriametrics.com/VMSingle", "metadata: {}", ""},
		{"monitoring.coreos.com/Prometheus", "spec: {containers: [{name: c}]}", "spec.containers[0] c"},
		{"other.example/ScaledJob", "spec: {jobTargetRef: {template: " + pod + "}}", ""},
		{"other.example/Thing", "spec: {template: " + pod + "}", "spec.template.spec.containers[0] c"},
	} {
		group, kind, _ := strings.Cut(c.kind, "/")
		o := object(t, kind, c.text)
		o.Group = group
		var got []string
		for _, p := range kube.PodsOf(o) {
			for i := range p.Containers {
				at := p.Containers[i].At()
				got = append(got, at.Path.String()+" "+p.Containers[i].Name)
				if at.Node() != p.Containers[i].Node || at.Key("x").String() != p.Containers[i].Field("x").String() {
					t.Errorf("%s: the container is not at %s", c.kind, at)
				}
			}
			if v, ok := p.Labels.Get("app"); ok && (v != "web" || p.Labels.Field("app").Node() == nil) {
				t.Errorf("%s: labels at %s", c.kind, p.Labels.At())
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", c.kind, s, c.want)
		}
	}
}

func TestOtherObjectsHaveNoPod(t *testing.T) {
	for _, text := range []string{"{}", "spec: {template: {data: {}}}", "spec: {template: {spec: {source: {}}}}", "spec: [1]", "spec: {template: 5}"} {
		if kube.PodsOf(object(t, "Thing", text)) != nil {
			t.Errorf("%s has a pod", text)
		}
	}
}

func TestService(t *testing.T) {
	o := object(t, "Service", "spec: {selector: {app: web}, ports: [{name: a, port: 80}, {port: 81, targetPort: 8081}, {port: 82, targetPort: web}, {port: 53, protocol: UDP}, {port: 84, targetPort: 0}, {port: 85, targetPort: own}]}")
	s := kube.ServiceOf(o)
	pod := podOf(t, object(t, "Pod", "spec: {initContainers: [{name: s, restartPolicy: Always, ports: [{name: web, containerPort: 7}, {name: own, containerPort: 6}]}], containers: [{name: x}, {name: y, ports: [{name: web, containerPort: 9}]}]}"))
	for i, want := range []int{80, 8081, 9, 53, 84, 6} {
		if got := s.Ports[i].Resolve(pod); got != want {
			t.Errorf("port %d leads to %d, want %d", i, got, want)
		}
	}
	if !s.Ports[0].TCP() || s.Ports[3].TCP() {
		t.Error("protocols are mixed up")
	}
	if got := s.PortField(s.Ports[2]).Path.String(); got != "spec.ports[2]" {
		t.Errorf("place %s", got)
	}
	if s := kube.ServiceOf(object(t, "Service", "spec: {type: ExternalName, selector: {a: b}}")); s.Selector.Len() != 0 {
		t.Error("an ExternalName Service selects pods")
	}
	o.Group = "serving.knative.dev"
	if kube.ServiceOf(o) != nil {
		t.Error("a Knative Service is no core Service")
	}
}

func TestSelector(t *testing.T) {
	labels := kube.Labels(object(t, "Pod", "metadata: {labels: {app: web, tier: front, empty: }}"))
	for text, want := range map[string]bool{
		"{matchLabels: {app: web}}":                                             true,
		"{matchLabels: {app: web, tier: back}}":                                 false,
		"{matchLabels: {empty: ''}}":                                            true,
		"{matchExpressions: [{key: app, operator: In, values: [api, web]}]}":    true,
		"{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}":      false,
		"{matchExpressions: [{key: none, operator: NotIn, values: [web]}]}":     true,
		"{matchExpressions: [{key: tier, operator: Exists}]}":                   true,
		"{matchExpressions: [{key: tier, operator: DoesNotExist}]}":             false,
		"{matchExpressions: [{key: tier, operator: Near}]}":                     false,
		"{matchLabels: {app: web}, matchExpressions: [{key: x, operator: In}]}": false,
	} {
		if got := kube.ValueAt(object(t, "Selector", text)).Selector().Matches(labels); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestMalformedStrings(t *testing.T) {
	s := kube.Annotations(object(t, "Pod", `metadata: {annotations: {a: "true", b: true, c: 1, d: , e: [], f: text}}`))
	got := s.Malformed()
	if len(got) != 3 || got[0] != "b" || got[1] != "c" || got[2] != "e" {
		t.Errorf("malformed: %v", got)
	}
	if v, ok := s.Get("b"); v != "true" || !ok {
		t.Errorf("b is read as %q", v)
	}
}

func TestCreated(t *testing.T) {
	for text, want := range map[string]bool{"2024-06-01T00:00:00Z": true, "2024-06-01": false, "null": false, "2024-06-01T00:00:00+0": false, "aaaa-06-01T00:00:00Z": false} {
		if _, ok := kube.Created(object(t, "Pod", "metadata: {creationTimestamp: '"+text+"'}")); ok != want {
			t.Errorf("%s: %v", text, ok)
		}
	}
}

func TestExpandTracesThroughTheList(t *testing.T) {
	var asked string
	list := object(t, "List", "items: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: n}}, 5, {kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: b}}]}]")
	list.Tracer = recorder{&asked}
	got := kube.Expand([]*render.Object{list, object(t, "Pod", "{}")})
	if len(got) != 3 || got[0].String() != "n/Deployment/a" || got[0].Group != "apps" || got[1].String() != "default/Pod/b" {
		t.Fatalf("expanded to %v", got)
	}
	if _, err := got[1].Trace(context.Background(), render.PathOf("spec")); err != nil || asked != "items[2].items[0].spec" {
		t.Errorf("the list was asked for %s, %v", asked, err)
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]int{"8080": 8080, "0x50": 80, "-1": -1, `"8080"`: 0, "8.5": 0, "99999999999999999999": 0, "[]": 0} {
		got, ok := kube.Int(object(t, "X", "v: "+text).Node.Content[1])
		if got != want || ok != (want != 0) {
			t.Errorf("%s: %d %v", text, got, ok)
		}
	}
}

func TestWithKeepsOwnEntries(t *testing.T) {
	var n yaml.Node
	if err := yaml.Unmarshal([]byte("{app: web}"), &n); err != nil {
		t.Fatal(err)
	}
	own := kube.Value{Node: n.Content[0]}.Strings()
	all := own.With([2]string{"app", "other"}, [2]string{"version", "latest"})
	if app, _ := all.Get("app"); app != "web" || all.Len() != 2 || own.Len() != 1 {
		t.Errorf("app %q, %d entries, %d of the pod's own", app, all.Len(), own.Len())
	}
	if v, ok := (kube.Strings{}).With([2]string{"version", "latest"}).Get("version"); v != "latest" || !ok {
		t.Errorf("version %q", v)
	}
}

// TestValueKeepsItsPlace: whatever is read through a value knows the field it
// stands at, also where there is nothing.
func TestValueKeepsItsPlace(t *testing.T) {
	o := object(t, "Deployment", "{spec: {ports: [{port: 1}, {port: 2}], labels: {a: b, c: null}}}")
	var got []string
	for _, v := range kube.ValueAt(o, "spec", "ports").Items() {
		n, _ := v.Key("port").Int()
		got = append(got, fmt.Sprint(v.Key("port").At.Path, "=", n))
	}
	for key, v := range kube.ValueAt(o, "spec", "labels").Entries {
		got = append(got, fmt.Sprint(key, " ", v.At.Path, "=", v.Text(), " ", v.IsNull()))
	}
	absent := kube.ValueAt(o, "spec").Key("selector", "matchLabels")
	got = append(got, fmt.Sprint(absent.At.Path, " ", absent.Node == nil, absent.IsNull(), absent.IsMapping(), absent.Items() == nil))
	want := []string{"spec.ports[0].port=1", "spec.ports[1].port=2", "a spec.labels.a=b false", "c spec.labels.c= true", "spec.selector.matchLabels true true false true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
