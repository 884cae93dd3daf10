package config_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/org/probe-mtls-action/docs/schema"
	"github.com/org/probe-mtls-action/internal/config"
)

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.JSON))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("probe-mtls.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("probe-mtls.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate tells what the schema says of YAML text.
func validate(t interface{ Fatal(...any) }, s *jsonschema.Schema, text string) error {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(instance)
}

// TestSchemaKeys compares the schema's properties with the keys that the
// decoder says are valid, section by section.
func TestSchemaKeys(t *testing.T) {
	t.Parallel()
	var s struct {
		Properties  map[string]any
		Definitions map[string]struct {
			Properties map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal(schema.JSON, &s); err != nil {
		t.Fatal(err)
	}
	var revisions struct {
		Items struct{ Properties map[string]any }
	}
	if err := json.Unmarshal(s.Definitions["mesh"].Properties["revisions"], &revisions); err != nil {
		t.Fatal(err)
	}
	validKeys := regexp.MustCompile(`valid keys: (.*)`)
	for _, c := range []struct {
		section, text string
		properties    []string
	}{
		{"the file", "zzz: 1", slices.Sorted(maps.Keys(s.Properties))},
		{"mesh", "mesh: {zzz: 1}", slices.Sorted(maps.Keys(s.Definitions["mesh"].Properties))},
		{"environment", "environments: [{zzz: 1}]", slices.Sorted(maps.Keys(s.Definitions["environment"].Properties))},
		{"revision", "mesh: {revisions: [{zzz: 1}]}", slices.Sorted(maps.Keys(revisions.Items.Properties))},
	} {
		_, err := config.Load(tree(map[string]string{config.DefaultFile: c.text}), config.DefaultFile)
		m := validKeys.FindStringSubmatch(err.Error())
		if m == nil {
			t.Errorf("%s: error %v, want one that lists the valid keys", c.section, err)
			continue
		}
		keys := strings.Split(m[1], ", ")
		slices.Sort(keys)
		if diff := cmp.Diff(keys, c.properties); diff != "" {
			t.Errorf("%s: decoder and schema differ (-decoder +schema):\n%s", c.section, diff)
		}
	}
}

// TestDocumentation loads every example of docs/configuration.md, validates it
// against the schema, and looks for every key of the schema in the text.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	s := compile(t)
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(examples) < 6 {
		t.Fatalf("only %d examples", len(examples))
	}
	files := map[string]string{
		"platform/istio/values.yaml":         "global: {}\n",
		"platform/istio/mesh-configmap.yaml": "apiVersion: v1\nkind: ConfigMap\ndata:\n  mesh: |\n    rootNamespace: x\n",
	}
	for _, e := range examples {
		files[config.DefaultFile] = string(e[1])
		if _, err := config.Load(tree(files), config.DefaultFile); err != nil {
			t.Errorf("%v\n%s", err, e[1])
		}
		if err := validate(t, s, string(e[1])); err != nil {
			t.Errorf("%v\n%s", err, e[1])
		}
	}
	for _, key := range regexp.MustCompile(`"(\w+)": \{`).FindAllSubmatch(schema.JSON, -1) {
		switch name := string(key[1]); name {
		case "properties", "definitions", "items", "not", "path", "text", "version", "environment", "tags":
		default:
			if !bytes.Contains(page, []byte("`"+name+"`")) {
				t.Errorf("docs/configuration.md does not describe %s", name)
			}
		}
	}
}

// TestSchemaAgrees draws configurations of likely and unlikely values and
// compares what decoder and schema say of them.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	s := compile(t)
	scalar := rapid.SampledFrom([]any{"strict", "PERMISSIVE", "auto", "always", "1.24", "v1.5.2", "1.x", "canary", "a/b", "../x", "/x", "..", "a/..b",
		"true", "true", "", true, false, 1.31, 7, "error", "never", "v.yaml"})
	list := rapid.SliceOfN(scalar, 0, 2)
	values := rapid.SampledFrom([]any{map[string]any{"a": 1}, map[string]any{}, "v.yaml", nil, 7, []any{}, true})
	either := func(gens ...*rapid.Generator[any]) *rapid.Generator[any] { return rapid.OneOf(gens...) }
	revision := rapid.Custom(func(t *rapid.T) any {
		return section(t, map[string]*rapid.Generator[any]{
			"name": scalar, "tags": either(list.AsAny(), scalar), "values": values, "meshConfig": values,
		})
	})
	mesh := rapid.Custom(func(t *rapid.T) any {
		return section(t, map[string]*rapid.Generator[any]{
			"istioVersion": scalar, "meshMTLS": scalar, "rewriteAppHTTPProbe": scalar, "rootNamespace": scalar, "injection": scalar,
			"enableNamespacesByDefault": scalar, "profile": scalar, "kubeletVersion": scalar, "nativeSidecars": scalar, "sidecarTLSIngress": scalar,
			"admissionValidates": scalar, "values": values, "meshConfig": values, "revisions": rapid.SliceOfN(revision, 0, 2).AsAny(), "zzz": scalar,
		})
	})
	environment := rapid.Custom(func(t *rapid.T) any {
		e := section(t, map[string]*rapid.Generator[any]{"roots": either(list.AsAny(), scalar), "context": list.AsAny(), "mesh": mesh})
		if rapid.IntRange(0, 9).Draw(t, "named") > 0 {
			e.(map[string]any)["name"] = "prod"
		}
		return e
	})
	rapid.Check(t, func(t *rapid.T) {
		cfg := section(t, map[string]*rapid.Generator[any]{
			"mesh": mesh, "environments": rapid.SliceOfN(environment, 0, 1).AsAny(), "failOn": scalar,
			"paths": either(list.AsAny(), scalar), "exclude": list.AsAny(), "context": list.AsAny(), "zzz": scalar,
		})
		text, err := yaml.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, loadErr := config.Load(tree(map[string]string{config.DefaultFile: string(text), "v.yaml": "a: 1\n"}), config.DefaultFile)
		if loadErr != nil && strings.Contains(loadErr.Error(), "there is no file") {
			t.Skip("the schema does not know which files there are")
		}
		if loadErr != nil && strings.Contains(loadErr.Error(), "must be a version, not \"7\"") {
			t.Skip("to the schema 1.0 and 1 are one number")
		}
		schemaErr := validate(t, s, string(text))
		if (loadErr == nil) != (schemaErr == nil) {
			t.Errorf("decoder: %v\nschema: %v\n%s", loadErr, schemaErr, text)
		}
	})
}

// section draws a few of the keys, so that valid ones come up often.
func section(t *rapid.T, keys map[string]*rapid.Generator[any]) any {
	out := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if rapid.IntRange(0, 4).Draw(t, "with "+key) == 0 {
			out[key] = keys[key].Draw(t, key)
		}
	}
	return out
}
