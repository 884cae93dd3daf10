package github

import "context"

// Thread is what only GraphQL tells of a review thread.
type Thread struct {
	ID         string
	Resolved   bool
	ResolvedBy string // login, "" if GitHub does not say
	Outdated   bool
	Comments   []ThreadComment // the first 50, the oldest first
}

// ThreadComment is what only GraphQL tells of a review comment.
type ThreadComment struct {
	NodeID    string // equals [Comment.NodeID]
	Minimized bool
	Mine      bool // the token's own identity wrote it
}

// Threads are the review threads of a pull request.
type Threads struct {
	Viewer string // login that the token acts as
	All    []Thread
}

const threadsQuery = `query($owner:String!,$name:String!,$number:Int!,$after:String){
  viewer{login}
  repository(owner:$owner,name:$name){pullRequest(number:$number){
    reviewThreads(first:100,after:$after){
      pageInfo{hasNextPage endCursor}
      nodes{id isResolved isOutdated resolvedBy{login}
        comments(first:50){nodes{id isMinimized viewerDidAuthor}}}}}}}`

// Threads returns the review threads of a pull request.
func (c *Client) Threads(ctx context.Context, number int) (Threads, error) {
	const op = "list review threads"
	var out Threads
	vars := map[string]any{"owner": c.owner, "name": c.repo, "number": number, "after": nil}
	for page := 0; page < maxCommentPages; page++ {
		var data struct {
			Viewer     struct{ Login string }
			Repository *struct {
				PullRequest *struct {
					ReviewThreads struct {
						PageInfo struct {
							HasNextPage bool
							EndCursor   string
						}
						Nodes []struct {
							ID                     string
							IsResolved, IsOutdated bool
							ResolvedBy             *struct{ Login string }
							Comments               struct {
								Nodes []struct {
									ID                           string
									IsMinimized, ViewerDidAuthor bool
								}
							}
						}
					}
				}
			}
		}
		if err := c.graphql(ctx, op, threadsQuery, vars, &data); err != nil {
			return Threads{}, err
		}
		if data.Repository == nil || data.Repository.PullRequest == nil {
			return Threads{}, &NotPermitted{Detail{Op: op, Message: "no such pull request"}}
		}
		out.Viewer = data.Viewer.Login
		list := data.Repository.PullRequest.ReviewThreads
		for _, n := range list.Nodes {
			t := Thread{ID: n.ID, Resolved: n.IsResolved, Outdated: n.IsOutdated}
			if n.ResolvedBy != nil {
				t.ResolvedBy = n.ResolvedBy.Login
			}
			for _, one := range n.Comments.Nodes {
				t.Comments = append(t.Comments, ThreadComment{one.ID, one.IsMinimized, one.ViewerDidAuthor})
			}
			out.All = append(out.All, t)
		}
		if !list.PageInfo.HasNextPage {
			return out, nil
		}
		vars["after"] = list.PageInfo.EndCursor
	}
	return Threads{}, &TooLarge{Detail{Op: op, Message: "more than 10,000 threads"}}
}

// Classifier is why a comment is minimised.
type Classifier string

// The classifiers that are of use here.
const (
	Outdated  Classifier = "OUTDATED"
	Duplicate Classifier = "DUPLICATE"
)

// ResolveThread marks a thread as resolved. The token of a job needs
// contents: write for it besides pull-requests: write.
func (c *Client) ResolveThread(ctx context.Context, threadID string) error {
	return c.mutate(ctx, "resolve thread", `mutation($id:ID!){resolveReviewThread(input:{threadId:$id}){thread{id isResolved}}}`, threadID, nil)
}

// UnresolveThread takes a thread's resolution back.
func (c *Client) UnresolveThread(ctx context.Context, threadID string) error {
	return c.mutate(ctx, "unresolve thread", `mutation($id:ID!){unresolveReviewThread(input:{threadId:$id}){thread{id isResolved}}}`, threadID, nil)
}

// Minimize folds a comment away.
func (c *Client) Minimize(ctx context.Context, nodeID string, why Classifier) error {
	return c.mutate(ctx, "minimize comment", `mutation($id:ID!,$why:ReportedContentClassifiers!){minimizeComment(input:{subjectId:$id,classifier:$why}){minimizedComment{isMinimized}}}`,
		nodeID, map[string]any{"why": why})
}

// Unminimize shows a minimised comment again.
func (c *Client) Unminimize(ctx context.Context, nodeID string) error {
	return c.mutate(ctx, "unminimize comment", `mutation($id:ID!){unminimizeComment(input:{subjectId:$id}){unminimizedComment{isMinimized}}}`, nodeID, nil)
}

func (c *Client) mutate(ctx context.Context, op, mutation, id string, vars map[string]any) error {
	all := map[string]any{"id": id}
	for k, v := range vars {
		all[k] = v
	}
	var data map[string]any
	return c.graphql(ctx, op, mutation, all, &data)
}
