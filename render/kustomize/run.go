package kustomize

import (
	"context"
	"errors"
	"fmt"
	"github.com/org/probe-mtls-action/render"
	"runtime/debug"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// schema guards kyaml's process-wide OpenAPI schema: renders share it, a
// kustomization with its own schema has it alone and puts the default back.
var schema sync.RWMutex

// schemaReady tells, under schema, that the default schema is built.
var schemaReady bool

// shareSchema locks schema for reading. kyaml builds its default schema when a
// render first needs it, while others read it without a lock (kyaml v0.21.2,
// openapi.IsNamespaceScoped): so it is built before any render shares it.
func shareSchema() {
	for {
		schema.RLock()
		if schemaReady {
			return
		}
		schema.RUnlock()
		schema.Lock()
		openapi.Schema()
		schemaReady = true
		schema.Unlock()
	}
}

// Prepare builds the schema that all renders share, for callers that have other
// work to do first: it takes 20 ms, which the first render waits for otherwise.
func Prepare() {
	shareSchema()
	schema.RUnlock()
}

// maxCopies is how many bytes the copy operations of one JSON 6902 patch may add
// to an object: each can double it.
const maxCopies = 16 << 20

// boundCopies sets that limit, which kustomize leaves off, for the process.
var boundCopies = sync.OnceFunc(func() {
	if jsonpatch.AccumulatedCopySizeLimit == 0 {
		jsonpatch.AccumulatedCopySizeLimit = maxCopies
	}
})

// errOwnSchema ends a run that shares the schema when it comes upon a
// kustomization that sets one, before kustomize sees it.
var errOwnSchema = errors.New("the kustomization sets an OpenAPI schema")

// panicError is a panic of kustomize.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("kustomize panicked: %v", p.value) }

// catch turns a panic into an error; to be deferred.
func catch(err *error) {
	if r := recover(); r != nil {
		*err = &panicError{value: r, stack: debug.Stack()}
	}
}

// build is the outcome of one run of kustomize.
type build struct {
	view       *view
	resources  resmap.ResMap
	restricted error // kustomize's refusal to load a file from outside the root's directory
	err        error
}

// run lets kustomize build the root at dir, with the bytes that p chooses of the
// given files, to which it adds those that it reads besides. A
// root that loads files from outside its directory, which kustomize refuses, is
// built all the same.
func (r *Renderer) run(ctx context.Context, dir string, p plan, files map[string]*file) *build {
	b := r.runOnce(ctx, dir, p, files, types.LoadRestrictionsRootOnly)
	if b.err != nil && b.view.denied == nil && restriction.MatchString(b.err.Error()) {
		first := b.err
		b = r.runOnce(ctx, dir, p, files, types.LoadRestrictionsNone)
		b.restricted = first
	}
	return b
}

func (r *Renderer) runOnce(ctx context.Context, dir string, p plan, files map[string]*file, restrict types.LoadRestrictions) *build {
	if _, alone := r.alone.Load(dir); !alone {
		b := &build{view: newView(ctx, r.store, r.opts, p, files)}
		shareSchema()
		b.krusty(dir, restrict)
		schema.RUnlock()
		if !errors.Is(b.err, errOwnSchema) {
			return b
		}
		r.alone.Store(dir, true)
	}
	b := &build{view: newView(ctx, r.store, r.opts, p, files)}
	b.view.alone = true
	schema.Lock()
	defer schema.Unlock()
	openapi.ResetOpenAPI()
	defer openapi.ResetOpenAPI()
	schemaReady = false
	b.krusty(dir, restrict)
	return b
}

// krusty runs kustomize on the build's view.
func (b *build) krusty(dir string, restrict types.LoadRestrictions) {
	defer catch(&b.err)
	o := krusty.MakeDefaultOptions()
	o.LoadRestrictions = restrict
	if b.view.opts.EnableHelm {
		o.PluginConfig.HelmConfig.Enabled = true
		o.PluginConfig.HelmConfig.Command = "helm"
	}
	build := func() { b.resources, b.err = krusty.MakeKustomizer(o).Run(b.view, b.view.abs(dir)) }
	switch {
	case b.view.opts.AllowRemote:
		online(build)
	case !guarded():
		b.err = b.view.deny("", errUnguarded)
	default:
		build()
		b.view.denyRequest(b.err)
	}
	if b.view.denied != nil {
		b.err = b.view.denied
	} else if err := b.view.ctx.Err(); err != nil {
		b.err = err
	}
	if b.err == nil && b.resources.Size() > b.view.limits.Objects {
		b.err = fmt.Errorf("%w: %d objects", render.ErrTooMuch, b.resources.Size())
	}
}
