package settings

// Table holds every setting, in the order of the documentation.
var Table = []Setting{
	{
		Name: "github-token", On: Input, Form: text, InputDefault: "${{ github.token }}",
		Says: "token that posts the review and reads the pull request",
		Note: "The job's own token is enough; docs/github-action.md lists the permissions.",
	},
	{
		Name: "paths", Key: "paths", On: Input, Form: files, field: func(v *Values) any { return &v.Paths },
		Says:  "directories to check",
		Unset: "the whole repository",
	},
	{
		Name: "config", On: Check | Affected | Explain | Input, Form: file, Placeholder: "FILE", field: func(v *Values) any { return &v.Config },
		Says:  "configuration file",
		Unset: ".probe-mtls.yaml at the repository's root, if there is one",
	},
	{
		Name: "istio-version", Key: "mesh.istioVersion", On: Check | Explain | Input, Form: release, Placeholder: "VERSION", field: func(v *Values) any { return &v.IstioVersion },
		Says:  "Istio version of the mesh, 0.8 to 1.31",
		Unset: "the newest supported",
	},
	{
		Name: "mesh-mtls", Key: "mesh.meshMTLS", On: Check | Explain | Input, Form: oneOf("strict", "permissive", "disable"), field: func(v *Values) any { return &v.MeshMTLS },
		Says:  "what holds where no policy in view says otherwise",
		Unset: "what that Istio version does by itself",
	},
	{
		Name: "rewrite-probes", Key: "mesh.rewriteAppHTTPProbe", On: Check | Explain | Input, Form: oneOf("auto", "true", "false"), field: func(v *Values) any { return &v.RewriteProbes },
		Says:  "the mesh-wide setting of probe rewriting",
		Unset: "auto, which is that Istio version's default",
	},
	{
		Name: "root-namespace", Key: "mesh.rootNamespace", On: Check | Explain | Input, Form: namespace, Placeholder: "NAMESPACE", field: func(v *Values) any { return &v.RootNamespace },
		Says:  "the mesh's root namespace, whose policies hold everywhere",
		Unset: "the mesh configuration's, or istio-system",
	},
	{
		Name: "injection", Key: "mesh.injection", On: Check | Explain | Input, Form: oneOf("auto", "always", "never"), field: func(v *Values) any { return &v.Injection },
		Says:  "whether pods get a sidecar",
		Unset: "auto, which lets labels and annotations decide and takes a namespace without a manifest to be in the mesh",
	},
	{
		Key: "mesh.enableNamespacesByDefault", Form: switching, Default: "false",
		Says: "namespaces without an injection label are in the mesh (values.sidecarInjectorWebhook.enableNamespacesByDefault)",
	},
	{
		Key: "mesh.revisions", Form: list,
		Says:  "the installed control plane revisions",
		Unset: "the unnamed default revision alone",
	},
	{Key: "mesh.revisions[].name", Form: text, Says: `the revision's name, "" for the default one`},
	{Key: "mesh.revisions[].tags", Form: list, Says: "the revision's tags"},
	{Key: "mesh.revisions[].values", Form: mapping, Says: "the revision's own Helm values"},
	{Key: "mesh.revisions[].meshConfig", Form: mapping, Says: "the revision's own MeshConfig"},
	{
		Key: "mesh.profile", Form: text,
		Says: "the installation profile; ambient means that ambient mode is installed",
	},
	{
		Key: "mesh.kubeletVersion", Form: release,
		Says: "the oldest version of the nodes; decides whether istio-proxy is a native sidecar",
	},
	{
		Key: "mesh.nativeSidecars", Form: oneOf("true", "false", "auto"),
		Says:  "istiod's ENABLE_NATIVE_SIDECARS",
		Unset: "that Istio version's default",
	},
	{Key: "mesh.sidecarTLSIngress", Form: switching, Default: "false", Says: "istiod's ENABLE_TLS_ON_SIDECAR_INGRESS"},
	{
		Key: "mesh.admissionValidates", Form: switching, Default: "false",
		Says: "istiod's validation webhook refuses invalid Istio objects, so that they never reach the cluster",
	},
	{
		Key: "mesh.values", Form: mapping,
		Says: "istiod's Helm values: inline, or the path of a values file or IstioOperator in the repository",
	},
	{
		Key: "mesh.meshConfig", Form: mapping,
		Says: "the MeshConfig: inline, or the path of a MeshConfig, mesh ConfigMap, IstioOperator or values file in the repository",
	},
	{Key: "mesh", Form: section, Says: "the Istio mesh", Unset: "the newest supported Istio as it installs itself"},
	{
		Key: "environments", Form: list,
		Says: "clusters of the repository; policies, namespaces and Services of all roots of one environment count together",
	},
	{Key: "environments[].name", Form: text, Says: "the environment's name; required, and each has its own"},
	{
		Key: "environments[].roots", Form: globs,
		Says: "required; the directories of its roots: `*` matches within a directory name, `**` any number of directories, `{a,b}` either",
	},
	{Key: "environments[].context", Form: files, Says: "context of this environment, on top of the file's own"},
	{Key: "environments[].mesh", Form: section, Says: "settings of this environment's mesh; each replaces the file's own"},
	{
		Name: "context", Key: "context", On: Check | Affected | Explain | Input, Form: files, Placeholder: "PATH", field: func(v *Values) any { return &v.Context },
		Says: "roots or plain manifests whose policies, Services and namespaces count, but whose workloads are not reported",
	},
	{
		Key: "repository", Form: text,
		Says: "another name of this repository, as owner/name or URL: its upstream, or a name that it had before; several are separated by commas",
		Note: "What Flux and Argo CD deploy from these counts as deployed from here.",
	},
	{Key: "exclude", Form: globs, Says: "directories of roots that are left out"},
	{
		Name: "base", On: Check | Affected | Input, Form: revision, Placeholder: "REV", field: func(v *Values) any { return &v.Base },
		Says: "revision to compare with, from its merge base with the work tree on: each finding is new, existing or fixed",
		Note: "Without it the event decides: the base of the pull request or merge group, the commit before a push.",
	},
	{
		Name: "only-new", On: Check | Input, Form: switching, Default: "false", InputDefault: "true", field: func(v *Values) any { return &v.OnlyNew },
		Says: "with a base: only new findings fail the run",
	},
	{
		Name: "changed-only", On: Check, Form: switching, Default: "false", field: func(v *Values) any { return &v.ChangedOnly },
		Says: "with a base: check only the roots that the change affects",
	},
	{
		Name: "fail-on", Key: "failOn", On: Check | Input, Form: oneOf("error", "warning", "note", "never"), field: func(v *Values) any { return &v.FailOn },
		Says:  "the least severity that fails the run",
		Unset: "error",
	},
	{
		Name: "fail-on-unchecked", Key: "failOnUnchecked", On: Check | Input, Form: oneOf("new", "always", "never"), field: func(v *Values) any { return &v.FailOnUnchecked },
		Says:  "when something that could not be checked, or only in part, fails the run: new takes what the base could not check either for granted",
		Unset: "new, which without a base is always",
		Note:  "What is only not looked at, such as a Helm chart, never fails a run; neither does anything with fail-on never.",
	},
	{
		Name: "reporters", On: Input, Form: someOf("review", "annotations", "summary", "sarif", "comment", "check"), InputDefault: "review,annotations,summary,sarif", field: func(v *Values) any { return &v.Reporters },
		Says: "where findings go, separated by commas or lines: review (comments on lines), annotations, summary, sarif, comment (one for all, kept up to date), check (a check run of its own, with any number of annotations)",
	},
	{
		Name: "max-comments", On: Input, Form: count, InputDefault: "25", field: func(v *Values) any { return &v.MaxComments },
		Says: "the most review comments on one pull request",
		Note: "Findings beyond them go to one comment for all and to the summary.",
	},
	{
		Name: "list", On: Check, Form: switching, Default: "false", field: func(v *Values) any { return &v.List },
		Says: "print what would be checked, who deploys it, and what would not be looked at, and check nothing",
	},
	{
		Name: "format", Short: "f", On: Check, Form: oneOf("text", "concise", "json", "sarif", "markdown", "html", "junit", "gitlab", "github"), Default: "text", field: func(v *Values) any { return &v.Format },
		Says: "format of the result",
	},
	{
		Name: "format", Short: "f", On: Affected, Form: oneOf("text", "json"), Default: "text", field: func(v *Values) any { return &v.Format },
		Says: "format of the result",
	},
	{
		Name: "output", Short: "o", On: Check, Form: file, Placeholder: "FILE", field: func(v *Values) any { return &v.Output },
		Says:  "file to write the result to",
		Unset: "the standard output",
	},
	{
		Name: "quiet", Short: "q", On: Check, Form: switching, Default: "false", field: func(v *Values) any { return &v.Quiet },
		Says: "print nothing but one line of totals, on the standard error",
	},
	{
		Name: "fix", On: Check, Form: oneOf("safe", "unsafe", "show"), Bare: "safe", field: func(v *Values) any { return &v.Fix },
		Says:  "make the fixes that are proven: safe ones alone, unsafe ones too where no safe one is proven, or only show the safe ones as a diff",
		Unset: "change nothing",
		Note:  "--fix alone is --fix=safe.",
	},
	{
		Name: "add-ignore", On: Check, Form: text, Placeholder: "REASON", field: func(v *Values) any { return &v.AddIgnore },
		Says:  "write a comment that accepts each finding, with this reason, on its line",
		Unset: "nothing is written",
	},
	{
		Name: "baseline", On: Check, Form: file, Placeholder: "FILE", field: func(v *Values) any { return &v.Baseline },
		Says:  "file of findings that are accepted, as --write-baseline wrote it",
		Unset: "none is",
	},
	{
		Name: "write-baseline", On: Check, Form: file, Placeholder: "FILE", field: func(v *Values) any { return &v.WriteBaseline },
		Says:  "file to write the findings to, so that --baseline accepts them from then on",
		Unset: "nothing is written",
	},
	{
		Name: "statistics", On: Check, Form: switching, Default: "false", field: func(v *Values) any { return &v.Statistics },
		Says: "after the result, count the findings by rule, cause, namespace and root",
		Note: "They go to the standard error where the format is not text.",
	},
	{
		Name: "debug", On: Check | Affected | Explain, Form: file, Placeholder: "FILE", field: func(v *Values) any { return &v.Debug },
		Says: "file to write a trace to, for a report of a defect: git commands, renders, times",
	},
	{
		Name: "color", On: Check | Explain, Form: oneOf("auto", "always", "never"), Default: "auto", field: func(v *Values) any { return &v.Color },
		Says: "when text is coloured (NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE are respected)",
	},
	{
		Name: "sarif-file", On: Input, Form: file, field: func(v *Values) any { return &v.SARIFFile },
		Says:  "the SARIF file to write",
		Unset: "a file in the runner's temporary directory, which the output sarif-file names",
	},
	{
		Name: "runner-temp", On: Input, Form: hostPath, InputDefault: "${{ runner.temp }}", field: func(v *Values) any { return &v.RunnerTemp },
		Says: "the runner's temporary directory as the steps on the host know it, for the output sarif-file",
		Note: "Leave it as it is.",
	},
	{
		Name: "upload-sarif", On: Input, Form: switching, InputDefault: "false", field: func(v *Values) any { return &v.UploadSARIF },
		Says: "upload the SARIF file to code scanning",
		Note: "Needs security-events: write, and fails on pull requests from forks, where the upload-sarif action works.",
	},
	{
		Name: "category", On: Input, Form: text, field: func(v *Values) any { return &v.Category },
		Says:  "tells the results of several runs on one commit apart",
		Unset: "workflow, job, matrix and step do",
	},
	{
		Name: "matrix", On: Input, Form: jsonObject, InputDefault: "${{ toJSON(matrix) }}", field: func(v *Values) any { return &v.Matrix },
		Says: "the job's matrix, which is part of the default category",
		Note: "Leave it as it is.",
	},
	{
		Name: "artifact", On: Input, Form: pattern, field: func(v *Values) any { return &v.Artifact },
		Says:  "on workflow_run: name of the artifacts of the other run that hold results; * stands for anything",
		Unset: "all artifacts; what is not this Action's is left out",
	},
	{
		Name: "shard", On: Check | Affected | Input, Form: part, Placeholder: "I/N", field: func(v *Values) any { return &v.Shard },
		Says: "check only part I of N: for a job matrix over a repository that outgrows one runner",
	},
	{
		Name: "all-roots", Key: "allRoots", On: Check | Affected | Input, Form: switching, Default: "false", field: func(v *Values) any { return &v.AllRoots },
		Says: "with a base: also check roots that only serve as a base of others",
	},
	{
		Name: "allow-remote", On: Check | Affected | Explain | Input, Form: switching, Default: "false", field: func(v *Values) any { return &v.AllowRemote },
		Says: "let kustomize fetch remote bases",
		Note: "Leave it off for pull requests from people you do not trust.",
	},
	{
		Name: "enable-helm", On: Check | Affected | Explain | Input, Form: switching, Default: "false", field: func(v *Values) any { return &v.EnableHelm },
		Says: "let kustomize run helm for helmCharts",
		Note: "Leave it off for pull requests from people you do not trust.",
	},
	{
		Name: "jobs", Short: "j", On: Check | Explain | Input, Form: count, Placeholder: "N", field: func(v *Values) any { return &v.Jobs },
		Says:  "how many roots are rendered at a time",
		Unset: "one for each core",
	},
	{
		Name: "root-cpu", On: Check | Explain | Input, Form: count, Placeholder: "SECONDS", Default: "30", field: func(v *Values) any { return &v.RootCPU },
		Says: "CPU time in seconds that one root may take which is rendered in a process of its own",
		Note: "docs/security.md says which roots are.",
	},
	{
		Name: "root-memory", On: Check | Explain | Input, Form: count, Placeholder: "MIB", field: func(v *Values) any { return &v.RootMemory },
		Says:  "memory in MiB that one root may take which is rendered in a process of its own",
		Unset: "2048, or half of what the machine has if that is less",
	},
	{
		Name: "max-shards", On: Affected, Form: count, Placeholder: "N", Default: "20", field: func(v *Values) any { return &v.MaxShards },
		Says: "the most shards to plan for in the JSON's matrix",
	},
	{
		Name: "verbose", Short: "v", On: Check | Input, Form: switching, Default: "false", field: func(v *Values) any { return &v.Verbose },
		Says: "say more: every root of a finding, roots left out, the whole decision",
	},
	{
		Name: "verbose", Short: "v", On: Affected, Form: switching, Default: "false", field: func(v *Values) any { return &v.Verbose },
		Says: "say why each root is affected",
	},
}
