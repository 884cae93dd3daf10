package md

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Truncate returns s cut to at most max characters, the notice included that
// says how many were cut. It cuts between blocks, never inside a fenced code
// block or a details block; inside a paragraph only where the paragraph alone
// is too long, and then not inside a character, an entity or a code span.
func Truncate(s string, max int) string { return truncate(s, max, utf8.RuneCountInString) }

// TruncateBytes is Truncate with the budget in bytes, as for job summaries.
func TruncateBytes(s string, max int) string {
	return truncate(s, max, func(s string) int { return len(s) })
}

func truncate(s string, max int, size func(string) int) string {
	if size(s) <= max {
		return s
	}
	room := max - size(notice(utf8.RuneCountInString(s))) // the longest it can get
	if room <= 0 {
		return ""
	}
	kept := ""
	for _, block := range blocks(s) {
		if size(kept)+size(block) <= room {
			kept += block
			continue
		}
		if rest := room - size(kept); !indivisible(block) && (kept == "" || rest > size(block)/2) {
			kept += cutLine(block, rest, size)
		}
		break
	}
	kept = strings.TrimRight(kept, " \n")
	return kept + notice(utf8.RuneCountInString(s)-utf8.RuneCountInString(kept))
}

func notice(cut int) string {
	return fmt.Sprintf("\n\n*Cut here: %d more characters did not fit.*\n", cut)
}

// blocks splits Markdown into the pieces that may be cut apart: a fenced code
// block, a details block, a line of anything else. Joined they give s.
func blocks(s string) []string {
	var all []string
	var open strings.Builder
	fence, depth := "", 0
	for _, line := range strings.SplitAfter(s, "\n") {
		open.WriteString(line)
		bare := strings.TrimSpace(line)
		switch {
		case fence != "":
			if strings.HasPrefix(bare, fence) && strings.Trim(bare, fence[:1]) == "" {
				fence = ""
			}
		case opensFence(bare):
			fence = bare[:len(bare)-len(strings.TrimLeft(bare, "`"))]
		case strings.HasPrefix(bare, "<details>"):
			depth++
		case bare == "</details>":
			depth--
		}
		if fence == "" && depth <= 0 {
			depth = 0
			all = append(all, open.String())
			open.Reset()
		}
	}
	if open.Len() > 0 {
		all = append(all, open.String())
	}
	return all
}

// opensFence tells a fence from a line that begins with a long code span.
func opensFence(bare string) bool {
	return strings.HasPrefix(bare, "```") && !strings.Contains(strings.TrimLeft(bare, "`"), "`")
}

// indivisible reports whether a cut inside the block would break it: code,
// details, table rows.
func indivisible(block string) bool {
	b := strings.TrimLeft(block, " ")
	first, _, _ := strings.Cut(b, "\n")
	return opensFence(first) || strings.HasPrefix(b, "|") || strings.HasPrefix(b, "<details>")
}

// cutLine cuts a line to at most max, at a space if there is one in the second
// half, and at a place outside entities, tags, links and code spans.
func cutLine(line string, max int, size func(string) int) string {
	best, space, used, code := 0, 0, size("…"), ""
	for i := 0; i < len(line); {
		n := token(line[i:])
		t := line[i : i+n]
		if used+size(t) > max {
			break
		}
		used += size(t)
		i += n
		switch {
		case t[0] == '`' && code == "":
			code = t
		case t == code:
			code = ""
		}
		if code != "" {
			continue
		}
		best = i
		if t == " " {
			space = i
		}
	}
	if space > best/2 {
		best = space
	}
	if best == 0 {
		return ""
	}
	return strings.TrimRight(line[:best], " ") + "…"
}

// token returns the length of the shortest piece at the start of s that must
// stay whole: a run of backticks, an entity, a tag, a link's target, a
// character.
func token(s string) int {
	end := func(closing string, limit int) int {
		if i := strings.Index(s[:min(len(s), limit)], closing); i > 0 {
			return i + len(closing)
		}
		return 1
	}
	switch s[0] {
	case '`':
		return len(s) - len(strings.TrimLeft(s, "`"))
	case '&':
		return end(";", 12)
	case '<':
		return end(">", 64)
	case ']':
		if strings.HasPrefix(s, "](") {
			return end(")", 4096)
		}
		return 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}
