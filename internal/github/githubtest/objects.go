package githubtest

import (
	"fmt"
	"strings"
	"time"
)

// The functions of this file write objects as GitHub's REST interface does,
// with every field that its description requires.

type object = map[string]any

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (s *Server) user(login string) object {
	u := s.APIURL() + "/users/" + login
	kind := "User"
	if strings.HasSuffix(login, "[bot]") {
		kind = "Bot"
	}
	id := 1
	for _, c := range login {
		id = (id*31 + int(c)) % 1_000_000
	}
	return object{
		"login": login, "id": id, "node_id": fmt.Sprintf("U_%d", id), "type": kind, "site_admin": false, "gravatar_id": "",
		"url": u, "html_url": s.URL() + "/" + login, "avatar_url": s.URL() + "/avatars/" + login,
		"followers_url": u + "/followers", "following_url": u + "/following{/other_user}", "gists_url": u + "/gists{/gist_id}",
		"starred_url": u + "/starred{/owner}{/repo}", "subscriptions_url": u + "/subscriptions", "organizations_url": u + "/orgs",
		"repos_url": u + "/repos", "events_url": u + "/events{/privacy}", "received_events_url": u + "/received_events",
	}
}

// repositoryLinks are the fields <name>_url of a repository.
var repositoryLinks = strings.Fields(`archive assignees blobs branches collaborators comments commits compare contents
	contributors deployments downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues
	keys labels languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags
	teams trees clone git ssh svn`)

func (s *Server) repository(fullName string) object {
	owner, name, _ := strings.Cut(fullName, "/")
	u := s.APIURL() + "/repos/" + fullName
	o := object{
		"id": 1, "node_id": "R_1", "name": name, "full_name": fullName, "owner": s.user(owner), "private": false,
		"fork": fullName != s.opt.Repository, "url": u, "html_url": s.URL() + "/" + fullName, "description": nil,
		"default_branch": "main", "homepage": nil, "language": nil, "license": nil, "mirror_url": nil,
		"archived": false, "disabled": false, "has_downloads": true, "has_issues": true, "has_pages": false,
		"has_projects": true, "has_wiki": true, "forks": 0, "forks_count": 0, "open_issues": 1, "open_issues_count": 1,
		"size": 1, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
		"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z", "pushed_at": "2024-01-01T00:00:00Z",
	}
	for _, l := range repositoryLinks {
		o[l+"_url"] = u + "/" + l
	}
	return o
}

func (s *Server) headRepository() string {
	if !s.opt.Fork {
		return s.opt.Repository
	}
	_, name, _ := strings.Cut(s.opt.Repository, "/")
	return "contributor/" + name
}

func href(u string) object { return object{"href": u} }

// pullRequest has the fields of a single pull request; a list has fewer, which
// its description does not mind.
func (s *Server) pullRequest() object {
	n := fmt.Sprint(s.opt.Number)
	repo := s.APIURL() + "/repos/" + s.opt.Repository
	api, page, issue := repo+"/pulls/"+n, s.URL()+"/"+s.opt.Repository+"/pull/"+n, repo+"/issues/"+n
	branch := func(ref, sha, repository string) object {
		owner, _, _ := strings.Cut(repository, "/")
		return object{"label": owner + ":" + ref, "ref": ref, "sha": sha, "repo": s.repository(repository), "user": s.user(owner)}
	}
	author, _, _ := strings.Cut(s.headRepository(), "/")
	files, _ := s.files(s.state.head)
	base, _ := s.git.mergeBase(s.state.base, s.state.head)
	added, deleted := 0, 0
	for _, f := range files {
		added, deleted = added+f.added, deleted+f.deleted
	}
	return object{
		"id": 70 + s.opt.Number, "node_id": "PR_" + n, "number": s.opt.Number, "state": s.state.pullState(), "locked": false, "draft": false,
		"title": "Change the manifests", "body": nil, "user": s.user(author), "author_association": "CONTRIBUTOR",
		"labels": []any{}, "milestone": nil, "assignee": nil, "assignees": []any{}, "requested_reviewers": []any{}, "requested_teams": []any{}, "auto_merge": nil,
		"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z", "closed_at": nil, "merged_at": nil, "merged_by": nil,
		"merge_commit_sha": nil, "merged": false, "mergeable": true, "mergeable_state": "clean", "rebaseable": true, "maintainer_can_modify": false,
		"head": branch("topic", s.state.head, s.headRepository()), "base": branch("main", s.state.base, s.opt.Repository),
		"comments": len(s.state.issueComments), "review_comments": len(s.state.comments),
		"commits": s.git.count(base, s.state.head), "additions": added, "deletions": deleted, "changed_files": len(files),
		"url": api, "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch", "issue_url": issue,
		"commits_url": api + "/commits", "review_comments_url": api + "/comments", "comments_url": issue + "/comments",
		"review_comment_url": repo + "/pulls/comments{/number}", "statuses_url": repo + "/statuses/" + s.state.head,
		"_links": object{
			"self": href(api), "html": href(page), "issue": href(issue), "comments": href(issue + "/comments"), "commits": href(api + "/commits"),
			"review_comments": href(api + "/comments"), "review_comment": href(repo + "/pulls/comments{/number}"), "statuses": href(repo + "/statuses/" + s.state.head),
		},
	}
}

func (s *Server) reviewComment(c *Comment) object {
	repo := s.APIURL() + "/repos/" + s.opt.Repository
	api, pull := fmt.Sprintf("%s/pulls/comments/%d", repo, c.ID), fmt.Sprintf("%s/pulls/%d", repo, s.opt.Number)
	page := fmt.Sprintf("%s/%s/pull/%d#discussion_r%d", s.URL(), s.opt.Repository, s.opt.Number, c.ID)
	o := object{
		"id": c.ID, "node_id": nodeID("PRRC", c.ID), "user": s.user(c.Author), "body": c.Body, "path": c.Path,
		"commit_id": s.state.head, "original_commit_id": c.CommitID, "diff_hunk": c.diffHunk, "author_association": "CONTRIBUTOR",
		"created_at": stamp(c.created), "updated_at": stamp(c.created), "url": api, "html_url": page, "pull_request_url": pull,
		"_links":                 object{"self": href(api), "html": href(page), "pull_request": href(pull)},
		"pull_request_review_id": nil, "side": c.Side, "start_line": nil, "original_start_line": nil, "start_side": nil,
	}
	if c.ReviewID != 0 {
		o["pull_request_review_id"] = c.ReviewID
	}
	if c.InReplyTo != 0 {
		o["in_reply_to_id"] = c.InReplyTo
	}
	if c.OnFile {
		o["subject_type"], o["position"], o["original_position"] = "file", 1, 1
		return o
	}
	o["subject_type"], o["original_line"], o["original_position"] = "line", c.Line, 1
	// For an outdated comment GitHub sends null, which the description does
	// not foresee for line; it is left out here, which clients read alike.
	if now := s.lineNow(c); now > 0 {
		o["line"], o["position"] = now, 1
		if c.StartLine > 0 {
			o["start_line"], o["start_side"] = now-(c.Line-c.StartLine), c.Side
		}
	}
	return o
}

func (s *Server) review(r *Review) object {
	pull := fmt.Sprintf("%s/repos/%s/pulls/%d", s.APIURL(), s.opt.Repository, s.opt.Number)
	page := fmt.Sprintf("%s/%s/pull/%d#pullrequestreview-%d", s.URL(), s.opt.Repository, s.opt.Number, r.ID)
	return object{
		"id": r.ID, "node_id": nodeID("PRR", r.ID), "user": s.user(r.Author), "body": r.Body, "state": r.State, "commit_id": r.CommitID,
		"html_url": page, "pull_request_url": pull, "author_association": "CONTRIBUTOR", "submitted_at": stamp(r.created),
		"_links": object{"html": href(page), "pull_request": href(pull)},
	}
}

func (s *Server) issueComment(c *IssueComment) object {
	issue := fmt.Sprintf("%s/repos/%s/issues/%d", s.APIURL(), s.opt.Repository, s.opt.Number)
	return object{
		"id": c.ID, "node_id": nodeID("IC", c.ID), "user": s.user(c.Author), "body": c.Body, "author_association": "CONTRIBUTOR",
		"url":      fmt.Sprintf("%s/repos/%s/issues/comments/%d", s.APIURL(), s.opt.Repository, c.ID),
		"html_url": fmt.Sprintf("%s/%s/pull/%d#issuecomment-%d", s.URL(), s.opt.Repository, s.opt.Number, c.ID), "issue_url": issue,
		"created_at": stamp(c.created), "updated_at": stamp(c.created),
	}
}

func (s *Server) changedFile(f fileDiff, sha string) object {
	o := object{
		"sha": "0000000000000000000000000000000000000000", "filename": f.name, "status": f.status,
		"additions": f.added, "deletions": f.deleted, "changes": f.added + f.deleted,
		"blob_url":     s.URL() + "/" + s.opt.Repository + "/blob/" + sha + "/" + f.name,
		"raw_url":      s.URL() + "/" + s.opt.Repository + "/raw/" + sha + "/" + f.name,
		"contents_url": s.APIURL() + "/repos/" + s.opt.Repository + "/contents/" + f.name + "?ref=" + sha,
	}
	if f.previous != "" {
		o["previous_filename"] = f.previous
	}
	if p := f.patch(); p != "" {
		o["patch"] = p
	}
	return o
}

func (s *Server) commitObject(sha string) object {
	u := s.APIURL() + "/repos/" + s.opt.Repository + "/commits/" + sha
	who := object{"name": "A", "email": "a@example.com", "date": "2024-01-01T00:00:00Z"}
	return object{
		"sha": sha, "node_id": "C_" + sha, "url": u, "html_url": s.URL() + "/" + s.opt.Repository + "/commit/" + sha, "comments_url": u + "/comments",
		"author": nil, "committer": nil, "parents": []any{},
		"commit": object{
			"url": u, "message": "change", "comment_count": 0, "author": who, "committer": who,
			"tree": object{"sha": sha, "url": u},
		},
	}
}

func (s *Server) run(r Run) object {
	repo := s.APIURL() + "/repos/" + s.opt.Repository
	u := fmt.Sprintf("%s/actions/runs/%d", repo, r.ID)
	prs := []any{}
	for _, n := range r.PullRequests {
		base := object{"ref": "main", "sha": s.state.base, "repo": object{"id": 1, "url": repo, "name": "shop"}}
		head := object{"ref": r.HeadBranch, "sha": r.HeadSHA, "repo": object{"id": 1, "url": repo, "name": "shop"}}
		prs = append(prs, object{"id": 70 + n, "number": n, "url": fmt.Sprintf("%s/pulls/%d", repo, n), "base": base, "head": head})
	}
	return object{
		"id": r.ID, "node_id": nodeID("WFR", r.ID), "name": "probe-mtls", "display_title": "Change the manifests", "path": ".github/workflows/probe-mtls.yml",
		"run_number": 1, "event": r.Event, "status": "completed", "conclusion": "success", "workflow_id": 1, "head_branch": r.HeadBranch, "head_sha": r.HeadSHA,
		"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z", "head_commit": nil,
		"repository": s.repository(s.opt.Repository), "head_repository": s.repository(r.HeadRepo), "pull_requests": prs,
		"url": u, "html_url": fmt.Sprintf("%s/%s/actions/runs/%d", s.URL(), s.opt.Repository, r.ID), "jobs_url": u + "/jobs", "logs_url": u + "/logs",
		"check_suite_url": repo + "/check-suites/1", "artifacts_url": u + "/artifacts", "cancel_url": u + "/cancel", "rerun_url": u + "/rerun", "workflow_url": repo + "/actions/workflows/1",
	}
}

func (s *Server) artifact(a artifact) object {
	u := fmt.Sprintf("%s/repos/%s/actions/artifacts/%d", s.APIURL(), s.opt.Repository, a.id)
	return object{
		"id": a.id, "node_id": nodeID("A", a.id), "name": a.name, "size_in_bytes": len(a.zip), "expired": false,
		"url": u, "archive_download_url": u + "/zip",
		"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z", "expires_at": "2034-01-01T00:00:00Z",
	}
}
