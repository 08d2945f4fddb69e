package objstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
)

// explain translates an error of the library for Store. unmet is the error for a condition that does not hold.
func (g *gcs) explain(ctx context.Context, err, unmet error) error {
	var token *gcsTokenError
	var answered *googleapi.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &token):
		return g.explainToken(token.err)
	case errors.As(err, &answered):
		return g.explainAnswer(answered, unmet)
	case errors.Is(err, storage.ErrObjectNotExist), errors.Is(err, storage.ErrBucketNotExist):
		return fs.ErrNotExist
	case storage.ShouldRetry(err), mayPass(bare(err)) != nil:
		return temporary(bare(err), 0)
	}
	return bare(err)
}

// explainAnswer translates an error answer. It does not repeat the server's text about a refusal, except the missing permission.
func (g *gcs) explainAnswer(e *googleapi.Error, unmet error) error {
	status := fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code))
	reason, message := gcsReason(e)
	switch {
	case temporaryStatus(e.Code), e.Code == http.StatusForbidden && strings.HasSuffix(strings.ToLower(reason), "ratelimitexceeded"):
		return temporary(fmt.Errorf("the server answers %s", status), retryAfter(e.Header.Get("Retry-After"), time.Now()))
	case e.Code == http.StatusNotFound:
		return fmt.Errorf("the server answers %s: %w", status, fs.ErrNotExist)
	case e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden:
		what := ""
		if reason != "" {
			what = " (" + reason + ")"
		}
		if p := gcsPermission.FindString(message); p != "" {
			what += ", for want of " + p + ","
		}
		return fmt.Errorf("the server answers %s%s to %s: %w; %s", status, what, g.who.name, fs.ErrPermission, g.who.remedy)
	case e.Code == http.StatusPreconditionFailed && unmet != nil:
		return unmet
	case e.Code == http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%w: it is shorter now", ErrChanged)
	case reason != "":
		return fmt.Errorf("the server answers %s (%s)", status, reason)
	}
	return fmt.Errorf("the server answers %s", status)
}

var (
	gcsPermission = regexp.MustCompile(`\bstorage\.(objects|buckets|folders|managedFolders)\.[a-zA-Z]+\b`)
	gcsWord       = regexp.MustCompile(`^[a-zA-Z_]{1,60}$`)
	gcsStatus     = regexp.MustCompile(`\bstatus code (\d{3})\b`)
)

// gcsReason reads the body of an error: the reason in one word, and a message. The library does not parse it for reads.
func gcsReason(e *googleapi.Error) (reason, message string) {
	var body struct {
		Error struct {
			Message string                `json:"message"`
			Errors  []googleapi.ErrorItem `json:"errors"`
		} `json:"error"`
	}
	if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
		return "", e.Body
	}
	if items := body.Error.Errors; len(items) > 0 && gcsWord.MatchString(items[0].Reason) {
		reason = items[0].Reason
	}
	return reason, body.Error.Message
}

// explainToken explains why there is no access token. It repeats only the error code of an answer.
func (g *gcs) explainToken(err error) error {
	var refused *auth.Error
	status, code := 0, ""
	if errors.As(err, &refused) && refused.Response != nil {
		status = refused.Response.StatusCode
		var body struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(refused.Body, &body) == nil && gcsWord.MatchString(body.Error) {
			code = " (" + body.Error + ")"
		}
	} else if m := gcsStatus.FindStringSubmatch(err.Error()); m != nil {
		status, _ = strconv.Atoi(m[1])
	}
	why := ""
	switch {
	case status != 0:
		why = fmt.Sprintf("the token server answers %d %s%s", status, http.StatusText(status), code)
	default:
		why = gcsLine(bare(err).Error())
	}
	if temporaryStatus(status) || status == 0 && mayPass(bare(err)) != nil {
		return temporary(fmt.Errorf("no access token for %s: %s", g.who.name, why), 0)
	}
	return fmt.Errorf("no access token for %s: %s: %w; use another credential: %s", g.who.name, why, fs.ErrPermission, gcsSignIn)
}

// gcsLine returns the first sentence of a text of unknown length. The libraries' errors go on with details that may be long.
func gcsLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	s, _, _ = strings.Cut(s, ". ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
