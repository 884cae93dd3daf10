package actions

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxCategory bounds a category, in characters.
const maxCategory = 200

// unnamed is how the runner names a step without an id: after its action or as
// __run, further ones of the job with _2, _3 and so on.
var unnamed = regexp.MustCompile(`^__(?:run|[A-Za-z0-9-]+_.*?)(?:_([0-9]+))?$`)

// Category names this very step among the jobs of all workflows, the legs of a
// matrix and the steps of a job: "Probes/check (cluster=east)". No setting and no
// version is part of it, so an upgrade keeps its comments and alerts; nor is
// the value that is the shard's, since the shards of a check belong together.
func (r *Runner) Category(matrix string) string {
	workflow, job := r.getenv("GITHUB_WORKFLOW"), r.getenv("GITHUB_JOB")
	if workflow == "" && job == "" {
		return ""
	}
	shard := r.input("shard")
	var legs []string
	var values map[string]any
	if json.Unmarshal([]byte(matrix), &values) != nil {
		values = nil // there is none
	}
	for _, k := range slices.Sorted(maps.Keys(values)) {
		value, ok := values[k].(string)
		if !ok {
			data, err := json.Marshal(values[k])
			if err != nil {
				panic(err) // it came from JSON
			}
			value = string(data)
		}
		if value != shard || shard == "" {
			legs = append(legs, k+"="+value)
		}
	}
	name := workflow + "/" + job
	if len(legs) > 0 {
		name += " (" + strings.Join(legs, ", ") + ")"
	}
	if step := r.step(); step != "" {
		name += "/" + step
	}
	name = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(name, "?"))
	if all := []rune(name); len(all) > maxCategory {
		h := fnv.New32a()
		h.Write([]byte(name))
		name = fmt.Sprintf("%s…%08x", string(all[:maxCategory-9]), h.Sum32())
	}
	return name
}

// step is the step's id, or the number of a further step without one; "" for
// the first without one. Inside a composite action the name of the step that
// uses it comes first, before a dot.
func (r *Runner) step() string {
	step, _, _ := strings.Cut(r.getenv("GITHUB_ACTION"), ".")
	if m := unnamed.FindStringSubmatch(step); m != nil {
		return m[1]
	}
	return step
}
