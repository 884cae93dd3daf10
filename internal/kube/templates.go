package kube

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// kind is a kind with its API group.
type kind struct{ group, kind string }

// template tells where a kind keeps a pod template.
type template struct {
	// at leads to the template: keys, [] for each item of a list, * for each
	// value of a mapping; fixed is the same where it has neither.
	at    []string
	fixed render.Path
	keys  *podKeys
	// main names the container whose fields, probes among them, stand in the
	// spec itself, beside the lists of other containers; "*" is the last key of
	// at. It is "" where there is none.
	main string
}

// podKeys are the keys below a template that its pods' parts stand at; places
// share them.
type podKeys struct{ meta, labels, annotations, spec, init, containers []string }

var (
	// core/v1 PodTemplateSpec.
	templateKeys = podKeys{
		meta: steps("metadata"), labels: steps("metadata.labels"), annotations: steps("metadata.annotations"),
		spec: steps("spec"), init: steps("spec.initContainers"), containers: steps("spec.containers"),
	}
	// What operators commonly make pods of: a mapping that has podMetadata.
	componentKeys = podKeys{
		meta: steps("podMetadata"), labels: steps("podMetadata.labels"), annotations: steps("podMetadata.annotations"),
		init: steps("initContainers"), containers: steps("containers"),
	}
)

// podTemplate is a core/v1 PodTemplateSpec.
func podTemplate(at string) template { return templateAt(at, &templateKeys, "") }

// component is a pod that an operator makes of a mapping of its own, which may
// have the fields of its main container.
func component(at, main string) template { return templateAt(at, &componentKeys, main) }

func templateAt(at string, keys *podKeys, main string) template {
	t := template{at: steps(at), keys: keys, main: main}
	if !strings.Contains(at, "[]") && !strings.Contains(at, "*") {
		t.fixed = render.PathOf(t.at...)
	}
	return t
}

func steps(at string) []string {
	if at == "" {
		return nil
	}
	return strings.Split(at, ".")
}

// coreTemplates are the places of pod templates of kinds whose API group does
// not matter. Every kind that is in neither table is taken to hold one at
// spec.template, if there is something like one.
var coreTemplates = map[string][]template{
	"Pod":         {podTemplate("")},
	"PodTemplate": {podTemplate("template")},
	"CronJob":     {podTemplate("spec.jobTemplate.spec.template")},
}

var defaultTemplates = []template{podTemplate("spec.template")}

// foreignTemplates are the places of pod templates of operators' kinds, as the
// Go types of their APIs have them. Any Pod that such an operator creates meets
// the injector like another one.
var foreignTemplates = map[kind][]template{
	// KEDA v1alpha1 ScaledJobSpec.JobTargetRef is a batch/v1 JobSpec.
	{"keda.sh", "ScaledJob"}: {podTemplate("spec.jobTargetRef.template")},
	// LeaderWorkerSet v1 LeaderWorkerTemplate.
	{"leaderworkerset.x-k8s.io", "LeaderWorkerSet"}: {
		podTemplate("spec.leaderWorkerTemplate.leaderTemplate"), podTemplate("spec.leaderWorkerTemplate.workerTemplate"),
	},
	// OLM v1alpha1 StrategyDetailsDeployment.
	{"operators.coreos.com", "ClusterServiceVersion"}: {podTemplate("spec.install.spec.deployments.[].spec.template")},
	{"jobset.x-k8s.io", "JobSet"}:                     {podTemplate("spec.replicatedJobs.[].template.spec.template")},
	{"batch.volcano.sh", "Job"}:                       {podTemplate("spec.tasks.[].template")},
	{"apps.kruise.io", "AdvancedCronJob"}: {
		podTemplate("spec.template.jobTemplate.spec.template"), podTemplate("spec.template.broadcastJobTemplate.spec.template"),
	},
	{"apps.kruise.io", "UnitedDeployment"}: {
		podTemplate("spec.template.statefulSetTemplate.spec.template"), podTemplate("spec.template.advancedStatefulSetTemplate.spec.template"),
		podTemplate("spec.template.cloneSetTemplate.spec.template"), podTemplate("spec.template.deploymentTemplate.spec.template"),
	},
	// Knative RevisionSpec is a core/v1 PodSpec.
	{"serving.knative.dev", "Revision"}: {podTemplate("")},
	{"ray.io", "RayCluster"}:            {podTemplate("spec.headGroupSpec.template"), podTemplate("spec.workerGroupSpecs.[].template")},
	{"ray.io", "RayService"}:            {podTemplate("spec.rayClusterConfig.headGroupSpec.template"), podTemplate("spec.rayClusterConfig.workerGroupSpecs.[].template")},
	{"ray.io", "RayJob"}: {
		podTemplate("spec.rayClusterSpec.headGroupSpec.template"), podTemplate("spec.rayClusterSpec.workerGroupSpecs.[].template"),
		podTemplate("spec.submitterPodTemplate"),
	},
	{"kubeflow.org", "PyTorchJob"}: {podTemplate("spec.pytorchReplicaSpecs.*.template")},
	{"kubeflow.org", "TFJob"}:      {podTemplate("spec.tfReplicaSpecs.*.template")},
	{"kubeflow.org", "XGBoostJob"}: {podTemplate("spec.xgbReplicaSpecs.*.template")},
	{"kubeflow.org", "MPIJob"}:     {podTemplate("spec.mpiReplicaSpecs.*.template")},
	{"kubeflow.org", "PaddleJob"}:  {podTemplate("spec.paddleReplicaSpecs.*.template")},
	// Elastic Cloud on Kubernetes.
	{"elasticsearch.k8s.elastic.co", "Elasticsearch"}:       {podTemplate("spec.nodeSets.[].podTemplate")},
	{"kibana.k8s.elastic.co", "Kibana"}:                     {podTemplate("spec.podTemplate")},
	{"apm.k8s.elastic.co", "ApmServer"}:                     {podTemplate("spec.podTemplate")},
	{"enterprisesearch.k8s.elastic.co", "EnterpriseSearch"}: {podTemplate("spec.podTemplate")},
	{"logstash.k8s.elastic.co", "Logstash"}:                 {podTemplate("spec.podTemplate")},
	{"beat.k8s.elastic.co", "Beat"}:                         {podTemplate("spec.deployment.podTemplate"), podTemplate("spec.daemonSet.podTemplate")},
	{"agent.k8s.elastic.co", "Agent"}: {
		podTemplate("spec.deployment.podTemplate"), podTemplate("spec.daemonSet.podTemplate"), podTemplate("spec.statefulSet.podTemplate"),
	},
	// The Prometheus operator merges spec.containers into the pods that it makes.
	{"monitoring.coreos.com", "Prometheus"}:      {component("spec", "")},
	{"monitoring.coreos.com", "PrometheusAgent"}: {component("spec", "")},
	{"monitoring.coreos.com", "Alertmanager"}:    {component("spec", "")},
	{"monitoring.coreos.com", "ThanosRuler"}:     {component("spec", "")},
	// VictoriaMetrics: EmbeddedProbes stand beside the component's other settings.
	{"operator.victoriametrics.com", "VMCluster"}:      {component("spec.vmselect", "*"), component("spec.vminsert", "*"), component("spec.vmstorage", "*")},
	{"operator.victoriametrics.com", "VMSingle"}:       {component("spec", "vmsingle")},
	{"operator.victoriametrics.com", "VMAgent"}:        {component("spec", "vmagent")},
	{"operator.victoriametrics.com", "VMAlert"}:        {component("spec", "vmalert")},
	{"operator.victoriametrics.com", "VMAuth"}:         {component("spec", "vmauth")},
	{"operator.victoriametrics.com", "VMAlertmanager"}: {component("spec", "alertmanager")},
	{"operator.victoriametrics.com", "VLSingle"}:       {component("spec", "vlsingle")},
	{"operator.victoriametrics.com", "VLogs"}:          {component("spec", "vlogs")},
	{"operator.victoriametrics.com", "VLCluster"}:      {component("spec.vlselect", "*"), component("spec.vlinsert", "*"), component("spec.vlstorage", "*")},
}

func templatesOf(ref render.Ref) []template {
	if t, ok := foreignTemplates[kind{ref.Group, ref.Kind}]; ok {
		return t
	}
	if t, ok := coreTemplates[ref.Kind]; ok {
		return t
	}
	return defaultTemplates
}

// each calls found for everything that at leads to from n, which stands at path.
func each(n *yaml.Node, path render.Path, at []string, found func(*yaml.Node, render.Path)) {
	if n == nil {
		return
	}
	if len(at) == 0 {
		found(n, path)
		return
	}
	switch at[0] {
	case "[]":
		for i, child := range Items(n) {
			each(child, path.Item(i), at[1:], found)
		}
	case "*":
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			each(n.Content[i+1], path.Key(n.Content[i].Value), at[1:], found)
		}
	default:
		each(Get(n, at[0]), path.Key(at[0]), at[1:], found)
	}
}
