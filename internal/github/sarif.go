package github

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	gh "github.com/google/go-github/v60/github"
)

// maxSARIF is GitHub's limit for a gzip-compressed SARIF file.
// https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
const maxSARIF = 10 << 20

// UploadSARIF hands a SARIF file to code scanning and waits, up to ten looks,
// until GitHub has read it. The commit is the one that was checked, ref its
// full name (refs/heads/main, refs/pull/7/merge). It returns the upload's ID,
// also where the reading was not over yet.
//
// It gives *NotPermitted where code scanning is off or the token may not
// write security events, *Unprocessable with GitHub's complaints for a file
// that it could not read.
func (c *Client) UploadSARIF(ctx context.Context, commit, ref string, sarif []byte) (string, error) {
	const op = "upload SARIF"
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(sarif); err != nil {
		return "", fmt.Errorf("%s: %w", op, err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("%s: %w", op, err)
	}
	if buf.Len() > maxSARIF {
		return "", &TooLarge{Detail{Op: op, Message: fmt.Sprintf("%d bytes compressed, GitHub takes %d", buf.Len(), maxSARIF)}}
	}
	// The same results twice are the same as once, so the request is sent again
	// as a read would be.
	id, _, err := c.rest.CodeScanning.UploadSarif(withSafe(ctx), c.owner, c.repo, &gh.SarifAnalysis{
		CommitSHA: &commit, Ref: &ref, Sarif: gh.String(base64.StdEncoding.EncodeToString(buf.Bytes())),
	})
	if err != nil {
		return "", c.wrap(op, true, err)
	}
	return id.GetID(), c.awaitSARIF(ctx, id.GetID())
}

func (c *Client) awaitSARIF(ctx context.Context, id string) error {
	const op = "read SARIF status"
	for try := 0; try < 10; try++ {
		// go-github's SARIFUpload leaves out the errors of a failed upload.
		req, err := c.rest.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/code-scanning/sarifs/%s", c.owner, c.repo, id), nil)
		if err != nil {
			return c.wrap(op, false, err)
		}
		var status struct {
			ProcessingStatus string `json:"processing_status"`
			Errors           []string
		}
		if _, err := c.rest.Do(ctx, req, &status); err != nil {
			return c.wrap(op, false, err)
		}
		switch status.ProcessingStatus {
		case "complete":
			return nil
		case "failed":
			texts := make([]string, len(status.Errors))
			for i, e := range status.Errors {
				texts[i] = c.redact(e)
			}
			return &Unprocessable{Detail: Detail{Op: "upload SARIF", Message: "code scanning could not process the file"}, Texts: texts}
		}
		if err := c.sleep(ctx, time.Duration(try+1)*time.Second); err != nil {
			return err
		}
	}
	return nil // accepted; GitHub is busy
}
