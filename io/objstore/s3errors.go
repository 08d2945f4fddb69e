package objstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// statusOf returns the HTTP status of an error answer, or 0.
func statusOf(err error) int {
	var resp *smithyhttp.ResponseError
	if !errors.As(err, &resp) {
		return 0
	}
	return resp.HTTPStatusCode()
}

// passing has the error codes after which another attempt may succeed, whatever the status. RequestTimeTooSkewed is among them
// because the SDK corrects its clock with each answer.
var passing = []string{
	"SlowDown", "SlowDownRead", "SlowDownWrite", "RequestTimeout", "RequestTimeTooSkewed", "InternalError", "ServiceUnavailable",
	"Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded", "BandwidthLimitExceeded",
	"ConditionalRequestConflict", "OperationAborted",
}

// refusals has the codes for wrong credentials, which may come with any status.
var refusals = map[string]string{
	"InvalidAccessKeyId":    "the server does not know it: it is of another account or endpoint, or was deleted",
	"SignatureDoesNotMatch": "its secret is not the one that the server knows, or something on the way changes requests",
	"ExpiredToken":          "its session is over: sign in again (aws sso login), or renew AWS_SESSION_TOKEN",
	"TokenRefreshRequired":  "its session is over: sign in again (aws sso login), or renew AWS_SESSION_TOKEN",
	"InvalidToken":          "AWS_SESSION_TOKEN is not of that key: set the three together, or unset it",
}

// reasonOf translates an error of the SDK. key has the credentials that were used.
func reasonOf(ctx context.Context, err error, key aws.Credentials, may string) error {
	var ours *temporaryError
	switch {
	case err == nil || errors.As(err, &ours):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	var resp *smithyhttp.ResponseError
	if !errors.As(err, &resp) || resp.Response == nil || resp.HTTPStatusCode() == 0 {
		return noAnswer(err, key)
	}
	status := resp.HTTPStatusCode()
	var api smithy.APIError
	if errors.As(err, &api); api == nil {
		var unreadable *smithy.DeserializationError
		if errors.As(err, &unreadable) && unreadable.Err != nil {
			err = unreadable.Err
		}
		api = &smithy.GenericAPIError{Code: http.StatusText(status), Message: "not in the words of S3; something on the way may answer instead"}
		if status < http.StatusMultipleChoices {
			return temporary(fmt.Errorf("the answer breaks off, or is not one of S3: %s", clean(err.Error(), key)), 0)
		}
	}
	code, text := clean(api.ErrorCode(), key), "the server answers "+strconv.Itoa(status)+" "
	if message := strings.TrimRight(clean(api.ErrorMessage(), key), "."); message == "" || message == code {
		text += code
	} else {
		text += code + ": " + message
	}
	refusal, refused := refusals[code]
	switch {
	case slices.Contains(passing, code) || temporaryStatus(status):
		return temporary(errors.New(text), retryAfter(resp.Response.Header.Get("Retry-After"), time.Now()))
	case code == "NoSuchBucket":
		return errNoBucket
	case status == http.StatusNotFound:
		return fmt.Errorf("%s: %w", text, fs.ErrNotExist)
	case status == http.StatusPreconditionFailed:
		return ErrChanged
	case status == http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%w: it is shorter now", ErrChanged)
	case status == http.StatusNotImplemented:
		return fmt.Errorf("%s: %w", text, ErrUnsupported)
	case code == "InvalidObjectState":
		return fmt.Errorf("%s; it is archived: restore it first", text)
	case status == http.StatusMovedPermanently, code == "AuthorizationHeaderMalformed":
		return fmt.Errorf("%s; set AWS_REGION to the bucket's region", text)
	case !refused && status != http.StatusUnauthorized && status != http.StatusForbidden:
		return errors.New(text)
	case !refused:
		refusal = "allow it " + may + " there, or give other credentials"
		if may == mayRead {
			refusal += "; without " + mayList + ", an object that is not there is refused too"
		}
	}
	return fmt.Errorf("%s; asked with access key %s of %s: %s: %w", text, clean(key.AccessKeyID, aws.Credentials{}), key.Source, refusal, fs.ErrPermission)
}

// noAnswer returns the error for a request without an answer. Most of these are faults of the network, which are temporary.
func noAnswer(err error, key aws.Credentials) error {
	var sent *smithyhttp.RequestSendError
	if !errors.As(err, &sent) {
		var op *smithy.OperationError
		if errors.As(err, &op) {
			err = op.Err
		}
		return fmt.Errorf("the request cannot be made: %s", clean(err.Error(), key))
	}
	err = bare(sent.Err)
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		return fmt.Errorf("%w; if the endpoint's certificate is your own, set AWS_CA_BUNDLE to the file of its issuer", err)
	case errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%w; does the endpoint begin with http:// instead of https://?", err)
	}
	return temporary(err, 0)
}

// clean makes the text of a server or library fit for a message: one line, not too long, and without the secrets of key,
// signatures and queries of addresses.
func clean(text string, key aws.Credentials) string {
	for _, secret := range []string{key.SecretAccessKey, key.SessionToken} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	text = secretive.ReplaceAllString(text, "…")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	const most = 300
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}

var secretive = regexp.MustCompile(`[0-9a-fA-F]{64,}|\?\S*`)
