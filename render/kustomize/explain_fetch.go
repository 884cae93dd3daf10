package kustomize

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/org/probe-mtls-action/render"
)

var (
	noHelm   = regexp.MustCompile(`exec: "?helm"?: executable file not found|exec: "[^"]*helm": stat`)
	helmSaid = regexp.MustCompile(`(?m)Error: ([^\n"]+)`)
	gitSaid  = regexp.MustCompile(`(?m)(?:fatal|error): ([^\n]+?)(?: : exit status \d+)?$`)
	netSaid  = regexp.MustCompile(`(dial tcp: lookup [^ ]+)(?: on [^ ]+)?: ([a-z ]+)|hit [0-9a-z.]+ timeout`)
)

// helm finds the chart that helm could not inflate, or for which there is no helm.
func (x *explainer) helm() (p render.Problem, ok bool) {
	if !strings.Contains(x.text, "unable to run: 'helm") && !noHelm.MatchString(x.text) {
		return p, false
	}
	x.kustomizations(func(_ string, k *kustomization) bool {
		if len(k.HelmCharts) > 0 {
			p.At, ok = k.find(entry{field: "helmCharts"}), true
		}
		return ok
	})
	if !ok {
		p.At = x.rootFile()
	}
	if noHelm.MatchString(x.text) {
		p.Message = "a Helm chart is to be inflated, and the program helm is not installed here"
		p.Hint = "Install helm (on GitHub, in the runner, with the binary variant of the Action: its image has none), or commit the rendered chart."
		return p, true
	}
	p.Message = "helm cannot inflate the chart"
	if m := helmSaid.FindStringSubmatch(x.text); m != nil {
		p.Message += ": " + x.clean(m[1])
	}
	p.Hint = "Run `kustomize build --enable-helm` there to see all that helm says, or commit the rendered chart."
	return p, true
}

// unfetched finds the remote that could not be fetched.
func (x *explainer) unfetched() (p render.Problem, ok bool) {
	if !strings.Contains(x.text, "failed to run '") && !strings.Contains(x.text, `Get "http`) && !strings.Contains(x.text, "timeout running") {
		return p, false
	}
	x.kustomizations(func(_ string, k *kustomization) bool {
		for _, e := range k.entries {
			if !isRemote(e.name) || !strings.Contains(x.text, e.name) {
				continue
			}
			p.At, ok = k.find(e), true
			p.Message = fmt.Sprintf("%s names the remote %s, which cannot be fetched", e.field, quote(e.name))
			return true
		}
		return false
	})
	if !ok {
		return p, false
	}
	switch git, net := gitSaid.FindStringSubmatch(x.text), netSaid.FindString(x.text); {
	case git != nil:
		p.Message += ": " + x.clean(git[1])
	case net != "":
		p.Message += ": " + x.clean(net)
	}
	p.Hint = "Check the address, the revision, the network and what this machine may read, or keep a copy in the repository."
	return p, true
}
