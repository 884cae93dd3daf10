package trace

import (
	"bytes"
	"sort"
)

// Edit replaces the bytes of a file from Start to End.
type Edit struct {
	File       string
	Start, End int
	Text       string
}

// Apply returns data with the edits made, whatever file they name. Of edits
// that overlap, the one that starts first wins.
func Apply(data []byte, edits []Edit) []byte {
	if len(edits) == 0 {
		return data
	}
	edits = append([]Edit(nil), edits...)
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].Start < edits[j].Start })
	var out bytes.Buffer
	out.Grow(len(data) + 16*len(edits))
	at := 0
	for _, e := range edits {
		if e.Start < at || e.End > len(data) {
			continue
		}
		out.Write(data[at:e.Start])
		out.WriteString(e.Text)
		at = e.End
	}
	out.Write(data[at:])
	return out.Bytes()
}
