package istio

import "strings"

// protocol is what Istio takes a port to speak.
type protocol struct {
	name string // as declared, "" where nothing is
	http bool   // gets an HTTP filter chain: HTTP, HTTP/2, gRPC
}

// protocol reads a Service port's declaration: its appProtocol where it has
// one, be it empty, else its name; the first part of either (http, http-web,
// grpc-v1). Anything else is undeclared (pkg/config/kube/conversion.go,
// ConvertProtocol).
func (m *model) protocol(b *binding) protocol {
	if b.entry != nil {
		return parseProtocol(b.declared)
	}
	word := b.port.Name
	if b.byAppProtocol(m) {
		word = b.port.AppProtocol
		switch {
		case word == "kubernetes.io/h2c" && m.version.has(appProtocolH2C):
			return protocol{"http2", true}
		case word == "kubernetes.io/ws" && m.version.has(appProtocolWebSocket):
			return protocol{"http", true}
		case word == "kubernetes.io/wss" && m.version.has(appProtocolWebSocket):
			return protocol{"https", false}
		}
	}
	const web = "grpc-web"
	if len(word) >= len(web) && strings.EqualFold(word[:len(web)], web) {
		return protocol{web, true}
	}
	word, _, _ = strings.Cut(word, "-")
	return parseProtocol(word)
}

// byAppProtocol reports whether a Service port's appProtocol decides.
func (b *binding) byAppProtocol(m *model) bool {
	return b.port.HasAppProtocol && m.version.has(appProtocolRead)
}

// parseProtocol reads the name of a protocol in any case, as a Sidecar's ingress
// and a ServiceEntry have it (pkg/config/protocol/instance.go, Parse).
func parseProtocol(word string) protocol {
	word = strings.ToLower(word)
	switch word {
	case "http", "http2", "grpc", "grpc-web", "http_proxy":
		return protocol{word, true}
	case "https", "tls", "tcp", "udp", "mongo", "mysql", "redis":
		return protocol{word, false}
	}
	return protocol{}
}
