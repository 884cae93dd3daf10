// Command fakegithub serves package githubtest's GitHub for local trials: it
// prints the environment that Actions would set and answers until interrupted.
//
//	fakegithub -git . -base main -head topic
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sort"

	"github.com/org/probe-mtls-action/internal/github/githubtest"
)

func main() {
	var opt githubtest.Options
	flag.StringVar(&opt.GitDir, "git", ".", "Git repository that has both commits")
	flag.StringVar(&opt.Base, "base", "main", "tip of the base branch")
	flag.StringVar(&opt.Head, "head", "HEAD", "head of the pull request")
	flag.StringVar(&opt.Repository, "repository", "org/shop", "owner/name")
	flag.IntVar(&opt.Number, "number", 7, "number of the pull request")
	flag.BoolVar(&opt.Enterprise, "enterprise", false, "serve below /api/v3 as an Enterprise Server does")
	flag.BoolVar(&opt.Fork, "fork", false, "the head is in a fork")
	readOnly := flag.Bool("read-only", false, "give the token of a pull request from a fork")
	full := flag.Bool("full", false, "give a token that may do everything")
	flag.Parse()
	switch {
	case *readOnly:
		opt.Permissions = &githubtest.ReadOnly
	case *full:
		opt.Permissions = &githubtest.Full
	}
	if err := serve(opt); err != nil {
		fmt.Fprintln(os.Stderr, "fakegithub:", err)
		os.Exit(1)
	}
}

func serve(opt githubtest.Options) error {
	s, err := githubtest.Start(opt)
	if err != nil {
		return err
	}
	defer s.Close()
	env := s.Env()
	names := make([]string, 0, len(env))
	for n := range env {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		fmt.Printf("export %s=%s\n", n, env[n])
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
	for _, c := range s.Comments() {
		fmt.Printf("\n%s:%d %s (%s)\n%s\n", c.Path, c.Now, c.Side, c.Author, c.Body)
	}
	for _, c := range s.IssueComments() {
		fmt.Printf("\n%s\n%s\n", c.Author, c.Body)
	}
	for _, v := range s.Violations() {
		fmt.Fprintln(os.Stderr, "breaks GitHub's description:", v)
	}
	return nil
}
