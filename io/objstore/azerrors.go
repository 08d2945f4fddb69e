package objstore

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// fail translates an error of the SDK for Store. It does not use the SDK's messages, which have the address with the SAS.
func (s *az) fail(err error) error {
	var token *azTokenError
	var refused *azcore.ResponseError
	var unanswered *url.Error
	var certificate *tls.CertificateVerificationError
	var lookup *net.DNSError
	switch {
	case errors.As(err, &token):
		return token.err
	case errors.As(err, &refused):
		return s.refused(refused)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &certificate):
		return bare(err)
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return temporary(&noHostError{lookup, fmt.Sprintf("is %s the right account?", s.login.account)}, 0)
	case errors.As(err, &unanswered) && unanswered.Op != "parse":
		return temporary(bare(err), 0)
	}
	return bare(err) // if the connection broke, retrying tries again
}

// azHints says what to do about errors that neither another attempt nor other credentials would avoid.
var azHints = map[string]string{
	"BlobArchived":             "it is in the archive tier: rehydrate it first",
	"BlobBeingRehydrated":      "it is being rehydrated: wait for that",
	"BlobImmutableDueToPolicy": "the container's immutability policy forbids it",
	"ContainerBeingDeleted":    "the container is being deleted",
	"InvalidBlobType":          "there is an append or page blob of this name: delete it first",
	"LeaseIdMissing":           "somebody holds a lease on it: break that first",
	"SnapshotsPresent":         "it has snapshots: delete them first",
}

// refused returns the error that an answer of the service means.
func (s *az) refused(e *azcore.ResponseError) error {
	said := fmt.Sprintf("the service answers %d %s", e.StatusCode, cmp.Or(e.ErrorCode, http.StatusText(e.StatusCode)))
	if hint := azHints[e.ErrorCode]; hint != "" {
		return fmt.Errorf("%s: %s", said, hint)
	}
	switch e.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("%s: %w", said, fs.ErrNotExist)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s to the %s: %w; %s", said, s.login.named, fs.ErrPermission, s.login.remedy)
	case http.StatusPreconditionFailed:
		return ErrChanged
	case http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%w: it is shorter now", ErrChanged)
	}
	if temporaryStatus(e.StatusCode) {
		return temporary(errors.New(said), retryAfter(e.RawResponse.Header.Get("Retry-After"), time.Now()))
	}
	return errors.New(said)
}

// azToken returns tokens of DefaultAzureCredential. It is made when it is first needed, because it probes the machine for credentials.
type azToken struct {
	make func() (azcore.TokenCredential, error)

	once   sync.Once
	chain  azcore.TokenCredential
	err    error
	worked atomic.Bool // whether it has returned a token before
}

func newDefaultCredential() (azcore.TokenCredential, error) {
	return azidentity.NewDefaultAzureCredential(nil)
}

// longestToken is how long it may take to get a token. It is less than a request may take, so that the error is about the token.
const longestToken = 20 * time.Second

// azTokenError carries an error for Store unchanged through the SDK.
type azTokenError struct{ err error }

func (e *azTokenError) Error() string { return e.err.Error() }
func (e *azTokenError) Unwrap() error { return e.err }

// GetToken is called by the SDK, which caches tokens until they expire.
func (t *azToken) GetToken(ctx context.Context, o azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
	t.once.Do(func() { t.chain, t.err = t.make() })
	if t.err != nil {
		return azcore.AccessToken{}, &azTokenError{noToken(t.err)}
	}
	limited, cancel := context.WithTimeout(ctx, longestToken)
	defer cancel()
	token, err := t.chain.GetToken(limited, o)
	switch {
	case err == nil:
		t.worked.Store(true)
		return token, nil
	case ctx.Err() != nil:
		return token, ctx.Err()
	case limited.Err() != nil:
		return token, &azTokenError{temporary(fmt.Errorf("no token from DefaultAzureCredential in %v", longestToken), 0)}
	case t.worked.Load():
		return token, &azTokenError{temporary(noToken(err), 0)}
	}
	return token, &azTokenError{noToken(err)}
}

// noToken says why there is no token. It shortens azidentity's error, which lists everything that was tried, to one line.
func noToken(err error) error {
	words := strings.FieldsFunc(err.Error(), func(r rune) bool { return r <= ' ' })
	why := strings.ReplaceAll(strings.Join(words, " "), "----", "")
	if secret := os.Getenv("AZURE_CLIENT_SECRET"); secret != "" {
		why = strings.ReplaceAll(why, secret, "...")
	}
	const most = 800
	if r := []rune(why); len(r) > most {
		why = string(r[:most]) + "..."
	}
	return fmt.Errorf("no token from DefaultAzureCredential: %w; %s, or set %s or %s: %s", fs.ErrPermission, azTokenWays, azKey, azSAS, why)
}
