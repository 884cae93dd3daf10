// Package settings is the one table of what a run can be told: by flags, by
// inputs of the Action and by keys of .probe-mtls.yaml.
//
// Flags, inputs, the file's decoder, shell completion, action.yml, the JSON
// Schema and the tables of the documentation are all made from [Table].
package settings

import (
	"fmt"
	"slices"
	"strings"
)

// Place is where a setting may be given, a set of bits.
type Place uint8

// The places. A key of the file is given by [Setting.Key].
const (
	Check    Place = 1 << iota // a flag of check
	Affected                   // a flag of affected
	Explain                    // a flag of explain
	Input                      // an input of the Action
)

// Setting is one row of the table.
type Setting struct {
	// Name is the flag's and the input's: istio-version. "" for a key alone.
	Name string
	// Short is the flag's one-letter form, "" without one.
	Short string
	// Key is the path of the key in .probe-mtls.yaml: mesh.istioVersion. "" without one.
	Key string
	// On says which commands have the flag, and whether the Action has the input.
	On Place
	// Form is the form of its values.
	Form Form
	// Bare is the value of a flag that is given without one (--fix); "" where a
	// flag always takes one.
	Bare string
	// Placeholder stands for the value in a flag's usage: REV. "" for booleans
	// and for settings of a few words.
	Placeholder string
	// Says is one clause without a full stop: what the setting means.
	Says string
	// Default is the value of a setting that is given nowhere, as it would be
	// written; "" where Unset tells in words what holds.
	Default string
	// InputDefault replaces Default for the Action's input.
	InputDefault string
	// Unset says in words what holds where the setting is given nowhere.
	Unset string
	// Note is a remark for the documentation and action.yml, a whole sentence.
	Note string

	// field is the setting's place in Values: *string, *bool, *int, *[]string or
	// *Shard. Nil for keys of the file that no flag and no input repeats.
	field func(*Values) any
}

// Values are the settings of one run, as flags or inputs gave them. A zero
// field was not given: the configuration file or the setting's default decides.
type Values struct {
	Paths         []string // as given: relative to the working directory, or to the workspace
	Config        string
	IstioVersion  string // 1.24, v1.5.2: the form is checked, the range is not
	MeshMTLS      string // strict, permissive, disable
	RewriteProbes string // auto, true, false
	RootNamespace string
	Injection     string // auto, always, never
	Context       []string
	FailOn        string // error, warning, note, never
	Base          string // a revision
	OnlyNew       bool
	// FailOnUnchecked is new, always or never, "" where it is not set.
	FailOnUnchecked string
	ChangedOnly     bool
	AllRoots        bool
	Shard           Shard
	AllowRemote     bool
	EnableHelm      bool
	Jobs            int // 0 is one for each core
	RootCPU         int // seconds; 0 is the default
	RootMemory      int // MiB; 0 is the default
	Verbose         bool
	List            bool

	Format  string
	Output  string // a file; "" is the standard output
	Color   string // auto, always, never
	NoColor bool   // --no-color, the old name of --color never
	Debug   string // a file; "" is none
	Quiet   bool

	MaxShards int

	Fix           string // safe, unsafe, show; "" is none
	AddIgnore     string // a reason; "" is none
	Baseline      string // a file; "" is none
	Statistics    bool
	WriteBaseline string // a file; "" is none

	Reporters   []string
	SARIFFile   string // relative to the workspace
	RunnerTemp  string // on the host, "" if not known
	UploadSARIF bool
	Category    string
	Matrix      string // JSON object, "" outside a matrix
	Artifact    string // pattern of names
	MaxComments int
}

// Shard is part Index of Total, counted from 1; the zero value is the whole.
type Shard struct{ Index, Total int }

// Part returns index and total; 1 and 1 for the whole.
func (s Shard) Part() (index, total int) {
	if s.Total == 0 {
		return 1, 1
	}
	return s.Index, s.Total
}

// String returns I/N, "" for the whole.
func (s Shard) String() string {
	if s.Total == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Total)
}

// Of returns the rows of a place, in the table's order.
func Of(p Place) []*Setting {
	var rows []*Setting
	for i := range Table {
		if Table[i].On&p != 0 {
			rows = append(rows, &Table[i])
		}
	}
	return rows
}

// Section returns the rows of one section of the file, in the table's order:
// "" for the top level, mesh, environments[], mesh.revisions[].
func Section(prefix string) []*Setting {
	var rows []*Setting
	for i := range Table {
		if section, _ := splitKey(Table[i].Key); Table[i].Key != "" && section == prefix {
			rows = append(rows, &Table[i])
		}
	}
	return rows
}

// LastKey returns the key's own name within its section.
func (s *Setting) LastKey() string {
	_, last := splitKey(s.Key)
	return last
}

func splitKey(key string) (section, last string) {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		return key[:i], key[i+1:]
	}
	return "", key
}

// ByKey returns the row of a key of the file. It panics for a key that is not
// in the table: keys are named in code alone.
func ByKey(key string) *Setting {
	i := slices.IndexFunc(Table, func(s Setting) bool { return s.Key == key })
	if i < 0 {
		panic("settings: no key " + key)
	}
	return &Table[i]
}

// Reset gives the setting its default in v.
func (s *Setting) Reset(v *Values, def string) {
	if def == "" || s.field == nil {
		return
	}
	if err := s.Set(v, def); err != nil {
		panic("settings: the default of " + s.Name + " " + err.Error())
	}
}

// Defaults gives all settings of a place their defaults.
func (v *Values) Defaults(p Place) {
	for _, s := range Of(p) {
		s.Reset(v, s.DefaultOn(p))
	}
}

// DefaultOn returns the default at a place, "" where there is none.
func (s *Setting) DefaultOn(p Place) string {
	if p == Input && s.InputDefault != "" {
		return s.InputDefault
	}
	return s.Default
}

// IsBool reports whether the setting is a switch.
func (s *Setting) IsBool() bool {
	_, ok := s.at(new(Values)).(*bool)
	return ok
}

// IsList reports whether the setting takes several values.
func (s *Setting) IsList() bool {
	_, ok := s.at(new(Values)).(*[]string)
	return ok
}

func (s *Setting) at(v *Values) any {
	if s.field == nil {
		return nil
	}
	return s.field(v)
}

// Set reads text, the whole value of the setting, into v: a list is split as
// its form says. An error completes "NAME is VALUE, but": "must be …".
func (s *Setting) Set(v *Values, text string) error {
	switch at := s.at(v).(type) {
	case *bool:
		b, err := parseBool(text)
		if err != nil {
			return err
		}
		*at = b
	case *int:
		n, err := parseCount(text)
		if err != nil {
			return err
		}
		*at = n
	case *Shard:
		shard, err := parseShard(text)
		if err != nil {
			return err
		}
		*at = shard
	case *string:
		value, err := s.Form.read(text)
		if err != nil {
			return err
		}
		*at = value
	case *[]string:
		values, err := s.Form.readList(text)
		if err != nil {
			return err
		}
		*at = values
	default:
		panic("settings: " + s.Name + " has no field")
	}
	return nil
}

// Add reads text, one value of a repeatable flag.
func (s *Setting) Add(v *Values, text string) error {
	at, ok := s.at(v).(*[]string)
	if !ok {
		return s.Set(v, text)
	}
	value, err := s.Form.read(text)
	if err != nil {
		return err
	}
	*at = append(*at, value)
	return nil
}

// Text returns what v holds, as it would be written; lists separated by commas.
func (s *Setting) Text(v *Values) string {
	switch at := s.at(v).(type) {
	case *string:
		return *at
	case *[]string:
		return strings.Join(*at, ",")
	case *Shard:
		return at.String()
	case *int:
		if *at != 0 {
			return fmt.Sprint(*at)
		}
	case *bool:
		return fmt.Sprint(*at)
	}
	return ""
}

// SetInput reads text as the Action's input of that name: a path stays in the
// workspace.
func (s *Setting) SetInput(v *Values, text string) error {
	row := *s
	if s.Form.Name == file.Name || s.Form.Name == files.Name {
		row.Form.check = func(p string) (string, error) {
			if p, err := oneLine(p); err != nil {
				return p, err
			}
			return InWorkspace(p)
		}
	}
	return row.Set(v, text)
}
