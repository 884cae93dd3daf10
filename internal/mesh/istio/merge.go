package istio

import (
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

const (
	annotationMerge   = "prometheus.istio.io/merge-metrics"
	annotationTargets = "prometheus.istio.io/scrape-targets"
)

// mergesMetrics reports whether the injector points the pod's scrape annotations
// at the agent, which then serves the application's metrics with its own
// (pkg/kube/inject/webhook.go applyPrometheusMerge, enablePrometheusMerge). It
// does so in every injected pod, also in one without such annotations.
func (m *model) mergesMetrics(w *workload, e *enrolment) (bool, mesh.Fact) {
	switch e.as {
	case injected, gateway, proxyless, agentless:
	default:
		return false, fact(w.name + " is not injected, so nothing changes its scrape annotations")
	}
	ann := w.pod.Annotations
	if key, text := kube.ScrapeAnnotation(ann, "scrape"); key != "" {
		if on, err := strconv.ParseBool(text); err == nil && !on {
			return false, decider("the pod's annotation "+key+" is "+quote(text), ann.Field(key))
		}
	}
	merge := e.plane.merge
	if text, ok := ann.Get(annotationMerge); ok && m.version.has(metricsMerge) {
		if on, err := strconv.ParseBool(text); err == nil {
			merge = choice[bool]{on, "the pod's annotation " + annotationMerge + " is " + quote(text), ann.Field(annotationMerge)}
		}
	}
	return merge.value, mesh.Fact{Text: merge.why, Field: merge.field, Deciding: true}
}

// mergeRemedies are the ways to switch merging on for one pod.
func (m *model) mergeRemedies(w *workload) []mesh.Remedy {
	const title = "Let Istio's agent serve the metrics of "
	if w.enrolled.as != injected || !m.version.has(metricsMerge) {
		return nil
	}
	ann := w.pod.Annotations
	if _, on := kube.ScrapeAnnotation(ann, "scrape"); on != "true" {
		return nil
	}
	if _, set := ann.Get(annotationMerge); set && w.enrolled.plane.merge.value {
		at := ann.Field(annotationMerge)
		return []mesh.Remedy{{
			Title: title + w.name + ": remove the annotation " + annotationMerge, Field: at,
			Edits: []mesh.Edit{{Op: mesh.Delete, Field: at}},
		}}
	}
	return []mesh.Remedy{{Title: title + w.name + ": merge them with its own", YAML: annotate(annotationMerge, "true"), Field: w.pod.Metadata()}}
}

// mergeSetting is meshConfig.enablePrometheusMerge.
func (m *model) mergeSetting(config documents) choice[bool] {
	if on, ok, at := config.boolean("enablePrometheusMerge"); ok && m.version.has(metricsMerge) {
		return choice[bool]{on, "meshConfig.enablePrometheusMerge is " + strconv.FormatBool(on), at}
	}
	on := m.version.has(metricsMergeByDefault)
	text := "Istio " + m.version.String() + " merges metrics by default"
	if !on {
		text = "Istio " + m.version.String() + " does not merge metrics by default"
	}
	return choice[bool]{value: on, why: text}
}

// reservedPorts are those of istio-proxy that nobody may name as a target of the
// agent's.
var reservedPorts = []int{15000, 15001, 15004, 15006, 15008, 15021, 15053, 15090}

// scrapeRefusal returns why the injector refuses a pod whose metrics it merges:
// for a target that is one of the proxy's own ports.
func (m *model) scrapeRefusal(w *workload, e enrolment) (why string, at render.Field) {
	if !m.version.has(metricsPortsChecked) {
		return "", at
	}
	if merges, _ := m.mergesMetrics(w, &e); !merges {
		return "", at
	}
	ann := w.pod.Annotations
	agent := e.plane.statusPort.value
	const says = ", which is a port of the sidecar's own and cannot be a target of merged metrics"
	if text, ok := ann.Get(annotationTargets); ok {
		for _, target := range strings.Split(text, ",") {
			port, _, _ := strings.Cut(strings.TrimSpace(target), ":")
			if n, err := strconv.Atoi(port); err == nil && (n == agent || has(reservedPorts, n)) {
				return "annotation " + annotationTargets + " names port " + port + says, ann.Field(annotationTargets)
			}
		}
		return "", at
	}
	if key, text := kube.ScrapeAnnotation(ann, "port"); key != "" {
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n != agent && has(reservedPorts, n) {
			return "annotation " + key + " is " + quote(text) + says, ann.Field(key)
		}
	}
	return "", at
}
