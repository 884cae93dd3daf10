package sarif

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/org/probe-mtls-action/internal/report"
	"github.com/org/probe-mtls-action/render/source"
)

// maxFixes bounds the fixes of a result: more are a click away in no viewer.
const maxFixes = 3

func toFixes(all []report.Fix) []fix {
	var out []fix
	for i := range all[:min(len(all), maxFixes)] {
		f := &all[i]
		description := f.Title
		if !f.Safe() {
			description += ". It costs: " + f.Cost
		}
		one := fix{
			Description: text{Text: escape(sentence(description))},
			Properties: &fixProperties{
				Key: f.Key, Title: f.Title, Cost: f.Cost, Tier: f.Tier(), Roots: append([]string{}, f.Roots...), Also: f.Also, Diff: f.Diff,
			},
		}
		for _, file := range f.Files {
			change := artifactChange{ArtifactLocation: artifactLocation{URI: uri(file.Name), URIBaseID: srcRoot}}
			for _, r := range file.Replacements {
				rep := replacement{DeletedRegion: region{
					StartLine: r.At.Start.Line, StartColumn: r.At.Start.Column, EndLine: r.At.End.Line, EndColumn: r.At.End.Column,
				}}
				if r.Text != "" {
					rep.InsertedContent = &text{Text: r.Text}
				}
				change.Replacements = append(change.Replacements, rep)
			}
			if file.New {
				one.Properties.NewFiles = append(one.Properties.NewFiles, file.Name)
			}
			one.ArtifactChanges = append(one.ArtifactChanges, change)
		}
		out = append(out, one)
	}
	return out
}

// fix reads what toFixes wrote.
func (rd *reader) fix(at string, in *fix) report.Fix {
	p := in.Properties
	if p == nil {
		rd.fail(at+".properties", "it is missing")
		return report.Fix{}
	}
	f := report.Fix{
		Key: rd.text(at+".properties.key", p.Key), Title: rd.text(at+".properties.title", p.Title), Cost: rd.text(at+".properties.cost", p.Cost),
		Roots: rd.dirs(at+".properties.roots", p.Roots), Also: rd.texts(at+".properties.also", p.Also), Diff: rd.text(at+".properties.diff", p.Diff),
	}
	rd.list(at+".artifactChanges", len(in.ArtifactChanges))
	for i, c := range in.ArtifactChanges {
		at := fmt.Sprintf("%s.artifactChanges[%d]", at, i)
		name, err := url.PathUnescape(c.ArtifactLocation.URI)
		if err != nil || !inside(name) || strings.Contains(c.ArtifactLocation.URI, ":") {
			rd.fail(at+".artifactLocation.uri", "%.80q is not a path inside the repository", c.ArtifactLocation.URI)
			continue
		}
		file := report.FileFix{Name: name, New: slices.Contains(p.NewFiles, name)}
		rd.list(at+".replacements", len(c.Replacements))
		for _, r := range c.Replacements {
			one := report.Replacement{At: source.Span{
				File:  name,
				Start: source.Position{Line: r.DeletedRegion.StartLine, Column: r.DeletedRegion.StartColumn},
				End:   source.Position{Line: r.DeletedRegion.EndLine, Column: r.DeletedRegion.EndColumn},
			}}
			if one.At.Start.Line < 1 || one.At.Start.Column < 1 || one.At.End.Before(one.At.Start) {
				rd.fail(at+".replacements", "a region ends before it begins")
			}
			if r.InsertedContent != nil {
				one.Text = rd.text(at+".replacements", r.InsertedContent.Text)
			}
			file.Replacements = append(file.Replacements, one)
		}
		f.Files = append(f.Files, file)
	}
	return f
}
