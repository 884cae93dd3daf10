package kustomize

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/org/probe-mtls-action/render"
)

// sourceKey is the field that an object carries through a render to tell which
// document it comes from. No patch names it.
const sourceKey = "x-source-object"

// edit replaces the bytes of a file from start to end.
type edit struct {
	start, end int
	text       string
}

// apply returns data with the edits made. Of edits that overlap, the first
// wins.
func apply(data []byte, edits []edit) []byte {
	if len(edits) == 0 {
		return data
	}
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].start < edits[j].start })
	var out bytes.Buffer
	out.Grow(len(data) + 16*len(edits))
	at := 0
	for _, e := range edits {
		if e.start < at || e.end > len(data) {
			continue
		}
		out.Write(data[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(data[at:])
	return out.Bytes()
}

// edit returns the edit that puts text in the place of c.
func (c *candidate) edit(text string) edit {
	e := edit{start: c.text.Offset(c.start), end: c.text.End(c.end), text: text}
	if c.block {
		e.text = strconv.Quote(text)
		if strings.HasSuffix(c.text.String[:c.end], "\n") {
			e.text += "\n"
		}
	}
	return e
}

// marking is a file as the render itself sees it.
type marking struct {
	identified []byte // with source keys
	marked     []byte // with source keys and sentinels
	marks      bool   // marked differs from identified
}

// marking returns the marked texts of f in the role r, made once.
func (f *file) marking(r role) *marking {
	f.markMu.Lock()
	defer f.markMu.Unlock()
	if m := f.markings[r]; m != nil {
		return m
	}
	m := f.newMarking(r)
	if f.markings == nil {
		f.markings = map[role]*marking{}
	}
	f.markings[r] = m
	return m
}

func (f *file) newMarking(r role) *marking {
	data := f.text.Data
	m := &marking{identified: data, marked: data}
	if r&roleData != 0 || r&roleYAML == 0 {
		return m // the bytes themselves are data
	}
	var identify, mark []edit
	for _, d := range f.documents(r) {
		for _, root := range d.roots {
			if d.kind == render.FromResource && r&(rolePatch|rolePlugin) == 0 {
				if e, ok := root.identify(f.store); ok {
					identify = append(identify, e)
				}
			}
			root.walk(func(s *site) {
				if s.node.Kind != yaml.ScalarNode || !s.isEager(f.store.eager) {
					return
				}
				if c := candidateAt(s); c != nil && c.markable() && f.store.ids.assign(c) {
					mark = append(mark, c.edit(f.store.ids.of(c)))
				}
			})
		}
	}
	m.marks = len(mark) > 0
	m.identified = apply(data, append([]edit(nil), identify...))
	m.marked = m.identified
	if m.marks {
		m.marked = apply(data, append(identify, mark...))
	}
	return m
}

// identify returns the edit that gives the object at s its source key; false
// when the object is not written in a way that allows it.
func (s *site) identify(st *store) (edit, bool) {
	n, d := s.node, s.document.doc
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return edit{}, false
	}
	at := d.Start(n.Content[0])
	if at < 0 {
		return edit{}, false
	}
	entry := `"` + sourceKey + `": "` + st.identify(s) + `"`
	off := d.Text.Offset(at)
	if n.Style&yaml.FlowStyle != 0 {
		return edit{off, off, entry + ", "}, true
	}
	line := strings.LastIndexAny(d.Text.String[:at], "\r\n") + 1
	lead := strings.TrimPrefix(d.Text.String[line:at], "\ufeff")
	if strings.Trim(lead, " -") != "" {
		return edit{}, false
	}
	return edit{off, off, entry + "\n" + strings.Repeat(" ", utf8.RuneCountInString(lead))}, true
}

// identify gives the object at o a name for its source key.
func (s *store) identify(o *site) string {
	s.objectMu.Lock()
	defer s.objectMu.Unlock()
	s.objects = append(s.objects, o)
	return strconv.Itoa(len(s.objects))
}

// object returns the object that has the name in its source key.
func (s *store) object(name string) *site {
	i, err := strconv.Atoi(name)
	s.objectMu.Lock()
	defer s.objectMu.Unlock()
	if err != nil || i < 1 || i > len(s.objects) {
		return nil
	}
	return s.objects[i-1]
}

// numbers returns the numbers in f that could be taken for integer sentinels.
func (f *file) numbers() []int {
	f.numberOnce.Do(func() {
		for _, m := range number.FindAll(f.text.Data, -1) {
			n, _ := strconv.Atoi(string(m))
			f.naturals = append(f.naturals, n)
		}
	})
	return f.naturals
}
