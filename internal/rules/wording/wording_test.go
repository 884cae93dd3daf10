package wording_test

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/internal/check"
	"github.com/org/probe-mtls-action/internal/mesh"
	"github.com/org/probe-mtls-action/internal/probe"
	"github.com/org/probe-mtls-action/internal/rules"
	"github.com/org/probe-mtls-action/render"
)

// fake is a model that says what it is told to.
type fake struct {
	judgements []mesh.Judgement
	notices    []mesh.Notice
}

func (m fake) Probes() []*probe.Probe {
	var out []*probe.Probe
	for _, j := range m.judgements {
		out = append(out, j.Probe)
	}
	return out
}

func (m fake) Judge(p *probe.Probe) mesh.Judgement {
	for _, j := range m.judgements {
		if j.Probe == p {
			return j
		}
	}
	return mesh.Judgement{Probe: p, Verdict: mesh.OK}
}
func (m fake) Names() mesh.Names      { return mesh.Names{Name: "Istio"} }
func (m fake) Version() string        { return "1.31" }
func (m fake) Notices() []mesh.Notice { return m.notices }
func (m fake) Warnings() []mesh.Fact  { return nil }

var (
	web = &render.Object{
		Ref:  render.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Name: "web"},
		Node: &yaml.Node{Kind: yaml.MappingNode},
	}
	policy = &render.Object{
		Ref:  render.Ref{Group: "security.istio.io", Version: "v1", Kind: "PeerAuthentication", Namespace: "istio-system", Name: "default"},
		Node: &yaml.Node{Kind: yaml.MappingNode},
	}
	probeField = render.Field{Object: web, Path: render.PathOf("spec", "template", "spec", "containers").Item(0).Key("livenessProbe")}
	portField  = probeField.Key("httpGet", "port")
	modeField  = render.Field{Object: policy, Path: render.PathOf("spec", "mtls", "mode")}
)

func judgement(kind probe.Kind, verdict mesh.Verdict, cause mesh.Cause) mesh.Judgement {
	return mesh.Judgement{
		Probe: &probe.Probe{
			Kind: kind, Handler: probe.HTTPGet, Port: probe.Port{Number: 8000}, Scheme: "HTTP",
			Workload: web, Container: "app", Field: probeField, PortField: portField,
		},
		Verdict: verdict, Cause: cause,
		Reason: "PeerAuthentication istio-system/default requires mTLS on port 8000",
		Chain: []mesh.Fact{
			{Text: "namespace default is in the mesh"},
			{Text: "PeerAuthentication istio-system/default sets mode STRICT", Field: modeField, Deciding: true},
			{Text: "the probe asks port 8000", Field: portField, Deciding: true},
			{Text: "the same mode again", Field: modeField, Deciding: true},
			{Text: "probe rewriting is off by --rewrite-probes", Deciding: true},
		},
		Assumed:  []string{"namespace default is in the mesh (no manifest of it was found)"},
		Remedies: []mesh.Remedy{{Title: "Exempt port 8000 from mTLS"}, {Title: "Use an exec probe"}},
	}
}

func run(j mesh.Judgement) []check.Finding {
	return check.Run(rules.All(), []*render.Object{web, policy}, fake{judgements: []mesh.Judgement{j}})
}

func TestBlocked(t *testing.T) {
	t.Parallel()
	for kind, want := range map[probe.Kind]struct{ rule, noun string }{
		probe.Liveness:  {"PMTLS001", "liveness probe"},
		probe.Readiness: {"PMTLS002", "readiness probe"},
		probe.Startup:   {"PMTLS003", "startup probe"},
		probe.PostStart: {"PMTLS004", "postStart handler"},
		probe.PreStop:   {"PMTLS004", "preStop handler"},
	} {
		found := run(judgement(kind, mesh.Breaks, mesh.CauseMTLS))
		if len(found) != 1 {
			t.Errorf("%s: %d findings, want 1", kind, len(found))
			continue
		}
		f := found[0]
		verb := "probed"
		if strings.Contains(want.noun, "handler") {
			verb = "called"
		}
		message := "The Deployment web in namespace default uses " + want.noun + " which is incompatible with mTLS. " +
			"Consider disabling the " + want.noun + " or mTLS, or disabling mTLS for the port of the " + want.noun + ". " +
			"Container app is " + verb + " by httpGet on port 8000. " +
			"PeerAuthentication istio-system/default requires mTLS on port 8000. " +
			"Advice: exempt port 8000 from mTLS."
		for what, pair := range map[string][2]string{
			"rule":    {f.Rule.ID, want.rule},
			"level":   {string(f.Severity), "error"},
			"summary": {f.Summary, "mTLS and " + want.noun + " incompatible - web"},
			"message": {f.Message, message},
			"subject": {f.Subject.String(), "default/Deployment/web/app/" + string(kind)},
			"place":   {f.At.String(), portField.String()},
			"verdict": {string(f.Verdict), "breaks"},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s is\n%s\nwant\n%s", kind, what, pair[0], pair[1])
			}
		}
		if len(f.Steps) != 5 || len(f.Assumed) != 1 || len(f.Remedies) != 2 {
			t.Errorf("%s: steps %v, assumed %q, remedies %v", kind, f.Steps, f.Assumed, f.Remedies)
		}
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	f := run(judgement(probe.Liveness, mesh.Unknown, mesh.CauseMTLS))[0]
	if f.Rule.ID != "PMTLS001" || f.Severity != check.Warning || f.Verdict != mesh.Unknown {
		t.Errorf("got %s %s %s, want PMTLS001 as a warning with verdict unknown", f.Rule.ID, f.Severity, f.Verdict)
	}
	if f.Summary != "mTLS and liveness probe may be incompatible - web" || !strings.Contains(f.Message, "which may be incompatible with mTLS") {
		t.Errorf("%s: %s: not worded as a possibility", f.Summary, f.Message)
	}
}

func TestPortNames(t *testing.T) {
	t.Parallel()
	j := judgement(probe.Readiness, mesh.Breaks, mesh.CausePortNotFound)
	j.Probe.Port = probe.Port{Name: "web"}
	j.Probe.Scheme, j.Probe.Init, j.Probe.PortField = "HTTPS", true, render.Field{}
	f := run(j)[0]
	if f.Rule.ID != "PMTLS006" || !strings.Contains(f.Message, `Init container app is probed by httpGet (HTTPS) on port "web".`) {
		t.Errorf("%s: %s", f.Rule.ID, f.Message)
	}
	if f.At.String() != probeField.String() {
		t.Errorf("a probe without a port value is reported at %s, want %s", f.At, probeField)
	}
}

// TestExactlyOne draws judgements: all but ok are reported once, by the rule of
// the verdict, whatever a model may say.
func TestExactlyOne(t *testing.T) {
	t.Parallel()
	perProbe := []string{"PMTLS001", "PMTLS002", "PMTLS003", "PMTLS004", "PMTLS005", "PMTLS006", "PMTLS010", "PMTLS011", "PMTLS012"}
	rapid.Check(t, func(t *rapid.T) {
		j := judgement(
			rapid.SampledFrom([]probe.Kind{probe.Liveness, probe.Readiness, probe.Startup, probe.PostStart, probe.PreStop}).Draw(t, "kind"),
			rapid.SampledFrom([]mesh.Verdict{mesh.OK, mesh.Breaks, mesh.FalseHealthy, mesh.Ambiguous, mesh.Unknown, mesh.Ineffective}).Draw(t, "verdict"),
			rapid.SampledFrom([]mesh.Cause{mesh.CauseNone, mesh.CauseMTLS, mesh.CauseSidecar, mesh.CausePortNotFound, mesh.CauseOrder, mesh.CauseRewrite, mesh.CauseNeverRun}).Draw(t, "cause"),
		)
		found := run(j)
		if j.Verdict == mesh.OK {
			if len(found) != 0 {
				t.Errorf("a probe that is fine is reported: %s", found[0].Summary)
			}
			return
		}
		if len(found) != 1 || !slices.Contains(perProbe, found[0].Rule.ID) {
			t.Fatalf("%d findings for %s %s", len(found), j.Verdict, j.Cause)
		}
		f := found[0]
		if (j.Verdict == mesh.Unknown || j.Verdict == mesh.Ambiguous) && f.Severity == check.Error {
			t.Errorf("a verdict that is %s is an error", j.Verdict)
		}
		for _, word := range []string{"Deployment web in namespace default", "ontainer app", "port 8000", "PeerAuthentication istio-system/default", "exempt port 8000"} {
			if !strings.Contains(f.Message, word) {
				t.Errorf("the message does not name %q: %s", word, f.Message)
			}
		}
	})
}

func TestNotices(t *testing.T) {
	t.Parallel()
	for kind, want := range map[mesh.NoticeKind]struct {
		rule, summary string
		severity      check.Severity
	}{
		mesh.NoticeExceptionNoEffect: {"PMTLS007", "mTLS exception has no effect - PeerAuthentication default", check.Warning},
		mesh.NoticeAPINotServed:      {"PMTLS008", "security.istio.io is not served - PeerAuthentication default", check.Warning},
		mesh.NoticeAppPortExempt:     {"PMTLS009", "mTLS disabled on an application port - PeerAuthentication default", check.Note},
	} {
		found := check.Run(rules.All(), nil, fake{notices: []mesh.Notice{
			{
				Kind: kind, Field: modeField, Text: "PeerAuthentication istio-system/default does nothing",
				Facts:    []mesh.Fact{{Text: "the Service's port", Field: portField, Deciding: true}},
				Remedies: []mesh.Remedy{{Title: "Delete it"}},
			},
			{Kind: kind, Text: "a notice on nothing"},
		}})
		if len(found) != 1 {
			t.Errorf("%s: %d findings, want 1", kind, len(found))
			continue
		}
		f := found[0]
		if f.Rule.ID != want.rule || f.Summary != want.summary || f.Severity != want.severity {
			t.Errorf("got %s %s %q", f.Rule.ID, f.Severity, f.Summary)
		}
		if f.Message != "PeerAuthentication istio-system/default does nothing. Advice: delete it." {
			t.Errorf("message %q", f.Message)
		}
		if f.Subject.String() != "istio-system/PeerAuthentication/default" || f.At.String() != modeField.String() || len(f.Steps) != 1 || f.Steps[0].Field.String() != portField.String() {
			t.Errorf("subject %s at %s, steps %v", f.Subject, f.At, f.Steps)
		}
	}
}
