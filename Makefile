# One word each; the scripts behind them run on their own too.

FUZZTIME ?= 10000x

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the command into bin/
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/probe-mtls-action

.PHONY: test
test: ## run the tests
	go test ./...

.PHONY: race
race: ## run the tests under the race detector, in random order
	go test -race -shuffle=on ./...

.PHONY: lint
lint: ## gofmt, go vet, staticcheck, actionlint, workflows in the documentation
	scripts/lint
	scripts/lint-docs

.PHONY: resources
resources: ## measure what hostile roots cost: CPU time and memory, against bounds
	PROBE_MTLS_RESOURCES=1 go test -count=1 -v -run TestResources ./internal/app

.PHONY: vulnerabilities
vulnerabilities: ## look for known vulnerabilities that the program can reach
	GOTOOLCHAIN=auto scripts/vulnerabilities

.PHONY: fmt
fmt: ## format the Go files
	gofmt -w $$(git ls-files '*.go')

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (10000x inputs, or a time)
	scripts/fuzz $(FUZZTIME)

SCOPE_REPOSITORIES ?= 1000

.PHONY: scope
scope: ## hold affected roots and new findings against kustomize and full checks in SCOPE_REPOSITORIES generated repositories
	PROBE_MTLS_SCOPE_REPOSITORIES=$(SCOPE_REPOSITORIES) PROBE_MTLS_SCOPE_SEED=$$(date +%s) \
	  go test -count=1 -timeout 0 -run '^TestScopeProperty$$' -v ./internal/app

BENCH ?= fixtures

.PHONY: bench
bench: ## compare the check of the directories in BENCH with a loop of kustomize build, and show growth
	scripts/bench-check $(BENCH)
	scripts/bench-check --growth

.PHONY: benchmarks
benchmarks: ## run the Go benchmarks, and compare rendering with kustomize build
	go test -run '^$$' -bench . -benchmem ./...
	scripts/bench-render

.PHONY: bench-pr
bench-pr: ## compare the check of a small pull request with one kustomize build
	scripts/bench-pr

.PHONY: contracts
contracts: ## install GitHub's API descriptions and the SARIF validators that the contract tests use
	npm ci --prefix contracts --no-audit --no-fund

.PHONY: cross
cross: ## build for every supported platform
	scripts/cross-build

.PHONY: cover
cover: ## measure the coverage of the tests
	go test -coverprofile=coverage.out -coverpkg=./... ./...
	go tool cover -func=coverage.out | tail -1

.PHONY: image
image: ## build the image and run it as GitHub does
	scripts/check-image

.PHONY: e2e
e2e: ## run the Action in a workflow, against a GitHub in memory
	scripts/act-e2e

.PHONY: browser
browser: ## test the HTML page in Chromium
	scripts/browser-test

.PHONY: try-release
try-release: ## run a release on this machine without publishing anything
	scripts/try-release
