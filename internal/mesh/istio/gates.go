package istio

// feature is a behaviour that some releases have and others have not.
type feature int

const (
	rewriteLivenessReadiness feature = iota
	rewriteByDefault
	rewriteAnnotation
	rewriteHTTPSDowngrade
	rewriteStartup
	rewriteTCP
	rewriteTCPSwitch
	rewriteGRPC
	rewriteInitContainers
	rewriteLifecycle
	rewriteStatusPortZeroRefused
	statusPortSkipped
	statusPortOfMesh
	agentServesStats
	agentServesMetrics
	nativeSidecars
	nativeSidecarAnnotation
	nativeSidecarAnyButFalse
	nativeSidecarsAuto

	injectSelectors
	injectLabelRead
	injectExactValues
	injectMoreIgnored
	selectorsModern
	selectorsModernByDefault
	selectorsRevision
	selectorsRevisionAlone
	selectorsEnvLabel
	selectorsObject
	selectorsObjectRevision
	autoWebhookIgnores
	injectTemplates
	injectTLSModeLabel
	injectCanonicalLabels
	injectRevisionLabel
	ambientMode

	captureAllPorts
	captureIncludeValue
	captureExclude15090
	captureExclude15021
	captureExcludeInterfaces
	captureExcludeSSH
	captureTunnelPort
	proxyConfigAnnotation
	proxyConfigStatusPort

	peerAuthentication
	peerAuthenticationV1
	passthroughPortLevel
	alphaAPI
	alphaMeshPolicy
	alphaNamespaceAnyName
	alphaTargetLabels
	alphaOldestWins
	alphaPortFirst
	alphaModeIgnored
	alphaAnyPeerPermissive
	alphaPermissiveHTTPOnly
	alphaAllowTLS
	alphaServicesSorted
	servicePortsInOrder
	serviceAuthAnnotation
	authPolicyFallback
	permissiveFallback
	managementListener
	sidecarResource
	sidecarNewestWide
	sidecarRootBeside
	sidecarRootWithoutServices
	sidecarMergesPorts
	sidecarIngressTLS
	sidecarCaptureIPTables
	serviceEntrySelects
	serviceEntryContainerPorts
	appProtocolRead
	appProtocolH2C
	appProtocolWebSocket
	permissiveByTransport
	httpsMeetsHTTPFilter

	metricsMerge
	metricsMergeByDefault
	metricsPortsChecked
	featureCount
)

// gate says which releases have a feature: those from since up to but without
// until. A zero bound is open.
type gate struct {
	name         string
	since, until version
	source       string // where in Istio it was read
}

func release(major, minor int, patch ...int) version {
	w := version{major: major, minor: minor}
	if len(patch) > 0 {
		w.patch = patch[0]
	}
	return w
}

// gates is the one place that knows which release does what. Fixes are often
// cherry-picked, so the last patch of the minor release before each bound was
// read too. Files and commits are those of istio/istio.
var gates = [featureCount]gate{
	rewriteLivenessReadiness: {"httpGet liveness and readiness probes can be rewritten", release(1, 1), version{},
		"pkg/kube/inject/app_probe.go, 9f6064f30dc"},
	rewriteByDefault: {"probes are rewritten by default", release(1, 5, 2), version{},
		"operator/data/profiles/default.yaml, de0a48c3386 (1.5.2); manifests/profiles/default.yaml (1.6)"},
	rewriteAnnotation: {"annotation sidecar.istio.io/rewriteAppHTTPProbers", release(1, 2), version{},
		"d57ae90f5b5"},
	rewriteHTTPSDowngrade: {"a rewritten HTTPS probe asks the agent over HTTP", release(1, 2), version{},
		"cc1c1637666; 1.1 keeps HTTPS towards the agent's plain HTTP port"},
	rewriteStartup: {"startup probes are rewritten", release(1, 7), version{},
		"61059067a87"},
	rewriteTCP: {"tcpSocket probes are rewritten", release(1, 12), version{},
		"1f6144eb213"},
	rewriteTCPSwitch: {"istiod's REWRITE_TCP_PROBES is read", release(1, 12), release(1, 19),
		"1f6144eb213, removed by e045a6ac61d"},
	rewriteGRPC: {"grpc probes are rewritten", release(1, 13), version{},
		"7c6403332f5"},
	rewriteInitContainers: {"probes of init containers are rewritten", release(1, 19), version{},
		"bd5f82add6f"},
	rewriteLifecycle: {"httpGet and tcpSocket lifecycle handlers are rewritten", release(1, 25), version{},
		"0e30509be5a; in no 1.24 tag"},
	rewriteStatusPortZeroRefused: {"status port \"0\" gives a probe on port 0, which the API server refuses", release(1, 6), version{},
		"pkg/kube/inject/app_probe.go; before, such pods were not rewritten"},
	statusPortSkipped: {"a probe on the mesh's status port counts as rewritten already", release(1, 9), version{},
		"DumpAppProbers in pkg/kube/inject/app_probe.go"},
	statusPortOfMesh: {"probes are rewritten to meshConfig.defaultConfig.statusPort", release(1, 6), version{},
		"1.6.0:pkg/kube/inject/webhook.go createPatch, from 1.9 on applyRewrite; before, the sidecar's --statusPort"},
	agentServesStats: {"the agent answers /stats/prometheus", release(1, 6), version{},
		"1.6.0:pilot/cmd/pilot-agent/status/server.go Run"},
	agentServesMetrics: {"the agent answers /metrics", release(1, 14), version{},
		"1.14.0:pilot/cmd/pilot-agent/status/server.go Run"},
	nativeSidecars: {"istio-proxy can be a native sidecar", release(1, 19), version{},
		"ENABLE_NATIVE_SIDECARS, pilot/pkg/features"},
	nativeSidecarAnnotation: {"annotation sidecar.istio.io/nativeSidecar, which only \"true\" switches on", release(1, 24), version{},
		"1.24.0:files/injection-template.yaml:27 eq (annotation) \"true\""},
	nativeSidecarAnyButFalse: {"any value of sidecar.istio.io/nativeSidecar but \"false\" makes istio-proxy native", release(1, 27), version{},
		"1.27.0:files/injection-template.yaml:29 ne (annotation | default) \"false\""},
	nativeSidecarsAuto: {"istio-proxy is a native sidecar where all nodes are 1.33 or newer", release(1, 27), version{},
		"da90b3536fa and its cherry-pick into 1.27.0, DetectNativeSidecar"},

	injectSelectors: {"neverInjectSelector and alwaysInjectSelector", release(1, 1), version{},
		"1.1.0:pilot/pkg/kube/inject/inject.go injectRequired"},
	injectLabelRead: {"label sidecar.istio.io/inject is read, before the annotation", release(1, 12), version{},
		"pkg/kube/inject/inject.go injectRequired"},
	injectExactValues: {"only \"true\" and \"false\" are understood", release(1, 27), version{},
		"331d32e30a3"},
	injectMoreIgnored: {"kube-node-lease and local-path-storage are ignored too", release(1, 9), version{},
		"pkg/kube/inject/inject.go IgnoredNamespaces"},
	selectorsModern: {"the webhook selects by pod label and revision too", release(1, 9), version{},
		"istio-discovery/templates/mutatingwebhook.yaml"},
	selectorsModernByDefault: {"useLegacySelectors is false by default", release(1, 10), version{},
		"istio-discovery/values.yaml"},
	selectorsRevision: {"selectors know istio.io/rev and istio-env", release(1, 5), version{},
		"1.5.0:istio-discovery/templates/mutatingwebhook.yaml"},
	selectorsRevisionAlone: {"a revision's selector asks that istio-injection is absent, not only not disabled", release(1, 6), version{},
		"1.6.0:istio-discovery/templates/mutatingwebhook.yaml DoesNotExist; 1.5.0: NotIn disabled"},
	selectorsEnvLabel: {"sidecarInjectorWebhook.injectLabel istio-env", release(1, 5), release(1, 6),
		"1.5.0:istio-discovery/templates/mutatingwebhook.yaml"},
	selectorsObject: {"sidecarInjectorWebhook.objectSelector", release(1, 5), version{},
		"istio-discovery/templates/mutatingwebhook.yaml"},
	selectorsObjectRevision: {"a revision's objectSelector that opts in asks for istio.io/rev", release(1, 7), version{},
		"1.7.0:istio-discovery/templates/mutatingwebhook.yaml"},
	autoWebhookIgnores: {"enableNamespacesByDefault leaves out the system namespaces", release(1, 16), version{},
		"istio-discovery/templates/mutatingwebhook.yaml"},
	injectTemplates: {"annotation inject.istio.io/templates", release(1, 9), version{},
		"pkg/kube/inject/webhook.go"},
	injectTLSModeLabel: {"injected pods get the label security.istio.io/tlsMode", release(1, 4), version{},
		"1.4.0:pkg/kube/inject/webhook.go createPatch, a5e5a58a305"},
	injectCanonicalLabels: {"injected pods get the labels service.istio.io/canonical-name and -revision", release(1, 5), version{},
		"1.5.0:pkg/kube/inject/webhook.go createPatch, d4645e09a2c; files/injection-template.yaml since 1.9"},
	injectRevisionLabel: {"injected pods get the label istio.io/rev", release(1, 6), release(1, 11),
		"1.6.0:pkg/kube/inject/webhook.go createPatch; f37b1cea5ac made it an annotation"},
	ambientMode: {"ambient mode, whose redirection leaves kubelet traffic alone", release(1, 18), version{},
		"cni/pkg/ambient/net_linux.go (1.18 to 1.20), HOST_PROBE_SNAT_IP (1.21)"},

	captureAllPorts: {"all inbound ports are captured, declared or not", release(1, 3), version{},
		"1.3.0:install/kubernetes/helm/istio/files/injection-template.yaml:26"},
	captureIncludeValue: {"values.global.proxy.includeInboundPorts is honoured", release(1, 12, 2), version{},
		"ac8dbaa8af7"},
	captureExclude15090: {"port 15090 is never captured", release(1, 5), version{},
		"1.5.0:manifests/istio-control/istio-discovery/files/injection-template.yaml"},
	captureExclude15021: {"port 15021 is never captured", release(1, 6), version{},
		"files/injection-template.yaml"},
	captureExcludeInterfaces: {"annotation traffic.sidecar.istio.io/excludeInterfaces", release(1, 15), version{},
		"tools/istio-iptables/pkg/capture/run.go"},
	captureExcludeSSH: {"port 22 is not captured where all ports are", oldest, release(1, 13),
		"1.12.9:tools/istio-iptables/pkg/capture/run.go handleInboundPortsInclude, gone with f1f7487b9cb"},
	captureTunnelPort: {"port 15008 is never redirected", release(1, 7), version{},
		"tools/istio-iptables/pkg/capture/run.go Run, InboundTunnelPort; not in 1.6.14"},
	proxyConfigStatusPort: {"a ProxyConfig's statusPort must be a port", release(1, 11), version{},
		"1.11.0:pkg/config/validation/validation.go ValidateProxyConfig"},
	proxyConfigAnnotation: {"annotation proxy.istio.io/config", release(1, 6), version{},
		"pkg/kube/inject/webhook.go"},

	peerAuthentication: {"PeerAuthentication, security.istio.io/v1beta1", release(1, 5), version{},
		"pilot/pkg/security/authn/policy_applier.go"},
	peerAuthenticationV1: {"PeerAuthentication, security.istio.io/v1", release(1, 22), version{},
		"the CRD of 1.21 has v1beta1 only"},
	passthroughPortLevel: {"portLevelMtls counts for ports of no Service too", release(1, 9), version{},
		"55988704a56"},
	alphaAPI: {"authentication.istio.io/v1alpha1 Policy", release(0, 8), release(1, 6),
		"ffe6e15869d; CRDs removed by #22972"},
	alphaMeshPolicy: {"MeshPolicy", release(1, 0), release(1, 6),
		"1.0.0:pilot/pkg/model/config.go"},
	alphaNamespaceAnyName: {"a namespace Policy may have any name", release(0, 8), release(1, 0),
		"0.8.0:pilot/pkg/model/validation.go has no check"},
	alphaTargetLabels: {"targets[].labels select workloads", release(1, 2), release(1, 4),
		"pilot/pkg/model/config.go AuthenticationPolicyForWorkload; api #1118"},
	alphaOldestWins: {"the oldest matching Policy wins", release(1, 4), release(1, 6),
		"1.4.0:pilot/pkg/model/config.go sorts by creationTimestamp; before, the order of a Go map"},
	alphaPortFirst: {"a port's own Policy beats one for the whole Service", release(1, 5), release(1, 6),
		"1.5.0:pilot/pkg/model/push_context.go authenticationPolicyForWorkload"},
	alphaModeIgnored: {"mtls.mode is not read", release(0, 8), release(1, 0),
		"0.8.0:pilot/pkg/networking/plugin/authn/authentication.go"},
	alphaAnyPeerPermissive: {"any PERMISSIVE peer makes the port permissive", release(1, 0), release(1, 1),
		"1.0.0:pilot/pkg/networking/plugin/authn/authentication.go"},
	alphaPermissiveHTTPOnly: {"PERMISSIVE works on HTTP Service ports only", release(1, 0), release(1, 0, 3),
		"1.0.0 to 1.0.2:pilot/pkg/networking/core/v1alpha3/listener.go"},
	alphaAllowTLS: {"mtls.allowTls drops the client certificate", release(0, 8), release(1, 1),
		"1.0.0:pilot/pkg/networking/plugin/authn/authentication.go"},
	alphaServicesSorted: {"Services are sorted by age, then by host name", release(1, 5), version{},
		"1.5.0:pilot/pkg/model/context.go SetServiceInstances"},
	servicePortsInOrder: {"of one Service's ports with the same target the first counts", release(1, 13), version{},
		"pilot/pkg/serviceregistry/kube/controller/controller.go getProxyServiceInstancesByPod, 9295b20a71b"},
	serviceAuthAnnotation: {"Service annotation auth.istio.io/<port>", release(0, 8), release(1, 0),
		"0.8.0:pilot/pkg/model/service.go"},
	authPolicyFallback: {"MeshConfig.authPolicy", release(0, 8), release(1, 1),
		"1.0.0:pilot/pkg/networking/plugin/authn/authentication.go"},
	permissiveFallback: {"with no policy at all a port is PERMISSIVE", release(1, 5), version{},
		"1.5.0:pilot/pkg/security/authn/v1beta1/policy_applier.go; before, plaintext"},
	managementListener: {"probe ports of no Service get a plaintext management listener", release(0, 8), release(1, 7),
		"buildMgmtPortListeners, removed by 19c8e17e15d"},
	sidecarResource: {"Sidecar", release(1, 1), version{},
		"pilot/pkg/model/sidecar.go"},
	sidecarNewestWide: {"of several Sidecars without selector the newest counts", release(1, 1), release(1, 8),
		"1.7.0:pilot/pkg/model/push_context.go getSidecarScope keeps the last one"},
	sidecarRootBeside: {"the root namespace's Sidecar counts beside others that do not select the pod", release(1, 4), version{},
		"1.4.0:pilot/pkg/model/push_context.go initSidecarScopes, sidecarsWithoutSelectorByNamespace"},
	sidecarRootWithoutServices: {"the root namespace's Sidecar counts for namespaces without Services too", release(1, 12), version{},
		"1.12.0:pilot/pkg/model/push_context.go getSidecarScope, computedSidecarsByNamespace"},
	sidecarMergesPorts: {"istiod's PILOT_ALLOW_SIDECAR_SERVICE_INBOUND_LISTENER_MERGE is read", release(1, 16), version{},
		"pilot/pkg/features/experimental.go"},
	sidecarIngressTLS: {"istiod's ENABLE_TLS_ON_SIDECAR_INGRESS is read", release(1, 13), version{},
		"pilot/pkg/features"},
	sidecarCaptureIPTables: {"an ingress listener of captureMode IPTABLES binds no port under interception mode NONE", release(1, 14), version{},
		"pilot/pkg/networking/core/listener_inbound.go getBindToPort; 1.13.0 does not look at the captureMode there"},
	serviceEntrySelects: {"a ServiceEntry with workloadSelector selects pods", release(1, 6), version{},
		"1.6.0:pilot/pkg/serviceregistry/external/servicediscovery.go"},
	serviceEntryContainerPorts: {"a ServiceEntry's port leads to the container port of its name first", release(1, 15), version{},
		"25e77a87a1e, convertWorkloadInstanceToServiceInstance"},
	appProtocolRead: {"a Service port's appProtocol is read", release(1, 6), version{},
		"1.6.0:pkg/config/kube/conversion.go ConvertProtocol"},
	appProtocolH2C: {"appProtocol kubernetes.io/h2c is HTTP/2", release(1, 19), version{},
		"1.19.0:pkg/config/kube/conversion.go ConvertProtocol"},
	appProtocolWebSocket: {"appProtocol kubernetes.io/ws and kubernetes.io/wss are HTTP and HTTPS", release(1, 24), version{},
		"1.24.0:pkg/config/kube/conversion.go ConvertProtocol"},
	permissiveByTransport: {"PERMISSIVE sends every TLS connection to the mTLS chain", release(1, 0), release(1, 1),
		"1.0.0:pilot/pkg/networking/core/v1alpha3/listener.go matches transport_protocol tls"},
	httpsMeetsHTTPFilter: {"HTTPS to a port declared HTTP has no filter chain that takes it", release(1, 5), version{},
		"pilot/pkg/networking/core/filterchain_options.go; 1.5 to 1.9 TLS meets the HTTP filter"},

	metricsMerge: {"metrics can be merged: meshConfig.enablePrometheusMerge, annotation prometheus.istio.io/merge-metrics", release(1, 6), version{},
		"1.6.0:pkg/kube/inject/webhook.go applyPrometheusMerge"},
	metricsMergeByDefault: {"metrics are merged by default: scrape annotations lead to the agent", release(1, 7), version{},
		"release note prom-rewrite; 1.6.0:manifests/charts/global.yaml has enablePrometheusMerge false"},
	metricsPortsChecked: {"the injector refuses a pod that names a port of the sidecar as its metrics port, or in prometheus.istio.io/scrape-targets", release(1, 31), version{},
		"1.31.0:pkg/kube/inject/webhook.go applyPrometheusMerge; not in 1.30.3"},
}

// has reports whether release v has feature f.
func (v version) has(f feature) bool {
	g := &gates[f]
	return !v.before(g.since) && (g.until == version{} || v.before(g.until))
}
