package github_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/org/probe-mtls-action/internal/github"
	"github.com/org/probe-mtls-action/internal/github/githubtest"
)

// TestCheckRun: more annotations than one request takes are there once each,
// whichever answer is lost.
func TestCheckRun(t *testing.T) {
	t.Parallel()
	for _, fault := range []githubtest.Fault{
		{}, {Write: 1, Kind: githubtest.DropAfter}, {Write: 2, Kind: githubtest.DropAfter}, {Write: 3, Kind: githubtest.ServerErrorAfter},
		{Write: 1, Kind: githubtest.ServerError}, {Write: 3, Kind: githubtest.Drop},
	} {
		s, _ := fixture(t, githubtest.Options{Permissions: &githubtest.Full})
		if fault.Kind != 0 {
			s.Inject(fault)
		}
		run := github.CheckRun{Name: "Probes", HeadSHA: s.Head(), Key: "k-1-1", Conclusion: "failure", Title: "2 findings", Summary: "text"}
		for i := range 120 {
			run.Annotations = append(run.Annotations, github.CheckAnnotation{Path: "app.yaml", Line: i, Column: 3, EndColumn: 5, Level: "failure", Title: "t", Message: fmt.Sprint(i)})
		}
		_, n, err := client(t, s, &clock{now: epoch}).CreateCheckRun(context.Background(), run)
		if err != nil || n != 120 {
			t.Errorf("%+v: %d annotations, %v", fault, n, err)
		}
		all := s.CheckRuns()
		if len(all) != 1 || len(all[0].Annotations) != 120 || all[0].Status != "completed" || all[0].Conclusion != "failure" {
			t.Fatalf("%+v: %+v", fault, all)
		}
		for i, a := range all[0].Annotations {
			if a.Message != fmt.Sprint(i) || a.StartLine != max(i, 1) {
				t.Fatalf("%+v: annotation %d is %+v", fault, i, a)
			}
		}
	}
	s, _ := fixture(t, githubtest.Options{})
	_, n, err := client(t, s, &clock{now: epoch}).CreateCheckRun(context.Background(), github.CheckRun{Name: "Probes", HeadSHA: s.Head(), Conclusion: "success"})
	if !isType[*github.NotPermitted](err) || n != 0 || len(s.CheckRuns()) != 0 {
		t.Errorf("without the permission: %d, %v", n, err)
	}
}
