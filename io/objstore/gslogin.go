package objstore

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/storage"
)

// detectGCSCredentials is a variable, so that tests depend neither on a machine of Google's nor on any other.
var detectGCSCredentials = credentials.DetectDefault

// findGCSCredentials looks for application default credentials: in files, then on the metadata server of Google's machines. If there
// are none, that is an error; requests are never made without credentials instead. Errors about files are not wrapped, because a
// missing file must not look like a missing object.
func findGCSCredentials(ctx context.Context) (*auth.Credentials, error) {
	type result struct {
		creds *auth.Credentials
		err   error
	}
	found := make(chan result, 1)
	go func() {
		creds, err := detectGCSCredentials(&credentials.DetectOptions{Scopes: []string{storage.ScopeReadWrite}})
		found <- result{creds, err}
	}()
	select {
	case r := <-found:
		if r.err != nil {
			why := gcsLine(Reason(r.err).Error()) // without the path, in which some put the key itself
			if os.Getenv("GOOGLE_APPLICATION_CREDENTIALS") != "" {
				why = "GOOGLE_APPLICATION_CREDENTIALS: " + why
			}
			return nil, fmt.Errorf("no Google credentials to use (%s): %s", why, gcsSignIn)
		}
		return r.creds, nil
	case <-time.After(gcsFindLimit):
		return nil, fmt.Errorf("no Google credentials to use (none in files, and no answer in %v whether this is a machine of Google's): %s", gcsFindLimit, gcsSignIn)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// identifyGCS names a credential by the parts of its file that are not secret.
func identifyGCS(file []byte) gcsIdentity {
	who := gcsIdentity{remedy: "grant it a role (roles/storage.objectViewer reads, roles/storage.objectUser writes too), or use another credential: " + gcsSignIn}
	if len(file) == 0 {
		who.name = "application default credentials of this machine, from the metadata server"
		return who
	}
	var f struct {
		Type    string `json:"type"`
		Email   string `json:"client_email"`
		Account string `json:"account"`
		ActsAs  string `json:"service_account_impersonation_url"`
	}
	if err := json.Unmarshal(file, &f); err != nil {
		f.Type = "unknown"
	}
	who.name = "application default credentials of type " + f.Type
	if f.Email != "" {
		who.name += ", client_email " + f.Email
	}
	if f.Account != "" {
		who.name += ", account " + f.Account
	}
	if f.ActsAs != "" {
		as, _, _ := strings.Cut(path.Base(f.ActsAs), ":") // .../serviceAccounts/x@y:generateAccessToken
		who.name += ", acting as " + as
	}
	if os.Getenv("GOOGLE_APPLICATION_CREDENTIALS") != "" {
		who.name += ", of GOOGLE_APPLICATION_CREDENTIALS"
	}
	return who
}

// gcsTokens marks errors of fetching an access token, to distinguish them from errors of the store. The library fetches a token
// when it needs one, and retries a few times by itself.
type gcsTokens struct{ auth.TokenProvider }

type gcsTokenError struct{ err error }

func (e *gcsTokenError) Error() string { return e.err.Error() }
func (e *gcsTokenError) Unwrap() error { return e.err }

func (t gcsTokens) Token(ctx context.Context) (*auth.Token, error) {
	token, err := t.TokenProvider.Token(ctx)
	if err != nil {
		return nil, &gcsTokenError{err}
	}
	return token, nil
}
