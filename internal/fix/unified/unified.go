// Package unified writes the difference of two texts as a unified diff, in the
// form that `git apply` and `patch -p1` take.
package unified

import (
	"fmt"
	"slices"
	"strings"
)

// Context is how many unchanged lines stand around each change.
const Context = 3

// Diff returns the difference between the text of the file name before and
// after; "" where there is none. A nil text is a file that does not exist. name
// is relative to the repository, with forward slashes.
func Diff(name string, before, after *string) string {
	if before == nil && after == nil || before != nil && after != nil && *before == *after {
		return ""
	}
	from, to := quote("a/"+name), quote("b/"+name)
	var b strings.Builder
	fmt.Fprintf(&b, "diff --git %s %s\n", from, to)
	switch {
	case before == nil:
		b.WriteString("new file mode 100644\n")
		from = "/dev/null"
	case after == nil:
		b.WriteString("deleted file mode 100644\n")
		to = "/dev/null"
	}
	old, now := lines(before), lines(after)
	if len(old)+len(now) == 0 {
		return b.String() // an empty file comes or goes
	}
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", endName(from), endName(to))
	for _, h := range hunks(compare(old, now)) {
		h.write(&b)
	}
	return b.String()
}

// quote writes a name as Git does: in double quotes where it holds anything
// unusual.
func quote(name string) string {
	plain := !strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == '"' || r == '\\' || r >= 0x7f })
	if plain {
		return name
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(name) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// endName ends a name with blanks with a tab, as Git does, where only the line's
// end would end it.
func endName(name string) string {
	if strings.Contains(name, " ") && name[0] != '"' {
		return name + "\t"
	}
	return name
}

// lines parts a text into lines, each with its line end.
func lines(text *string) []string {
	if text == nil || *text == "" {
		return nil
	}
	out := strings.SplitAfter(*text, "\n")
	if out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// line is a line of the difference: kept (' '), deleted ('-') or added ('+').
type line struct {
	op   byte
	text string
}

// maxTable bounds the table that the comparison fills; texts that differ in more
// are told as replaced as a whole.
const maxTable = 4 << 20

// compare returns the lines of both texts in order.
func compare(old, now []string) []line {
	before := 0
	for before < len(old) && before < len(now) && old[before] == now[before] {
		before++
	}
	after := 0
	for after < len(old)-before && after < len(now)-before && old[len(old)-1-after] == now[len(now)-1-after] {
		after++
	}
	var out []line
	for _, s := range old[:before] {
		out = append(out, line{' ', s})
	}
	out = append(out, between(old[before:len(old)-after], now[before:len(now)-after])...)
	for _, s := range old[len(old)-after:] {
		out = append(out, line{' ', s})
	}
	return out
}

// between compares by a longest common subsequence.
func between(old, now []string) []line {
	var out []line
	if len(old)*len(now) > maxTable {
		for _, s := range old {
			out = append(out, line{'-', s})
		}
		for _, s := range now {
			out = append(out, line{'+', s})
		}
		return out
	}
	common := make([][]int32, len(old)+1) // of old[i:] and now[j:]
	for i := range common {
		common[i] = make([]int32, len(now)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(now) - 1; j >= 0; j-- {
			if old[i] == now[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(old) || j < len(now) {
		switch {
		case i < len(old) && j < len(now) && old[i] == now[j]:
			out = append(out, line{' ', old[i]})
			i, j = i+1, j+1
		case i < len(old) && (j == len(now) || common[i+1][j] >= common[i][j+1]):
			out = append(out, line{'-', old[i]})
			i++
		default:
			out = append(out, line{'+', now[j]})
			j++
		}
	}
	return out
}

// hunk is a run of changes with the lines around it.
type hunk struct {
	old, now int // 0-based numbers of the first line
	lines    []line
}

func hunks(all []line) []hunk {
	var out []hunk
	changed := func(l line) bool { return l.op != ' ' }
	old, now, at := 0, 0, 0
	skip := func(to int) {
		for ; at < to; at++ {
			if all[at].op != '+' {
				old++
			}
			if all[at].op != '-' {
				now++
			}
		}
	}
	for {
		first := slices.IndexFunc(all[at:], changed)
		if first < 0 {
			return out
		}
		start := max(at+first-Context, at)
		end := at + first
		for i := end; i < len(all) && i <= end+2*Context; i++ {
			if changed(all[i]) {
				end = i
			}
		}
		stop := min(end+1+Context, len(all))
		skip(start)
		out = append(out, hunk{old, now, all[start:stop]})
		skip(stop)
	}
}

func (h hunk) write(b *strings.Builder) {
	olds, nows := 0, 0
	for _, l := range h.lines {
		if l.op != '+' {
			olds++
		}
		if l.op != '-' {
			nows++
		}
	}
	fmt.Fprintf(b, "@@ -%s +%s @@\n", extent(h.old, olds), extent(h.now, nows))
	for _, l := range h.lines {
		b.WriteByte(l.op)
		b.WriteString(l.text)
		if !strings.HasSuffix(l.text, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// extent is the first line, 1-based, and the number of lines of a hunk's side.
func extent(first, n int) string {
	if n == 0 {
		return fmt.Sprintf("%d,0", first)
	}
	if n == 1 {
		return fmt.Sprint(first + 1)
	}
	return fmt.Sprintf("%d,%d", first+1, n)
}

// Change is a run of lines that differ, in bytes of both texts.
type Change struct{ OldStart, OldEnd, NewStart, NewEnd int }

// Changes lists the runs of lines in which two texts differ, in order.
func Changes(old, now string) []Change {
	var out []Change
	i, j := 0, 0
	open := false
	for _, l := range compare(lines(&old), lines(&now)) {
		if l.op == ' ' {
			i, j, open = i+len(l.text), j+len(l.text), false
			continue
		}
		if !open {
			out, open = append(out, Change{i, i, j, j}), true
		}
		c := &out[len(out)-1]
		if l.op == '-' {
			i += len(l.text)
			c.OldEnd = i
		} else {
			j += len(l.text)
			c.NewEnd = j
		}
	}
	return out
}
