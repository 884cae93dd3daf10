package settings_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/probe-mtls-action/internal/settings"
	"github.com/org/probe-mtls-action/internal/version"
)

var update = flag.Bool("update", false, "write what is made from the table of settings")

// TestGenerated compares what the repository holds with what the table of
// settings makes of it; -update writes it.
func TestGenerated(t *testing.T) {
	t.Parallel()
	for _, g := range []struct {
		file       string
		begin, end string // what stands around the generated lines; "" is the whole file
		text       string
	}{
		{"action.yml", "inputs:\n", "\noutputs:\n", inputs()},
		{"action/binary/action.yml", "inputs:\n", "\noutputs:\n", inputs()},
		{"action/binary/action.yml", "      env:\n        INPUT_GITHUB_TOKEN: ${{ inputs.github-token }}\n", "        # end of the inputs\n", inputVariables()},
		{"docs/github-action.md", "<!-- inputs, made from the table of settings -->\n", "<!-- end -->", inputTable()},
		{"docs/configuration.md", "<!-- mesh, made from the table of settings -->\n", "<!-- end -->", keyTable("mesh")},
		{"docs/configuration.md", "<!-- environments, made from the table of settings -->\n", "<!-- end -->", keyTable("environments[]")},
		{"docs/configuration.md", "<!-- defaults, made from the table of settings -->\n", "<!-- end -->", keyTable("")},
		{"docs/schema/probe-mtls.schema.json", "", "", schema(t)},
	} {
		t.Run(g.file+" "+strings.TrimSpace(g.begin), func(t *testing.T) {
			name := filepath.Join("..", "..", filepath.FromSlash(g.file))
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			from, to := 0, len(data)
			if g.begin != "" {
				if from = bytes.Index(data, []byte(g.begin)); from < 0 {
					t.Fatalf("%s has no line %q", g.file, g.begin)
				}
				from += len(g.begin)
				n := bytes.Index(data[from:], []byte(g.end))
				if n < 0 {
					t.Fatalf("%s has no %q after %q", g.file, g.end, g.begin)
				}
				to = from + n
			}
			if *update {
				out := append(append(append([]byte{}, data[:from]...), g.text...), data[to:]...)
				if err := os.WriteFile(name, out, 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(g.text, string(data[from:to])); diff != "" {
				t.Errorf("%s differs from the table of settings; go test ./internal/settings -update writes it (-table +file):\n%s", g.file, diff)
			}
		})
	}
}

// inputs are the inputs of action.yml.
func inputs() string {
	var b strings.Builder
	for _, s := range settings.Of(settings.Input) {
		fmt.Fprintf(&b, "  %s:\n    description: '%s'\n    required: false\n    default: '%s'\n",
			s.Name, strings.ReplaceAll(inputText(s), "'", "''"), s.DefaultOn(settings.Input))
	}
	return b.String()
}

// inputVariables hand the inputs of the composite action to the program; the
// first one's line stands before them.
func inputVariables() string {
	var b strings.Builder
	for _, s := range settings.Of(settings.Input)[1:] {
		fmt.Fprintf(&b, "        INPUT_%s: ${{ inputs.%s }}\n", strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_")), s.Name)
	}
	return b.String()
}

func inputTable() string {
	var b strings.Builder
	b.WriteString("| input | default | what it does |\n| --- | --- | --- |\n")
	for _, s := range settings.Of(settings.Input) {
		def := s.DefaultOn(settings.Input)
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, def, inputText(s))
	}
	return b.String()
}

// inputText describes an input in whole sentences.
func inputText(s *settings.Setting) string {
	text := sentence(s)
	switch {
	case s.IsList() && s.Form.Choices == nil:
		text += " One a line, relative to the workspace."
	case s.Form.Name == "path":
		text += " Relative to the workspace."
	}
	unset := s.Unset
	if s.Key != "" && unset != "" {
		unset = "the configuration file's, else " + unset
	}
	if unset != "" {
		text += " Empty: " + unset + "."
	}
	if s.Note != "" {
		text += " " + s.Note
	}
	return text
}

// sentence is what a setting says, with its words.
func sentence(s *settings.Setting) string {
	text := strings.ToUpper(s.Says[:1]) + s.Says[1:]
	if s.Form.Choices != nil && !s.IsList() {
		text += ": " + settings.Words(s.Form.Choices, "or")
	}
	return text + "."
}

func keyTable(section string) string {
	var b strings.Builder
	b.WriteString("| key | value | says | default |\n| --- | --- | --- | --- |\n")
	for _, s := range settings.Section(section) {
		if section == "" && (s.Form.Name == "mapping" || s.Form.Name == "list") {
			continue // a section of its own
		}
		value := s.Form.Name
		if s.Form.Choices != nil {
			value = "`" + strings.Join(s.Form.Choices, "`, `") + "`"
		}
		says := s.Says
		if s.Name != "" && s.On&settings.Check != 0 {
			says += "; flag `--" + s.Name + "`"
		}
		def := s.Unset
		if def == "" && s.Default != "" {
			def = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.LastKey(), value, says, def)
	}
	return b.String()
}

// object is a JSON object that keeps the order of its keys.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := plainJSON(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// schema is the JSON Schema of .probe-mtls.yaml, for draft 7, which editors
// know best.
func schema(t *testing.T) string {
	t.Helper()
	orNull := func(types ...string) member { return member{"type", append(types, "null")} }
	closed := member{"additionalProperties", false}
	structures := map[string]object{
		"mesh":                        {{"$ref", "#/definitions/mesh"}},
		"environments[].mesh":         {{"$ref", "#/definitions/mesh"}},
		"environments":                {orNull("array"), {"items", object{{"$ref", "#/definitions/environment"}}}},
		"environments[].roots":        {{"type", "array"}, {"minItems", 1}, {"items", object{{"$ref", "#/definitions/path"}}}},
		"mesh.revisions":              {orNull("array"), {"items", object{orNull("object"), closed, {"properties", properties("mesh.revisions[]", nil)}}}},
		"mesh.revisions[].name":       {{"type", []string{"string", "number"}}},
		"mesh.revisions[].tags":       {orNull("array"), {"items", object{{"$ref", "#/definitions/text"}}}},
		"mesh.meshMTLS":               {{"enum", []any{"strict", "permissive", "disable", "STRICT", "PERMISSIVE", "DISABLE"}}},
		"mesh.rewriteAppHTTPProbe":    {{"enum", []any{true, false, "auto"}}, {"default", "auto"}},
		"mesh.nativeSidecars":         {{"enum", []any{true, false, "true", "false", "auto"}}},
		"mesh.revisions[].values":     {{"$ref", "#/definitions/values"}},
		"mesh.values":                 {{"$ref", "#/definitions/values"}},
		"mesh.meshConfig":             {{"$ref", "#/definitions/values"}},
		"mesh.revisions[].meshConfig": {{"$ref", "#/definitions/values"}},
	}
	structures["mesh.revisions"][1].value.(object)[2].value = properties("mesh.revisions[]", structures)
	doc := object{
		{"$schema", "http://json-schema.org/draft-07/schema#"},
		{"$id", "https://raw.githubusercontent.com/org/probe-mtls-action/v1/docs/schema/probe-mtls.schema.json"},
		{"title", ".probe-mtls.yaml"},
		{"description", "Configuration of probe-mtls-action: the mesh that a repository's roots run in, and defaults for the command line."},
		orNull("object"),
		closed,
		{"properties", properties("", structures)},
		{"definitions", object{
			{"paths", object{orNull("array"), {"items", object{{"$ref", "#/definitions/path"}}}}},
			{"path", object{
				{"description", "Relative to the repository's root."},
				{"anyOf", []object{{{"type", "number"}}, {{"type", "string"}, {"minLength", 1}, {"not", object{{"pattern", `^(/|\.\.(/|$))`}}}}}},
			}},
			{"text", object{{"type", []string{"string", "number"}}, {"minLength", 1}}},
			{"version", object{{"type", []string{"string", "number"}}, {"pattern", strings.ReplaceAll(version.Pattern, "(?:", "(")}}},
			{"values", object{orNull("object", "string"), {"minLength", 1}}},
			{"mesh", object{orNull("object"), closed, {"properties", properties("mesh", structures)}}},
			{"environment", object{{"type", "object"}, {"required", []string{"name", "roots"}}, closed, {"properties", properties("environments[]", structures)}}},
		}},
	}
	data, err := plainJSON(doc)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	// Short lists on one line, as a person would write them.
	short := regexp.MustCompile(`\[\s+((?:(?:"[^"\n]*"|true|false),?\s+)+)\]`)
	out := short.ReplaceAllStringFunc(b.String(), func(list string) string {
		return "[" + strings.Join(strings.Fields(list[1:len(list)-1]), " ") + "]"
	})
	return out + "\n"
}

// properties are the keys of a section.
func properties(section string, structures map[string]object) object {
	var out object
	for _, s := range settings.Section(section) {
		text := strings.ToUpper(s.Says[:1]) + s.Says[1:]
		if s.Name != "" && s.On&settings.Check != 0 {
			text += " (flag --" + s.Name + ")"
		}
		text += "."
		if s.Unset != "" {
			text += " Default: " + s.Unset + "."
		}
		value := object{{"description", text}}
		structure, known := structures[s.Key]
		switch {
		case known:
			value = append(value, structure...)
		case s.Form.Choices != nil:
			value = append(value, member{"enum", s.Form.Choices})
		case s.Form.Name == "boolean":
			value = append(value, member{"type", "boolean"}, member{"default", s.Default == "true"})
		case s.Form.Name == "version":
			value = append(value, member{"$ref", "#/definitions/version"})
		case s.Form.Name == "paths" || s.Form.Name == "globs":
			value = append(value, member{"$ref", "#/definitions/paths"})
		default:
			value = append(value, member{"$ref", "#/definitions/text"})
		}
		out = append(out, member{s.LastKey(), value})
	}
	return out
}
