package githubtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// ContractsEnv names the environment variable with the directory of GitHub's
// own descriptions: node_modules below which @octokit/openapi and
// @octokit/graphql-schema are installed (see contracts/package.json).
const ContractsEnv = "PROBE_MTLS_CONTRACTS"

// contract checks traffic against GitHub's own descriptions.
type contract struct {
	router routers.Router
	schema *ast.Schema

	checked sync.Map // a hash of a request with its answer to what was found
}

// operations are the paths that the server answers; the rest of GitHub's
// description is left out, as it is very large.
var operations = []string{
	"/user",
	"/repos/{owner}/{repo}/pulls",
	"/repos/{owner}/{repo}/pulls/{pull_number}",
	"/repos/{owner}/{repo}/pulls/{pull_number}/files",
	"/repos/{owner}/{repo}/pulls/{pull_number}/comments",
	"/repos/{owner}/{repo}/pulls/comments/{comment_id}",
	"/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
	"/repos/{owner}/{repo}/issues/{issue_number}/comments",
	"/repos/{owner}/{repo}/issues/comments/{comment_id}",
	"/repos/{owner}/{repo}/compare/{basehead}",
	"/repos/{owner}/{repo}/check-runs",
	"/repos/{owner}/{repo}/check-runs/{check_run_id}",
	"/repos/{owner}/{repo}/commits/{ref}/check-runs",
	"/repos/{owner}/{repo}/code-scanning/sarifs",
	"/repos/{owner}/{repo}/code-scanning/sarifs/{sarif_id}",
	"/repos/{owner}/{repo}/actions/runs/{run_id}",
	"/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
	"/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}",
}

var contracts sync.Map // file paths -> func() (*contract, error), loaded once

// loadContract reads the descriptions below dir; enterprise takes the REST
// description of the newest Enterprise Server that is there.
func loadContract(dir string, enterprise bool) (*contract, error) {
	rest := filepath.Join(dir, "@octokit/openapi/generated/api.github.com.json")
	if enterprise {
		all, err := filepath.Glob(filepath.Join(dir, "@octokit/openapi/generated/ghes-3.??.json"))
		if err != nil || len(all) == 0 {
			return nil, fmt.Errorf("no description of an Enterprise Server below %s", dir)
		}
		rest = all[len(all)-1]
	}
	graphql := filepath.Join(dir, "@octokit/graphql-schema/schema.graphql")
	load, _ := contracts.LoadOrStore(rest+"\n"+graphql, sync.OnceValues(func() (*contract, error) { return readContract(rest, graphql) }))
	return load.(func() (*contract, error))()
}

func readContract(rest, graphql string) (*contract, error) {
	data, err := os.ReadFile(rest)
	if err != nil {
		return nil, err
	}
	if data, err = prune(data); err != nil {
		return nil, fmt.Errorf("%s: %w", rest, err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rest, err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rest, err)
	}
	sdl, err := os.ReadFile(graphql)
	if err != nil {
		return nil, err
	}
	schema, err := readSchema(graphql, string(sdl))
	if err != nil {
		return nil, err
	}
	return &contract{router: router, schema: schema}, nil
}

// readSchema reads GitHub's schema. As published it defines some fields of a
// type twice, which the language forbids; the first definition counts.
func readSchema(name, sdl string) (*ast.Schema, error) {
	doc, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Name: name, Input: sdl})
	if err != nil {
		return nil, err
	}
	for _, def := range doc.Definitions {
		seen := map[string]bool{}
		def.Fields = slices.DeleteFunc(def.Fields, func(f *ast.FieldDefinition) bool {
			twice := seen[f.Name]
			seen[f.Name] = true
			return twice
		})
	}
	return validator.ValidateSchemaDocument(doc)
}

var reference = regexp.MustCompile(`"\$ref":\s*"#/components/([^/"]+)/([^"]+)"`)

// prune keeps the operations and what they refer to.
func prune(data []byte) ([]byte, error) {
	var doc struct {
		OpenAPI    string                                `json:"openapi"`
		Info       json.RawMessage                       `json:"info"`
		Paths      map[string]json.RawMessage            `json:"paths"`
		Components map[string]map[string]json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	paths := map[string]json.RawMessage{}
	var queue []json.RawMessage
	for _, p := range operations {
		if doc.Paths[p] == nil {
			return nil, fmt.Errorf("no path %s", p)
		}
		paths[p] = doc.Paths[p]
		queue = append(queue, doc.Paths[p])
	}
	kept := map[string]map[string]json.RawMessage{}
	for len(queue) > 0 {
		for _, m := range reference.FindAllSubmatch(queue[0], -1) {
			section, name := string(m[1]), string(m[2])
			if kept[section] == nil {
				kept[section] = map[string]json.RawMessage{}
			}
			if _, ok := kept[section][name]; ok {
				continue
			}
			part, ok := doc.Components[section][name]
			if !ok {
				return nil, fmt.Errorf("no component %s/%s", section, name)
			}
			kept[section][name] = part
			queue = append(queue, part)
		}
		queue = queue[1:]
	}
	return json.Marshal(map[string]any{"openapi": doc.OpenAPI, "info": doc.Info, "paths": paths, "components": kept})
}

// check validates a request and its response; path is below the API's prefix.
// The same request with the same answer is validated once: a story that is told
// with many faults repeats nearly all of them.
func (c *contract) check(req *http.Request, path string, body []byte, status int, header http.Header, answer []byte) []string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %q %q %q %d %q %d\n", req.Method, path, req.URL.RawQuery, req.Header.Get("Content-Type"), status, header.Get("Content-Type"), len(body))
	h.Write(body)
	h.Write(answer)
	key := [sha256.Size]byte(h.Sum(nil))
	if found, ok := c.checked.Load(key); ok {
		return found.([]string)
	}
	found := c.validate(req, path, body, status, header, answer)
	c.checked.Store(key, found)
	return found
}

func (c *contract) validate(req *http.Request, path string, body []byte, status int, header http.Header, answer []byte) []string {
	var found []string
	r := req.Clone(req.Context())
	r.URL = &url.URL{Path: path, RawQuery: req.URL.RawQuery}
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return []string{fmt.Sprintf("%s %s: not in GitHub's description: %v", req.Method, path, err)}
	}
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	}
	// What GitHub itself refuses may break its description.
	if err := openapi3filter.ValidateRequest(req.Context(), in); err != nil && status != http.StatusUnprocessableEntity {
		found = append(found, fmt.Sprintf("%s %s: request: %v", req.Method, path, err))
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: header, Options: in.Options}
	out.SetBodyBytes(answer)
	if err := openapi3filter.ValidateResponse(req.Context(), out); err != nil {
		found = append(found, fmt.Sprintf("%s %s: response %d: %v", req.Method, path, status, err))
	}
	return found
}
