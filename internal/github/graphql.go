package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	gh "github.com/google/go-github/v60/github"
)

// graphql sends one operation and decodes its data into out. A query is sent
// again as a GET would be; a mutation is a write.
func (c *Client) graphql(ctx context.Context, op, query string, vars map[string]any, out any) error {
	write := strings.HasPrefix(query, "mutation")
	if !write {
		ctx = withSafe(ctx)
	}
	req, err := c.rest.NewRequest(http.MethodPost, c.graphqlURL, map[string]any{"query": query, "variables": vars})
	if err != nil {
		return c.wrap(op, false, err)
	}
	var answer struct {
		Data   json.RawMessage
		Errors []graphqlError
	}
	if _, err := c.rest.Do(ctx, req, &answer); err != nil {
		return c.wrap(op, write, err)
	}
	if len(answer.Errors) > 0 {
		return c.fromGraphQL(op, write, answer.Errors)
	}
	if len(answer.Data) == 0 {
		return &Unavailable{Detail: Detail{Op: op, Message: "the answer has neither data nor errors"}, MaybeDone: write}
	}
	if err := json.Unmarshal(answer.Data, out); err != nil {
		return c.wrap(op, write, err)
	}
	return nil
}

type graphqlError struct {
	Type    string
	Message string
}

// fromGraphQL maps the error types that GitHub puts into a 200.
func (c *Client) fromGraphQL(op string, write bool, all []graphqlError) error {
	d := Detail{Op: op, Status: http.StatusOK, Message: c.redact(all[0].Message)}
	switch all[0].Type {
	case "FORBIDDEN", "INSUFFICIENT_SCOPES", "NOT_FOUND", "SAML_FAILURE":
		return &NotPermitted{d}
	case "RATE_LIMITED":
		return &RateLimited{Detail: d}
	case "":
		// A query that this server's schema lacks has no type; nor has
		// "Something went wrong while executing your query".
		if strings.Contains(d.Message, "Something went wrong") {
			return &Unavailable{Detail: d, MaybeDone: write}
		}
	}
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = c.redact(e.Message)
	}
	return &Unprocessable{Detail: d, Texts: texts[1:]}
}

// Viewer returns the login that the token acts as, such as
// github-actions[bot].
func (c *Client) Viewer(ctx context.Context) (string, error) {
	var data struct{ Viewer struct{ Login string } }
	err := c.graphql(ctx, "who am I", `query{viewer{login}}`, nil, &data)
	if err == nil && data.Viewer.Login != "" {
		return data.Viewer.Login, nil
	}
	user, _, restErr := c.rest.Users.Get(ctx, "")
	if restErr != nil {
		if err == nil {
			err = c.wrap("who am I", false, restErr)
		}
		return "", err
	}
	return user.GetLogin(), nil
}

// SameLogin reports whether two logins are one identity: GraphQL leaves out the
// [bot] that REST appends to an app's login.
func SameLogin(a, b string) bool {
	return a != "" && strings.EqualFold(strings.TrimSuffix(a, "[bot]"), strings.TrimSuffix(b, "[bot]"))
}

// pages calls list for each page of 100 until there are no more or max pages
// were read; it returns whether something was left.
func pages(max int, list func(gh.ListOptions) (*gh.Response, error)) (more bool, err error) {
	opt := gh.ListOptions{Page: 1, PerPage: 100}
	for n := 0; n < max; n++ {
		resp, err := list(opt)
		if err != nil {
			return false, err
		}
		if resp.NextPage == 0 {
			return false, nil
		}
		if resp.NextPage <= opt.Page {
			return false, fmt.Errorf("page %d is followed by page %d", opt.Page, resp.NextPage)
		}
		opt.Page = resp.NextPage
	}
	return true, nil
}
