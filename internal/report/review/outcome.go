package review

// outcome draws up what became of every finding, from the latest look and from
// what GitHub confirmed. What is certain neither way goes to the next channel:
// told twice is better than not at all.
func (r *run) outcome() Outcome {
	out := Outcome{Login: r.login, Closed: r.fixed, Notes: r.notes}
	told := map[*group]*telling{}
	for _, g := range r.groups {
		if r.last != nil && r.last.of[g] != nil {
			told[g] = r.telling(g, r.last.of[g])
		}
	}
	for _, f := range r.findings {
		res := r.result(f, told[f.group])
		res.Fingerprint = f.item.Fingerprint
		out.Results = append(out.Results, res)
	}
	if r.blocked != "" {
		out.Notes = append(out.Notes, r.blocked)
	}
	return out
}

// telling is what a group's comment tells.
type telling struct {
	findings map[*finding]bool
	result   Result // of each of them
}

func (r *run) result(f *finding, t *telling) Result {
	g := f.group
	if g == nil {
		return Result{Channel: None, Reason: f.quiet}
	}
	if t != nil && t.findings[f] {
		return t.result
	}
	alone := ""
	if r.last != nil && f.quiet == "" {
		alone = r.last.leftAlone(f)
	}
	if t == nil && g.created && f.quiet == "" && alone == "" {
		return Result{Channel: g.channel(), Action: New}
	}
	res := Result{Channel: None, Reason: or(f.quiet, alone, g.why(r.blocked)), Silenced: alone != "", Over: g.over && f.quiet == "" && alone == ""}
	if t != nil {
		res.URL = t.result.URL
	}
	return res
}

// telling returns what a comment tells of a group, now or after the edit that
// is still to come.
func (r *run) telling(g *group, c *posted) *telling {
	members, want := r.content(r.last, g, c)
	t := &telling{findings: map[*finding]bool{}}
	for _, f := range members {
		if e := c.marker.entry(f.key); !c.foreign || e != nil && e.fixed == "" {
			t.findings[f] = true
		}
	}
	t.result = Result{Channel: LineComment, Action: Kept, URL: c.URL}
	if c.OnFile {
		t.result.Channel = FileComment
	}
	stale := !c.foreign && !g.edited && c.marker.state != want.state
	switch {
	case g.sent && r.first.of[g] == nil:
		t.result.Action = New
	case g.editErr != "":
		t.result = Result{Channel: None, URL: c.URL, Reason: "its comment could not be brought up to date: " + g.editErr}
	case stale, !c.live() && !g.edited && !g.reopened: // an edit that this run did not get to
		t.result = Result{Channel: None, URL: c.URL, Reason: "its comment could not be brought up to date: " + g.why(r.blocked)}
	case g.edited || g.reopened:
		t.result.Action = Edited
	}
	return t
}

func (g *group) channel() Channel {
	if g.draft.Line == 0 {
		return FileComment
	}
	return LineComment
}

func (g *group) why(blocked string) string {
	over := ""
	if g.over {
		over = "there are comments enough"
	}
	return or(g.unplaced, over, blocked, g.lastErr, "nothing was written")
}

// or returns the first text that is not empty.
func or(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
