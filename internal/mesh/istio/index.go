package istio

import (
	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// index holds the objects that decide about pods, found by namespace and label
// so that the cost of a workload does not grow with the mesh.
type index struct {
	namespaces map[string][]*render.Object
	// enabled holds, for namespaces labelled istio-injection=enabled, the step
	// that says so, which their pods share.
	enabled      map[*render.Object][]mesh.Fact
	services     byLabel[*kube.Service]
	entries      byLabel[*serviceEntry]
	hasServices  map[string]bool // by namespace
	peers        map[string]*peerNamespace
	policies     map[[2]string][]*alphaPolicy // by namespace and target Service
	labelled     byLabel[*alphaPolicy]        // targets[].labels
	wide         map[string][]*alphaPolicy    // without targets, by namespace
	meshPolicies []*alphaPolicy
	sidecars     map[string]*sidecarNamespace

	// addedLabels: some selector asks for a label that the injector adds.
	addedLabels bool

	allPeers []*peer
	allAlpha []*alphaPolicy
}

// byLabel finds things that select pods by labels. Each is kept under one of
// its labels, so that a pod asks only about the labels it has.
type byLabel[T any] map[labelKey][]selected[T]

type labelKey struct{ namespace, key, value string }

type selected[T any] struct {
	selector *kube.Strings // nil if it asks for nothing but the label it is kept under
	item     T
}

// add keeps item, which selects pods of namespace by a selector that is not
// empty.
func (b byLabel[T]) add(namespace string, selector kube.Strings, item T) {
	var least labelKey
	first := true
	for k, v := range selector.All {
		if key := (labelKey{namespace, k, v}); first || k < least.key {
			least, first = key, false
		}
	}
	s := selected[T]{item: item}
	if selector.Len() > 1 {
		all := selector
		s.selector = &all
	}
	b[least] = append(b[least], s)
}

// find calls yield for each item that selects labels; in which order is left
// open.
func (b byLabel[T]) find(namespace string, labels kube.Strings, yield func(item T)) {
	for k, v := range labels.All {
		for _, s := range b[labelKey{namespace, k, v}] {
			if s.selector == nil || labels.Contains(*s.selector) {
				yield(s.item)
			}
		}
	}
}

func (m *model) index(in input) {
	m.idx = index{
		namespaces:  map[string][]*render.Object{},
		enabled:     map[*render.Object][]mesh.Fact{},
		entries:     byLabel[*serviceEntry]{},
		hasServices: map[string]bool{},
		services:    make(byLabel[*kube.Service], len(in.services)),
		peers:       map[string]*peerNamespace{},
		policies:    map[[2]string][]*alphaPolicy{},
		labelled:    byLabel[*alphaPolicy]{},
		wide:        map[string][]*alphaPolicy{},
		sidecars:    map[string]*sidecarNamespace{},
	}
	for _, s := range in.services {
		m.idx.hasServices[s.Object.NamespaceOrDefault()] = true
		if s.Selector.Len() > 0 {
			m.idx.services.add(s.Object.NamespaceOrDefault(), s.Selector, s)
			m.idx.heed(s.Selector)
		}
	}
	m.addPeers(in.peers)
	for _, o := range in.config {
		switch kindOf(o.Ref) {
		case kindNamespace:
			m.idx.namespaces[o.Name] = append(m.idx.namespaces[o.Name], o)
			labels := kube.Labels(o)
			checkStrings(labels, "label", workloadName(o), m.warnOn)
			if v, _ := labels.Get(labelInjection); v == "enabled" {
				m.idx.enabled[o] = []mesh.Fact{decider("namespace "+o.Name+" is labelled "+labelInjection+"=enabled", labels.Field(labelInjection))}
			}
		case kindPolicy, kindMeshPolicy, kindServiceMeshPolicy:
			m.addAlpha(o)
		case kindServiceEntry:
			m.addServiceEntry(o)
		case kindSidecar:
			m.addSidecar(o)
		}
	}
}

// checkStrings warns of labels or annotations that are no strings.
func checkStrings(s kube.Strings, what, owner string, warn func(render.Field, string)) {
	for _, key := range s.Malformed() {
		warn(s.Field(key), what+" "+quote(key)+" of "+owner+" is not a string, which the API server refuses; put its value in quotes (it is read as if it were)")
	}
}
