# The image of the Action. GitHub runs it as root with the workspace mounted at
# /github/workspace and as its working directory, so there is no USER and no
# WORKDIR in the final stage: the workspace belongs to the runner's user, and
# only root can read and write it whatever that user is.

# golang:1.26.8-alpine3.24. The program is built by the toolchain that go.mod names,
# which GOTOOLCHAIN=auto fetches as a module with a known checksum: it has fixes that
# this image lacks, and the image is fixed by its digest.
FROM --platform=$BUILDPLATFORM golang:1.26.8-alpine3.24@sha256:ce864e7223ac17b1775e6fd0b4c0db580c2eb50e7953a427916379e4b92a1628 AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=
ARG COMMIT=
ENV CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS=-buildvcs=false
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN GOOS="$TARGETOS" GOARCH="$TARGETARCH" go build -trimpath \
    -ldflags="-s -w -buildid= -X main.version=$VERSION -X main.commit=$COMMIT" \
    -o /out/probe-mtls-action ./cmd/probe-mtls-action

# alpine:3.24.2
FROM alpine:3.24.2@sha256:294b683cb724975bec92580e1e685676bd4b50bda910ddb8c51d4cabeaec77e6
# git reads commits and diffs; ca-certificates lets a company's own authority be
# added. They carry no version: Alpine removes old ones from its repository,
# and the digest above fixes the release they come from.
RUN apk add --no-cache git ca-certificates
COPY --from=build /out/probe-mtls-action /usr/local/bin/probe-mtls-action
ENTRYPOINT ["/usr/local/bin/probe-mtls-action"]
