// Package sarif writes reports as SARIF 2.1.0 for GitHub code scanning, and
// reads back what it wrote.
//
// The structs here are its own: go-sarif writes every optional number and empty
// list of every location, which multiplies a large log towards GitHub's limit of
// 10 MB, and hides our properties one level deeper.
package sarif

import "github.com/org/probe-mtls-action/internal/report"

const (
	schema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	version = "2.1.0"
	srcRoot = "%SRCROOT%"

	toolName = "probe-mtls-action"

	// fingerprintKey is where our own fingerprint stands. GitHub reads only
	// primaryLocationLineHash.
	fingerprintKey = "probeMtls/v1"
	lineHashKey    = "primaryLocationLineHash"

	notChecked = "not-checked"
	remark     = "remark"
	cut        = "results-left-out"
)

type log struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    []run  `json:"runs"`
}

type run struct {
	Tool               tool                        `json:"tool"`
	AutomationDetails  automationDetails           `json:"automationDetails"`
	Invocations        []invocation                `json:"invocations"`
	OriginalURIBaseIDs map[string]artifactLocation `json:"originalUriBaseIds"`
	ColumnKind         string                      `json:"columnKind"`
	Results            []result                    `json:"results"` // GitHub refuses a run without it; never nil
	Properties         runProperties               `json:"properties"`
}

type tool struct {
	Driver driver `json:"driver"`
}

type driver struct {
	Name            string       `json:"name"`
	FullName        string       `json:"fullName,omitempty"`
	Version         string       `json:"version,omitempty"`
	SemanticVersion string       `json:"semanticVersion,omitempty"`
	InformationURI  string       `json:"informationUri,omitempty"`
	Rules           []descriptor `json:"rules"`
	Notifications   []descriptor `json:"notifications,omitempty"`
}

type descriptor struct {
	ID                   string          `json:"id"`
	Name                 string          `json:"name,omitempty"`
	ShortDescription     *text           `json:"shortDescription,omitempty"`
	FullDescription      *text           `json:"fullDescription,omitempty"`
	DefaultConfiguration *configuration  `json:"defaultConfiguration,omitempty"`
	HelpURI              string          `json:"helpUri,omitempty"`
	Help                 *text           `json:"help,omitempty"`
	Properties           *ruleProperties `json:"properties,omitempty"`
}

type text struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type configuration struct {
	Level string `json:"level"`
}

type ruleProperties struct {
	Tags            []string `json:"tags"`
	Precision       string   `json:"precision"`
	ProblemSeverity string   `json:"problem.severity"`
}

type automationDetails struct {
	ID string `json:"id"`
}

type invocation struct {
	ExecutionSuccessful        bool           `json:"executionSuccessful"`
	ToolExecutionNotifications []notification `json:"toolExecutionNotifications,omitempty"`
}

type notification struct {
	Descriptor reference               `json:"descriptor"`
	Level      string                  `json:"level"`
	Message    text                    `json:"message"`
	Locations  []location              `json:"locations,omitempty"`
	Properties *notificationProperties `json:"properties,omitempty"`
}

type reference struct {
	ID    string `json:"id"`
	Index int    `json:"index"`
}

// notificationProperties keep apart what the message joins.
type notificationProperties struct {
	Message string   `json:"message"`
	Root    string   `json:"root,omitempty"`
	Hint    string   `json:"hint,omitempty"`
	Roots   []string `json:"roots,omitempty"`
	State   string   `json:"state,omitempty"` // of what was not checked: new, existing
	Cut     bool     `json:"cut,omitempty"`   // ended by a limit or a defect
	Hole    bool     `json:"hole,omitempty"`  // the rest of the root was judged
}

type result struct {
	RuleID              string            `json:"ruleId"`
	RuleIndex           *int              `json:"ruleIndex,omitempty"`
	Level               string            `json:"level"`
	Message             text              `json:"message"`
	Locations           []location        `json:"locations"`
	RelatedLocations    []location        `json:"relatedLocations,omitempty"`
	PartialFingerprints map[string]string `json:"partialFingerprints"`
	Suppressions        []suppression     `json:"suppressions,omitempty"`
	Fixes               []fix             `json:"fixes,omitempty"`
	Properties          resultProperties  `json:"properties"`
}

// fix is a proven change of files (SARIF 2.1.0, 3.55).
type fix struct {
	Description     text             `json:"description"`
	ArtifactChanges []artifactChange `json:"artifactChanges"`
	Properties      *fixProperties   `json:"properties"`
}

type artifactChange struct {
	ArtifactLocation artifactLocation `json:"artifactLocation"`
	Replacements     []replacement    `json:"replacements"`
}

type replacement struct {
	DeletedRegion   region `json:"deletedRegion"`
	InsertedContent *text  `json:"insertedContent,omitempty"`
}

// fixProperties carry what SARIF has no place for.
type fixProperties struct {
	Key      string   `json:"key"`
	Title    string   `json:"title"`
	Cost     string   `json:"cost,omitempty"` // "" is a safe fix
	Tier     string   `json:"tier"`
	Roots    []string `json:"roots"`
	Also     []string `json:"also,omitempty"`
	NewFiles []string `json:"newFiles,omitempty"`
	Diff     string   `json:"diff"`
}

// resultProperties carry what SARIF has no place for.
type resultProperties struct {
	Verdict  string   `json:"verdict"`
	State    string   `json:"state,omitempty"`
	Hidden   string   `json:"hiddenByThisChange,omitempty"` // warns, fails
	RuleName string   `json:"ruleName"`
	Summary  string   `json:"summary"`
	Message  string   `json:"message"`
	Roots    []string `json:"roots"`
	Chain    []string `json:"chain,omitempty"`
	// Steps tell more of each entry of Chain.
	Steps    []step   `json:"steps,omitempty"`
	Assumed  []string `json:"assumed,omitempty"`
	Remedies []remedy `json:"remedies,omitempty"`
	// Occurrences are the rendered objects behind the result, for joining
	// shards and telling new ones.
	Occurrences []occurrence `json:"occurrences,omitempty"`
	// BaseCauses are places of the base tree that decided otherwise.
	BaseCauses []location `json:"baseCauses,omitempty"`
	// RelatedLeftOut counts related locations beyond GitHub's limit.
	RelatedLeftOut int `json:"relatedLocationsLeftOut,omitempty"`
}

type occurrence struct {
	Root    string `json:"root"`
	Subject string `json:"subject,omitempty"` // the result's own where empty
	New     bool   `json:"new,omitempty"`
}

// meshNames are what people call the mesh that was judged.
type meshNames struct {
	Name  string `json:"name,omitempty"`
	Proxy string `json:"proxy,omitempty"`
	Agent string `json:"agent,omitempty"`
}

// step is a step of the chain: Related is the id of the related location that it
// rests on, ownPlace for the result's own, 0 for none.
type step struct {
	Related  int  `json:"related,omitempty"`
	Deciding bool `json:"deciding,omitempty"`
}

const ownPlace = -1

type remedy struct {
	Title string    `json:"title"`
	YAML  string    `json:"yaml,omitempty"`
	At    *location `json:"at,omitempty"`
}

type location struct {
	ID               int                 `json:"id,omitempty"`
	PhysicalLocation physicalLocation    `json:"physicalLocation"`
	LogicalLocations []logicalLocation   `json:"logicalLocations,omitempty"`
	Message          *text               `json:"message,omitempty"`
	Properties       *locationProperties `json:"properties,omitempty"`
}

// locationProperties tell how the place was found.
type locationProperties struct {
	Message string   `json:"message,omitempty"` // as it is, where the location's own is a sentence
	Exact   bool     `json:"exact"`
	Why     string   `json:"why,omitempty"`
	Via     []string `json:"via,omitempty"`
	// WholeFile: the region is there because GitHub needs one.
	WholeFile bool `json:"wholeFile,omitempty"`
}

type physicalLocation struct {
	ArtifactLocation artifactLocation `json:"artifactLocation"`
	Region           *region          `json:"region,omitempty"`
	ContextRegion    *region          `json:"contextRegion,omitempty"`
}

type artifactLocation struct {
	URI         string `json:"uri,omitempty"`
	URIBaseID   string `json:"uriBaseId,omitempty"`
	Description *text  `json:"description,omitempty"`
}

type region struct {
	StartLine   int   `json:"startLine"`
	StartColumn int   `json:"startColumn,omitempty"`
	EndLine     int   `json:"endLine,omitempty"`
	EndColumn   int   `json:"endColumn,omitempty"`
	Snippet     *text `json:"snippet,omitempty"`
}

type logicalLocation struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind"`
}

type suppression struct {
	Kind          string    `json:"kind"`
	Status        string    `json:"status"`
	Justification string    `json:"justification"`
	Location      *location `json:"location,omitempty"`
}

type runProperties struct {
	Version      string    `json:"version,omitempty"` // as the program names itself
	Commit       string    `json:"commit,omitempty"`
	IstioVersion string    `json:"istioVersion,omitempty"`
	Mesh         meshNames `json:"mesh"`
	Roots        []string  `json:"roots"`
	Unused       []string  `json:"unused,omitempty"`
	Unaffected   int       `json:"unaffected"`
	Probes       int       `json:"probes"`
	Callers      int       `json:"callers,omitempty"`
	Base         string    `json:"base,omitempty"`
	Head         string    `json:"head,omitempty"`
	Category     string    `json:"category,omitempty"`
	Shard        string    `json:"shard,omitempty"`
	// Fixed are findings of the base that are gone. They are no results: code
	// scanning would show them as alerts.
	Fixed []result `json:"fixed,omitempty"`
	// NotLookedAt was not looked at; it never changes how the run ends.
	NotLookedAt []report.Unseen `json:"notLookedAt,omitempty"`
	// LeftOut counts results beyond GitHub's limits.
	LeftOut int `json:"resultsLeftOut,omitempty"`
}
