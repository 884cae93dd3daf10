package istio

import (
	"strconv"

	"github.com/org/probe-mtls-action/internal/mesh"
)

// traffic says what is known of application traffic to the judged port, as a
// clause; "" where the manifests show that there is none: Services lead to the
// pod, but none of them to this port, or only one that is meant for health.
func (j *judging) traffic() string {
	if b, carries := j.w.appPort(j.port); carries {
		return b.owner() + " sends application traffic there"
	}
	if len(j.w.bindings) == 0 {
		return "no Service in view says whether application traffic goes there"
	}
	return ""
}

// plaintext is what an exemption of the judged port from mTLS costs.
func (j *judging) plaintext() string {
	if t := j.traffic(); t != "" {
		return "port " + j.number + " accepts plaintext from any client, and " + t
	}
	return ""
}

// outside is what it costs to keep the judged port away from the sidecar.
func (j *judging) outside() string {
	if t := j.traffic(); t != "" {
		return "port " + j.number + " has no mTLS, authorization or telemetry any more, and " + t
	}
	return ""
}

// answers is the cost of asking another port: only a person knows it.
func answers(what string) string {
	return "whether the application answers this probe on " + what + " is not known from the manifests"
}

// remedyPolicy offers to change the mode where it stands.
func (j *judging) remedyPolicy(s scenario) {
	if s.mode != mesh.ModeStrict || s.at.Node() == nil || len(s.at.Path) < 2 {
		return
	}
	parent := s.at
	parent.Path = parent.Path[:len(parent.Path)-1]
	if s.at.Path[len(s.at.Path)-1].Key != "mode" {
		return // the legacy policy requires mTLS without a mode
	}
	r := j.offer("Make mTLS optional in "+s.who, "mode: PERMISSIVE\n", parent)
	r.Cost, r.Broad = "all that "+s.who+" requires mTLS of accepts plaintext from any client", true
}

// remedyHealthPort offers a port of the container that is meant for health
// checks; whether it lets the probe in is for the proof to see.
func (j *judging) remedyHealthPort() {
	p := j.Probe
	for _, port := range j.target.container.Ports {
		if port.Number == j.own || port.Number <= 0 || !meansHealth(port.Name) {
			continue
		}
		j.offer("Probe port "+quote(port.Name)+" of container "+p.Container, "port: "+strconv.Itoa(port.Number)+"\n", p.Field.Key(string(p.Handler))).
			Cost = answers("port " + strconv.Itoa(port.Number))
	}
}
