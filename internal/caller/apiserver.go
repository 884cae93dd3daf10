package caller

import (
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/kube"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/render"
)

const apiServer = "the API server"

// admission finds the webhooks of an admission configuration.
func (v *view) admission(o *render.Object) {
	for _, hook := range kube.ValueAt(o, "webhooks").Items() {
		c := &Caller{Kind: Admission, Object: o, Name: "webhooks/" + hook.Key("name").Text()}
		// admissionregistration.k8s.io/v1beta1 defaulted to Ignore, v1 to Fail.
		policy := hook.Key("failurePolicy").Text()
		c.Ignored = policy == "Ignore" || policy == "" && o.Version == "v1beta1"
		c.Covers = covered(hook, o.Kind == "MutatingWebhookConfiguration", c.Ignored)
		v.fromAPIServer(c, hook.Key("clientConfig", "service"))
	}
}

// conversion finds the conversion webhook of a CustomResourceDefinition.
func (v *view) conversion(o *render.Object) {
	conversion := kube.ValueAt(o, "spec", "conversion")
	if conversion.Key("strategy").Text() != "Webhook" {
		return
	}
	keys := []string{"webhook", "clientConfig", "service"}
	if o.Version == "v1beta1" {
		keys = []string{"webhookClientConfig", "service"}
	}
	kind := kube.ValueAt(o, "spec", "names", "kind").Text()
	if kind == "" {
		kind = o.Name
	}
	c := &Caller{
		Kind: Conversion, Object: o, Name: "conversion",
		Covers: kind + " objects can neither be read nor written in another version than the stored one, and garbage collection and the deletion of namespaces get stuck on them",
	}
	v.fromAPIServer(c, conversion.Key(keys...))
}

// aggregated finds the call of an APIService.
func (v *view) aggregated(o *render.Object) {
	c := &Caller{
		Kind: Aggregated, Object: o,
		Covers: "discovery of its API group fails, and with it kubectl top, HorizontalPodAutoscalers that use it and the deletion of namespaces",
	}
	v.fromAPIServer(c, kube.ValueAt(o, "spec", "service"))
}

// fromAPIServer adds a call to the Service that a reference names: its port, 443
// where none is given (apiserver/pkg/util/webhook, apiregistration defaults),
// over TLS. A headless Service is called at its pods or refused, by a flag of the
// API server's: nothing is said of it.
func (v *view) fromAPIServer(c *Caller, service kube.Value) {
	namespace, name := service.Key("namespace").Text(), service.Key("name").Text()
	if name == "" || namespace == "" {
		return
	}
	port := 443
	if p := service.Key("port"); !p.IsNull() {
		number, ok := p.Int()
		if !ok {
			return
		}
		port = number
	}
	c.At, c.Client, c.Speech = service.Key("name").At, apiServer, mesh.TLS
	c.Asks = portOf(namespace, name, strconv.Itoa(port))
	c.facts = []mesh.Fact{{Text: "the API server calls " + c.Asks + " over TLS", Field: c.At}}
	for _, s := range v.services(c.Object.Root, namespace, name) {
		if !headless(s) {
			c.targets = append(c.targets, v.ports(s, numbered(port))...)
		}
	}
	v.add(c)
}

// covered says what becomes of the requests that a webhook's rules match.
func covered(hook kube.Value, mutating, ignored bool) string {
	does := "validated"
	if mutating {
		does = "changed"
	}
	what, all, pods := resources(hook)
	scope := ""
	if !hook.Key("namespaceSelector").Selector().Empty() {
		scope = " of the namespaces that it selects"
	} else if !hook.Key("objectSelector").Selector().Empty() {
		scope = " that it selects"
	}
	switch {
	case ignored && what == "":
		return "it is skipped without a word"
	case ignored:
		return what + scope + " are not " + does + ", without a word"
	case all && scope == "":
		return "every request that it covers is refused, and the cluster is locked, the fix's own included"
	case pods && scope == "":
		return "no Pod can be created in the cluster, the fix's own included"
	case pods:
		return "no Pod" + scope + " can be created"
	case what == "":
		return "every request that it covers is refused"
	}
	return "requests for " + what + scope + " are refused"
}

// resources names what the rules of a webhook match; all tells that it is
// everything, pods that the creation of Pods is among it.
func resources(hook kube.Value) (what string, all, pods bool) {
	const most = 3
	var names []string
	seen := map[string]bool{}
	for _, rule := range hook.Key("rules").Items() {
		creates := false
		for _, op := range rule.Key("operations").Items() {
			creates = creates || op.Text() == "CREATE" || op.Text() == "*"
		}
		core := false
		for _, group := range rule.Key("apiGroups").Items() {
			core = core || group.Node.Value == "" || group.Node.Value == "*"
		}
		for _, r := range rule.Key("resources").Items() {
			name := r.Text()
			switch {
			case name == "*" || name == "*/*":
				all = all || core
				name = "every resource"
			case name == "pods" && core && creates:
				pods = true
			}
			if name != "" && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	if len(names) > most {
		names = append(names[:most:most], "more")
	}
	return list(names), all, pods
}

// list joins names for people: "a, b and c".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
