package istio

import "github.com/org/probe-mtls-action/internal/mesh"

func (m *model) Notices() []mesh.Notice { return nil }
