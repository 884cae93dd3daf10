package app

import "github.com/org/probe-mtls-action/internal/mesh/istio"

// theMesh is the mesh that runs judge.
var theMesh = &istio.Mesh
