package istio

import (
	"strconv"
	"strings"

	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
)

// replaceHandler offers to ask in another way: yaml is the new handler.
func (j *judging) replaceHandler(title, yaml, cost string) {
	p := j.Probe
	r := j.offer(title, "", p.Field)
	r.Edits = []mesh.Edit{
		{Op: mesh.Merge, Field: p.Field, YAML: yaml},
		{Op: mesh.Delete, Field: p.Field.Key(string(p.Handler))},
	}
	r.Cost = cost
}

// remedyHandler offers to ask the application itself where a tcpSocket probe
// only asks the sidecar, if a Service tells the port's protocol.
func (j *judging) remedyHandler() {
	for _, b := range j.w.bound(j.port) {
		switch j.m.protocol(&b).name {
		case "grpc":
			j.replaceHandler("Ask by grpc: "+b.owner()+" says that port "+j.number+" speaks it", "grpc:\n  port: "+j.number+"\n",
				"the application must implement the gRPC health service")
			return
		case "http", "http2":
			j.replaceHandler("Ask by httpGet: "+b.owner()+" says that port "+j.number+" speaks HTTP", "httpGet:\n  path: /\n  port: "+j.number+"\n",
				"the application must answer GET / with a status below 400")
			return
		}
	}
}

// remedyExec offers, as the last resort, a command in the container.
func (j *judging) remedyExec() {
	p := j.Probe
	what := "Use an exec " + p.Kind.Noun() + ": it runs inside the container, where mTLS does not apply"
	command := j.command()
	if command == nil {
		j.offer(what, "", p.Field)
		return
	}
	var b strings.Builder
	for _, word := range command {
		b.WriteString("  - " + strconv.Quote(word) + "\n")
	}
	j.replaceHandler(what, "exec:\n  command:\n"+b.String(),
		"the image of container "+p.Container+" must contain "+command[0]+", and the probe no longer shows that the pod's own address answers")
}

// command asks what the probe asks, from inside the container; nil where it
// cannot be said.
func (j *judging) command() []string {
	p := j.Probe
	if j.own <= 0 {
		return nil
	}
	const host = "127.0.0.1"
	number := strconv.Itoa(j.own)
	switch p.Handler {
	case probe.HTTPGet:
		path := p.Path
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		if p.Scheme == "HTTPS" {
			return []string{"wget", "-q", "-O", "/dev/null", "--no-check-certificate", "https://" + host + ":" + number + path}
		}
		return []string{"wget", "-q", "-O", "/dev/null", "http://" + host + ":" + number + path}
	case probe.TCPSocket:
		return []string{"nc", "-z", host, number}
	case probe.GRPC:
		return []string{"grpc_health_probe", "-addr=" + host + ":" + number}
	}
	return nil
}

// remedyNoRewrite offers to switch off the rewriting that breaks the probe.
func (j *judging) remedyNoRewrite() {
	if !j.m.version.has(rewriteAnnotation) || j.w.enrolled.as == preinjected {
		return
	}
	j.offer("Do not let Istio rewrite the probes of "+j.w.name, annotate(annotationRewrite, "false"), j.podMeta()).
		Cost = "no probe of the pod is rewritten any more, so the mTLS mode of each port matters"
}
