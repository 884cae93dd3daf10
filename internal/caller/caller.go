// Package caller finds the clients in view that reach pods without an identity
// of the mesh, besides the kubelet: the API server with its webhooks and
// aggregated APIs, Prometheus, and what runs outside the mesh.
package caller

import (
	"slices"
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

// Kind is a sort of caller; rules select by it.
type Kind string

// The kinds.
const (
	Admission  Kind = "admission webhook"
	Conversion Kind = "conversion webhook"
	Aggregated Kind = "aggregated API"
	Scrape     Kind = "scrape"
	Client     Kind = "client outside the mesh"
)

// Caller is one client that an object in view declares.
type Caller struct {
	Kind   Kind
	Object *render.Object // that declares it
	// Name tells it from other callers of the object: "webhooks/a.example.com";
	// "" where there can be one only.
	Name string
	// At is what it calls, where the object says so: a Service's name, a port.
	At     render.Field
	Client string // who calls, with its article: "the API server"
	Speech mesh.Speech
	// Asks is what it asks for: "port 443 of Service security/guard".
	Asks string
	// Ignored is set where a failure is passed over: failurePolicy Ignore.
	Ignored bool
	// Covers says in one clause what cannot happen any more when the call fails.
	Covers string
	Unseen bool // the client itself is not in view

	assumed []string    // what is taken of the client
	facts   []mesh.Fact // before those of a target
	targets []target
	model   mesh.Answering
	// remedies are the client's own, before those of the port.
	remedies []mesh.Remedy
	// both: what the client says is not known, so that only a port counts which
	// lets in neither plaintext nor TLS.
	both bool
}

// target is one pod port that a caller reaches.
type target struct {
	pod   *mesh.Pod
	port  int
	facts []mesh.Fact // how the call gets there
}

// Judgement is the verdict on one caller.
type Judgement struct {
	*Caller
	mesh.Judgement
}

// Judge follows the call to each of its pods. One that does not let it in is
// enough: a part of the calls fails then. A call that reaches no pod in view is
// fine.
func (c *Caller) Judge() mesh.Judgement {
	out := mesh.Judgement{Verdict: mesh.OK, Reason: c.Asks + " leads to no pod in view", Chain: c.facts}
	var failing []mesh.Judgement
	for i, t := range c.targets {
		j := c.answer(t)
		j.Chain = append(append(append(make([]mesh.Fact, 0, len(c.facts)+len(t.facts)+len(j.Chain)), c.facts...), t.facts...), j.Chain...)
		if j.Verdict != mesh.OK {
			failing = append(failing, j)
		}
		if i == 0 {
			out = j
		}
	}
	if len(failing) > 0 {
		out = worst(failing)
		out.Remedies = append(c.remedies[:len(c.remedies):len(c.remedies)], together(failing)...)
		if n := len(c.targets) - len(failing); n > 0 {
			out.Reason += "; the other pods that " + c.Asks + " leads to let the call in, so that a part of the calls fails"
		}
	}
	out.Assumed = append(out.Assumed[:len(out.Assumed):len(out.Assumed)], c.assumed...)
	return out
}

// Namespaces returns those of the pods that c reaches, each once.
func (c *Caller) Namespaces() []string {
	var out []string
	for _, t := range c.targets {
		if ns := t.pod.Namespace(); !slices.Contains(out, ns) {
			out = append(out, ns)
		}
	}
	return out
}

func (c *Caller) answer(t target) mesh.Judgement {
	call := mesh.Call{Client: c.Client, Speech: c.Speech, Pod: t.pod.Pod, Port: t.port}
	j := c.model.Answer(call)
	if !c.both || j.Verdict == mesh.OK {
		return j
	}
	call.Speech = mesh.TLS
	if other := c.model.Answer(call); other.Verdict == mesh.OK {
		return other
	}
	return j
}

// worst returns the first judgement of the gravest verdict.
func worst(all []mesh.Judgement) mesh.Judgement {
	for _, j := range all {
		if j.Verdict == mesh.Breaks {
			return j
		}
	}
	return all[0]
}

// together returns the remedies that help all failing pods at once: the first of
// each, the second of each, as far as all have one.
func together(all []mesh.Judgement) []mesh.Remedy {
	if len(all) == 1 {
		return all[0].Remedies
	}
	var out []mesh.Remedy
	for i := range all[0].Remedies {
		r := all[0].Remedies[i]
		r.Edits = r.Edits[:len(r.Edits):len(r.Edits)]
		if len(r.Edits) == 0 && r.YAML != "" {
			r.Edits = r.Changes(nil)
		}
		for _, j := range all[1:] {
			if i >= len(j.Remedies) {
				return out
			}
			s := j.Remedies[i]
			r.Edits = append(r.Edits, s.Changes(nil)...)
			if s.Title != r.Title {
				r.Title += "; " + s.Title
			}
		}
		r.Edits = unique(r.Edits)
		out = append(out, r)
	}
	return out
}

// unique drops repeated edits: two pods may need the same change of one Service.
func unique(edits []mesh.Edit) []mesh.Edit {
	var out []mesh.Edit
	seen := map[string]bool{}
	for _, e := range edits {
		if key := string(e.Op) + "\x00" + e.Field.String() + "\x00" + e.YAML + "\x00" + e.Key; !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	return out
}

// portOf names a Service's port for people: "port 443 of Service shop/web".
func portOf(namespace, name, port string) string {
	return "port " + port + " of Service " + namespace + "/" + name
}

// leads is the step from a Service's port to a pod's. It decides where the two
// numbers differ: another target is another port.
func leads(s *kube.Service, p kube.ServicePort, pod *mesh.Pod, port int) mesh.Fact {
	at := s.PortField(p)
	if target := at.Key("targetPort"); target.Node() != nil {
		at = target
	}
	return mesh.Fact{
		Text:  "port " + strconv.Itoa(p.Number) + " of Service " + s.Object.Name + " leads to port " + strconv.Itoa(port) + " of " + pod.Name,
		Field: at, Deciding: true,
	}
}

// Title names what is called, for people: "webhook a.example.com of
// ValidatingWebhookConfiguration policy", "port 80 of Service shop/web".
func (c *Caller) Title() string {
	object := c.Object.Kind + " " + c.Object.Name
	switch c.Kind {
	case Admission:
		return "webhook " + strings.TrimPrefix(c.Name, "webhooks/") + " of " + object
	case Conversion:
		return "the conversion webhook of " + object
	case Aggregated:
		return "the API of " + object
	}
	return c.Asks
}
