package istio

import "strings"

// protocol is what Istio takes a port to speak.
type protocol struct {
	name string // as declared, "" where nothing is
	http bool   // gets an HTTP filter chain: HTTP, HTTP/2, gRPC
}

// protocol reads a Service port's declaration: its appProtocol, else the first
// part of its name (http, http-web). Anything else is undeclared.
func (m *model) protocol(portName, appProtocol string) protocol {
	word := strings.ToLower(appProtocol)
	switch word {
	case "":
		word, _, _ = strings.Cut(strings.ToLower(portName), "-")
	case "kubernetes.io/h2c":
		word = "http2"
	case "kubernetes.io/ws":
		word = "http"
	case "kubernetes.io/wss":
		word = "https"
	}
	switch word {
	case "http", "http2", "grpc", "grpc-web":
		return protocol{word, true}
	case "https", "tls", "tcp", "mongo", "mysql", "redis":
		return protocol{word, false}
	}
	return protocol{}
}
