package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// resolver is a field that depends on its arguments.
type resolver func(args map[string]any) (any, error)

// graphqlFailure is an error with GitHub's type of it.
type graphqlFailure struct{ kind, message string }

func (e *graphqlFailure) Error() string { return e.message }

type graphqlRequest struct {
	Query     string
	Variables map[string]any
}

// serveGraphQL answers one operation: its fields are looked up in a tree of
// maps, lists and resolvers.
func (s *Server) serveGraphQL(rec *httptest.ResponseRecorder, body []byte) {
	var in graphqlRequest
	if err := json.Unmarshal(body, &in); err != nil {
		problem(rec, 400, "Problems parsing JSON")
		return
	}
	fail := func(kind, message string) {
		e := object{"message": message, "path": []string{}, "locations": []object{{"line": 1, "column": 1}}}
		if kind != "" {
			e["type"] = kind
		}
		write(rec, 200, object{"data": nil, "errors": []object{e}})
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: in.Query})
	if err != nil || len(doc.Operations) != 1 {
		fail("", fmt.Sprintf("Parse error: %v", err))
		return
	}
	if s.opt.NoGraphQL {
		fail("FORBIDDEN", notAccessible)
		return
	}
	op := doc.Operations[0]
	root := s.queryRoot()
	if op.Operation == ast.Mutation {
		root = s.mutationRoot()
	}
	data, err := project(op.SelectionSet, root, in.Variables)
	if err != nil {
		if f, ok := err.(*graphqlFailure); ok {
			fail(f.kind, f.message)
			return
		}
		fail("", err.Error())
		return
	}
	write(rec, 200, object{"data": data})
}

// project selects fields of v.
func project(set ast.SelectionSet, v any, vars map[string]any) (any, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			p, err := project(set, one, vars)
			if err != nil {
				return nil, err
			}
			out[i] = p
		}
		return out, nil
	case object:
		out := object{}
		for _, sel := range set {
			f, ok := sel.(*ast.Field)
			if !ok {
				return nil, fmt.Errorf("fragments are not served")
			}
			value, ok := v[f.Name]
			if !ok {
				return nil, fmt.Errorf("Field '%s' is not served", f.Name)
			}
			if call, ok := value.(resolver); ok {
				args := map[string]any{}
				for _, a := range f.Arguments {
					arg, err := a.Value.Value(vars)
					if err != nil {
						return nil, err
					}
					args[a.Name] = arg
				}
				var err error
				if value, err = call(args); err != nil {
					return nil, err
				}
			}
			p, err := project(f.SelectionSet, value, vars)
			if err != nil {
				return nil, err
			}
			out[f.Alias] = p
		}
		return out, nil
	}
	return v, nil
}

func (s *Server) queryRoot() object {
	return object{
		"viewer": object{"login": s.opt.Login},
		"repository": resolver(func(args map[string]any) (any, error) {
			if fmt.Sprint(args["owner"], "/", args["name"]) != s.opt.Repository {
				return nil, &graphqlFailure{"NOT_FOUND", "Could not resolve to a Repository"}
			}
			if s.perms.PullRequests < Read {
				return nil, &graphqlFailure{"FORBIDDEN", notAccessible}
			}
			return object{"pullRequest": resolver(func(args map[string]any) (any, error) {
				if fmt.Sprint(args["number"]) != strconv.Itoa(s.opt.Number) {
					return nil, &graphqlFailure{"NOT_FOUND", "Could not resolve to a PullRequest"}
				}
				return object{"reviewThreads": s.connection(s.threads())}, nil
			})}, nil
		}),
	}
}

// connection is a list with cursors, at most 100 a page.
func (s *Server) connection(all []any) resolver {
	return func(args map[string]any) (any, error) {
		first, err := strconv.Atoi(fmt.Sprint(args["first"]))
		if err != nil || first < 1 || first > 100 {
			return nil, fmt.Errorf("You must provide a `first` value of 1 to 100")
		}
		from := 0
		if after, ok := args["after"].(string); ok {
			if from, err = strconv.Atoi(strings.TrimPrefix(after, "cursor:")); err != nil {
				return nil, fmt.Errorf("`%s` does not appear to be a valid cursor", after)
			}
		}
		from = min(from, len(all))
		to := min(from+first, len(all))
		return object{
			"totalCount": len(all), "nodes": append([]any{}, all[from:to]...),
			"pageInfo": object{"hasNextPage": to < len(all), "endCursor": fmt.Sprintf("cursor:%d", to)},
		}, nil
	}
}

func (s *Server) threads() []any {
	all := []any{}
	for _, c := range s.state.comments {
		if c.InReplyTo == 0 && s.visible(c) {
			all = append(all, s.thread(c))
		}
	}
	return all
}

func (s *Server) thread(first *Comment) object {
	comments := []any{}
	for _, c := range s.state.comments {
		if c == first || c.InReplyTo == first.ID {
			comments = append(comments, object{"id": nodeID("PRRC", c.ID), "isMinimized": c.Minimized != "", "viewerDidAuthor": c.Author == s.opt.Login})
		}
	}
	var by any
	if first.ResolvedBy != "" {
		by = object{"login": strings.TrimSuffix(first.ResolvedBy, "[bot]")}
	}
	return object{
		"id": nodeID("PRRT", first.ID), "isResolved": first.Resolved, "isOutdated": !first.OnFile && s.lineNow(first) == 0,
		"resolvedBy": by, "comments": s.connection(comments),
	}
}

func (s *Server) mutationRoot() object {
	// Threads take contents: write besides pull-requests: write.
	canResolve := s.perms.PullRequests >= Write && s.perms.Contents >= Write
	canMinimize := s.perms.PullRequests >= Write && !s.opt.NoMinimize
	mutate := func(prefix, key string, allowed bool, do func(*Comment, map[string]any) object) resolver {
		return func(args map[string]any) (any, error) {
			in, _ := args["input"].(map[string]any)
			id, err := strconv.ParseInt(strings.TrimPrefix(fmt.Sprint(in[key]), prefix+"_"), 10, 64)
			c := s.state.comment(id)
			if err != nil || c == nil {
				return nil, &graphqlFailure{"NOT_FOUND", "Could not resolve to a node with the global id of '" + fmt.Sprint(in[key]) + "'"}
			}
			if !allowed {
				return nil, &graphqlFailure{"FORBIDDEN", notAccessible}
			}
			s.state.changes++
			return do(c, in), nil
		}
	}
	thread := func(resolved bool) func(*Comment, map[string]any) object {
		return func(c *Comment, _ map[string]any) object {
			c.Resolved, c.ResolvedBy = resolved, ""
			if resolved {
				c.ResolvedBy = s.opt.Login
			}
			return object{"thread": s.thread(c)}
		}
	}
	return object{
		"resolveReviewThread":   mutate("PRRT", "threadId", canResolve, thread(true)),
		"unresolveReviewThread": mutate("PRRT", "threadId", canResolve, thread(false)),
		"minimizeComment": mutate("PRRC", "subjectId", canMinimize, func(c *Comment, in map[string]any) object {
			c.Minimized = fmt.Sprint(in["classifier"])
			return object{"minimizedComment": object{"isMinimized": true}}
		}),
		"unminimizeComment": mutate("PRRC", "subjectId", canMinimize, func(c *Comment, _ map[string]any) object {
			c.Minimized = ""
			return object{"unminimizedComment": object{"isMinimized": false}}
		}),
	}
}
