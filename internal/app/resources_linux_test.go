package app_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What one hostile root may cost a run that gives it five seconds of CPU time and
// half a gibibyte: its own, and what the run itself takes, with room to spare.
const (
	resourceCPU    = 40 * time.Second
	resourceMemory = 1 << 30
)

// TestResources: whatever one root holds, the run ends within bounds of CPU time
// and memory, tells that the root was not checked, and has the finding of the
// other one. Roots that turn out to be harmless may be checked, too.
func TestResources(t *testing.T) {
	if os.Getenv("PROBE_MTLS_RESOURCES") == "" {
		t.Skip("make resources runs it: it takes minutes of CPU time")
	}
	t.Logf("%-22s %8s %8s", "root", "CPU", "MiB")
	for name, files := range hostile() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files["good/kustomization.yaml"] = "resources: [web.yaml]\n"
			files["good/web.yaml"] = workload
			for file, text := range files {
				file = filepath.Join(dir, file)
				if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(text), 0o666)); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(self()[0], "check", "--root-cpu", "5", "--root-memory", "512", "--mesh-mtls", "strict", "--rewrite-probes", "false", "--injection", "always", ".")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PROBE_MTLS_TEST_MAIN=1")
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Run()
			if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("%v", err)
			}
			usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
			cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
			t.Logf("%-22s %8s %8d", name, cpu.Round(100*time.Millisecond), usage.Maxrss>>10)
			if cpu > resourceCPU || usage.Maxrss<<10 > resourceMemory {
				t.Errorf("it took %s and %d MiB", cpu, usage.Maxrss>>10)
			}
			if text := out.String(); !strings.Contains(text, "good/web.yaml:11:") || strings.Contains(text, "goroutine ") {
				t.Errorf("the good root's finding is lost:\n%.2000s", text)
			}
		})
	}
}

const workload = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        livenessProbe: {httpGet: {port: 8080}}
`

// hostile are roots that take much, each in a way of its own.
func hostile() map[string]map[string]string {
	const k = "evil/kustomization.yaml"
	object := func(i int) string {
		return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%d}\n", i)
	}
	repeat := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	laughs := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + repeat(7, func(i int) string {
		return fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 9), i)
	})
	files := map[string]map[string]string{
		"aliases": {k: "transformers:\n- !!binary " + base64.StdEncoding.EncodeToString([]byte(laughs)) + "\n"},
		"keys":    {k: "resources: [a.yaml]\n", "evil/a.yaml": object(0) + "data:\n" + repeat(200_000, func(i int) string { return fmt.Sprintf("  k%d: v\n", i) })},
		"objects": {k: "resources: [a.yaml]\n", "evil/a.yaml": repeat(15_000, func(i int) string { return object(i) + "---\n" })},
		"line": {k: "resources: [a.json]\n", "evil/a.json": `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{` +
			repeat(110_000, func(i int) string { return fmt.Sprintf("%q:%q,", fmt.Sprint("k", i), strings.Repeat("v", 80)) }) + `"z":""}}`},
		"copies": {k: "resources: [a.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n    - {op: add, path: /data, value: {a: " + strings.Repeat("x", 1000) + "}}\n" +
			repeat(40, func(i int) string { return fmt.Sprintf("    - {op: copy, from: /data, path: /data/c%d}\n", i) }), "evil/a.yaml": object(0)},
		"replacements": {k: "resources: [a.yaml]\nreplacements:\n" + repeat(40, func(i int) string {
			return fmt.Sprintf("- source: {kind: ConfigMap, fieldPath: data}\n  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.c%d], options: {create: true}}]\n", i)
		}), "evil/a.yaml": object(0) + "data: {a: b}\n"},
		"labels": {k: "resources: [a.yaml]\ncommonLabels: {l: " + strings.Repeat("x", 1<<20) + "}\n", "evil/a.yaml": repeat(3000, func(i int) string { return object(i) + "---\n" })},
		"variables": {k: "resources: [a.yaml]\nvars: [{name: V, objref: {apiVersion: v1, kind: ConfigMap, name: a0}, fieldref: {fieldpath: data.v}}]\nconfigurations: [c.yaml]\n",
			"evil/a.yaml": object(0) + "data:\n  v: " + strings.Repeat("x", 1<<20) + "\n  r: " + strings.Repeat("$(V)", 1<<18) + "\n",
			"evil/c.yaml": "varReference: [{path: data, kind: ConfigMap}]\n"},
		"definitions": {k: "resources: [../good]\ncrds: [c.json]\n",
			"evil/c.json": `{"a.A": {"Schema": {"properties": {"kind": {}, "apiVersion": {}, "metadata": {}, "a": {"$ref": "a.A"}, "b": {"$ref": "a.A"}}}}}`},
		"patches": {k: "resources: [a.yaml]\npatches:\n" + repeat(2000, func(i int) string {
			return fmt.Sprintf("- {target: {kind: ConfigMap}, patch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {\"a\": \"%d\"}}]'}\n", i)
		}), "evil/a.yaml": repeat(2000, func(i int) string { return object(i) + "---\n" })},
		"environment": {k: "configMapGenerator: [{name: a, envs: [e.env]}]\n", "evil/e.env": repeat(200_000, func(i int) string { return fmt.Sprintf("K%d=v\n", i) })},
	}
	prefix := map[string]string{k: "resources: [l39]\n", "evil/l0/a.yaml": object(0)}
	for i := range 40 {
		below := "../l" + fmt.Sprint(i-1)
		if i == 0 {
			below = "a.yaml"
		}
		prefix[fmt.Sprintf("evil/l%d/kustomization.yaml", i)] = "resources: [" + below + "]\nnamePrefix: " + strings.Repeat("p", 1<<20) + "\n"
	}
	files["prefixes"] = prefix
	return files
}
