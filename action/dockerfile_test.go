package action

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// instruction is one instruction of a Dockerfile, continuation lines joined.
type instruction struct{ name, args string }

// stages parses a Dockerfile into its stages; each starts with its FROM.
func stages(t *testing.T, text string) [][]instruction {
	t.Helper()
	var out [][]instruction
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, args, _ := strings.Cut(line, " ")
		in := instruction{strings.ToUpper(name), strings.Join(strings.Fields(args), " ")}
		if in.name == "FROM" {
			out = append(out, nil)
		}
		if len(out) == 0 {
			t.Fatalf("%s stands before the first FROM", in.name)
		}
		out[len(out)-1] = append(out[len(out)-1], in)
	}
	return out
}

var pinnedImage = regexp.MustCompile(`^(--platform=\S+ )?[a-z0-9./-]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}( AS [a-z]+)?$`)

func TestBaseImagesArePinnedByDigest(t *testing.T) {
	all := stages(t, read(t, "Dockerfile"))
	if len(all) != 2 {
		t.Fatalf("%d stages, want one that builds and one that runs", len(all))
	}
	for _, stage := range all {
		if !pinnedImage.MatchString(stage[0].args) {
			t.Errorf("FROM %s: want name:tag@sha256:digest", stage[0].args)
		}
	}
}

// TestImageIsWhatActionsNeeds holds GitHub's rules for container actions
// (GitHub Docs, Dockerfile support for GitHub Actions).
func TestImageIsWhatActionsNeeds(t *testing.T) {
	all := stages(t, read(t, "Dockerfile"))
	entrypoints := 0
	for _, in := range all[len(all)-1] {
		switch in.name {
		case "USER", "WORKDIR", "CMD", "ADD", "VOLUME":
			t.Errorf("%s %s: has no place in the image of an action", in.name, in.args)
		case "ENTRYPOINT":
			entrypoints++
			var argv []string
			if err := json.Unmarshal([]byte(in.args), &argv); err != nil || len(argv) != 1 || !strings.HasPrefix(argv[0], "/") {
				t.Errorf("ENTRYPOINT %s: want exec form with an absolute path alone", in.args)
			}
		}
	}
	if entrypoints != 1 {
		t.Errorf("%d ENTRYPOINTs, want 1", entrypoints)
	}
}

func TestBinaryIsStaticAndReproducible(t *testing.T) {
	text := read(t, "Dockerfile")
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "GOTOOLCHAIN=auto", "-X main.version=$VERSION", "-X main.commit=$COMMIT"} {
		if !strings.Contains(text, want) {
			t.Errorf("Dockerfile lacks %s", want)
		}
	}
}

// TestOneGoBuildsAllOfARelease: the image and the binaries are built by the
// same Go, so that a report from one can be reproduced with the other.
func TestOneGoBuildsAllOfARelease(t *testing.T) {
	image := regexp.MustCompile(`\ntoolchain go([0-9.]+)\n`).FindStringSubmatch(read(t, "go.mod")) // see GOTOOLCHAIN in the Dockerfile
	workflow := regexp.MustCompile(`go-version: ([0-9.]+)\n`).FindStringSubmatch(read(t, ".github/workflows/release.yml"))
	if image == nil || workflow == nil || image[1] != workflow[1] {
		t.Errorf("the image is built by Go %v, the binaries by %v", image, workflow)
	}
}
