package istio

import (
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
)

// Labels that the injector gives to pods.
const (
	labelTLSMode           = "security.istio.io/tlsMode"
	labelCanonicalName     = "service.istio.io/canonical-name"
	labelCanonicalRevision = "service.istio.io/canonical-revision"
)

// heed notes whether a selector asks for a label that the injector adds; for
// most meshes none does, and pods keep the labels of their manifests.
func (x *index) heed(selector kube.Strings) {
	for key := range selector.All {
		switch key {
		case labelTLSMode, labelCanonicalName, labelCanonicalRevision, labelRevision:
			x.addedLabels = true
		}
	}
}

// running returns the labels that the pod of w runs with: its own and those
// that the injector adds to them (files/injection-template.yaml; before 1.9
// createPatch in pkg/kube/inject/webhook.go). Selectors of policies, Sidecars
// and Services are compared with these.
func (m *model) running(w *workload) kube.Strings {
	own := w.pod.Labels
	if !m.idx.addedLabels || w.enrolled.as != injected {
		return own
	}
	var added [][2]string
	if m.version.has(injectTLSModeLabel) {
		added = append(added, [2]string{labelTLSMode, "istio"})
	}
	if m.version.has(injectCanonicalLabels) {
		name := firstLabel(own, w.pod.Object.Name, "app.kubernetes.io/name", "app")
		added = append(added,
			[2]string{labelCanonicalName, labelValue(name)},
			[2]string{labelCanonicalRevision, firstLabel(own, "latest", "app.kubernetes.io/version", "version")})
	}
	if m.version.has(injectRevisionLabel) {
		added = append(added, [2]string{labelRevision, planeName(w.enrolled.plane)})
	}
	return own.With(added...)
}

// firstLabel returns the value of the first key that labels have one for.
func firstLabel(labels kube.Strings, otherwise string, keys ...string) string {
	for _, key := range keys {
		if v, _ := labels.Get(key); v != "" {
			return v
		}
	}
	return otherwise
}

// labelValue cuts text to what a label can hold.
func labelValue(text string) string {
	if len(text) > 63 {
		text = text[:63]
	}
	return strings.Trim(text, "-_.")
}
