package istio

import (
	"slices"
	"strings"
)

// others are the annotations of a pod by which webhooks of other projects add
// containers to it, with their projects. What they add may have probes, and stands
// in no manifest.
var others = map[string]string{
	"sidecar.opentelemetry.io/inject":     "the OpenTelemetry operator",
	"sidecar.jaegertracing.io/inject":     "the Jaeger operator",
	"vault.hashicorp.com/agent-inject":    "the Vault agent's injector",
	"consul.hashicorp.com/connect-inject": "Consul",
	"dapr.io/enabled":                     "Dapr",
	"linkerd.io/inject":                   "Linkerd",
	"kuma.io/sidecar-injection":           "Kuma",
}

// tellOthers warns of containers that other webhooks add to a pod of the mesh: of
// their probes nothing is known.
func (w *workload) tellOthers() {
	for key, value := range w.pod.Annotations.All {
		who := others[key]
		off := slices.Contains([]string{"", "false", "disabled", "disable", "no", "off", "0"}, strings.ToLower(value))
		if who == "" || off {
			continue
		}
		w.warn(w.pod.Annotations.Field(key), "annotation "+key+" has "+who+" add containers to "+w.name+
			": they stand in no manifest, so their probes are not judged")
	}
}
