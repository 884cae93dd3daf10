package review

// outcome draws up what became of every finding, from the latest look and from
// what GitHub confirmed. What is certain neither way goes to the next channel:
// told twice is better than not at all.
func (r *run) outcome() Outcome {
	out := Outcome{Closed: len(r.closed), Notes: r.notes}
	for _, f := range r.findings {
		res := r.result(f)
		res.Fingerprint = f.item.Fingerprint
		out.Results = append(out.Results, res)
	}
	if r.blocked != "" {
		out.Notes = append(out.Notes, r.blocked)
	}
	return out
}

func (r *run) result(f *finding) Result {
	if !f.alive {
		return Result{Channel: None, Reason: f.unplaced}
	}
	var there []*posted
	if r.last != nil {
		there = r.last.of[f]
	}
	if len(there) == 0 {
		if f.created {
			return Result{Channel: f.channel(), Action: New}
		}
		return Result{Channel: None, Reason: f.why(r.blocked)}
	}
	c := there[0]
	res := Result{Channel: LineComment, Action: Kept, URL: c.URL}
	if c.OnFile {
		res.Channel = FileComment
	}
	switch {
	case f.sent && len(r.first.of[f]) == 0:
		res.Action = New
	case f.editErr != "":
		return Result{Channel: None, URL: c.URL, Reason: "its comment could not be brought up to date: " + f.editErr}
	case f.differs(c) && !f.edited: // an edit that this run did not get to
		return Result{Channel: None, URL: c.URL, Reason: "its comment could not be brought up to date: " + f.why(r.blocked)}
	case f.edited || f.reopened:
		res.Action = Edited
	case c.byPerson:
		res.Reason = "somebody resolved the thread"
	case c.minimized:
		res.Reason = "somebody folded the comment away"
	}
	return res
}

func (f *finding) channel() Channel {
	if f.draft.Line == 0 {
		return FileComment
	}
	return LineComment
}

func (f *finding) why(blocked string) string {
	for _, s := range []string{f.unplaced, blocked, f.lastErr} {
		if s != "" {
			return s
		}
	}
	return "nothing was written"
}
