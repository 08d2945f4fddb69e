package objstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

func TestAzSaysWhichCredentialIsRefused(t *testing.T) {
	for _, kind := range azKinds {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			t.Run(fmt.Sprint(kind.named, " ", status), func(t *testing.T) {
				azEnv(t, kind.env...)
				var asked atomic.Int64
				s := fakeAz(t, func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					signed := r.URL.Query().Get("sig")
					switch authorized := r.Header.Get("Authorization"); {
					case strings.Contains(kind.named, "SAS") && signed == plantedSig && authorized == "":
					case strings.HasPrefix(kind.named, "Default") && authorized == "Bearer "+plantedJWT:
					case strings.HasPrefix(authorized, "SharedKey planted:") && signed == "":
					default:
						t.Errorf("asked with %q, %q", authorized, signed)
					}
					refuse(w, r, status, "AuthenticationFailed")
				})
				everyCall(t, s, func(t *testing.T, _ string, err error) {
					if !errors.Is(err, fs.ErrPermission) || mayPass(err) != nil || !strings.Contains(err.Error(), " to the "+kind.named+":") {
						t.Errorf("found %v", err)
					}
				})
				if n := asked.Load(); n != 5 {
					t.Errorf("%d requests for 5 calls", n)
				}
			})
		}
	}
}

func TestAzWithoutCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		want []string
	}{
		"nothing":                {nil, []string{"no credentials", azConnection, azAccount, azKey, azSAS, "DefaultAzureCredential", "az login"}},
		"key without account":    {[]string{azKey, plantedKey}, []string{"no credentials", azAccount}},
		"account is an address":  {[]string{azAccount, "https://planted/?sig=x"}, []string{azAccount, "name of an account"}},
		"key is none":            {[]string{azAccount, "planted", azKey, "planted key"}, []string{azKey, "base64"}},
		"SAS without signature":  {[]string{azAccount, "planted", azSAS, "sv=1&sp=r"}, []string{azSAS, "sig"}},
		"connection of nothing":  {[]string{azConnection, "EndpointSuffix=x"}, []string{azConnection, "AccountName", "BlobEndpoint"}},
		"connection without key": {[]string{azConnection, "AccountName=planted"}, []string{azConnection, "AccountKey", "SharedAccessSignature"}},
		"connection, empty SAS":  {[]string{azConnection, "AccountName=planted;SharedAccessSignature="}, []string{azConnection, "SharedAccessSignature"}},
		"connection, odd SAS":    {[]string{azConnection, "AccountName=planted;SharedAccessSignature=sp=r"}, []string{azConnection, "sig"}},
		"connection is a key":    {[]string{azConnection, strings.TrimRight(plantedKey, "=")}, []string{azConnection, "name=value"}},
		"connection, odd key":    {[]string{azConnection, "AccountName=planted;AccountKey=planted key"}, []string{azConnection, "base64"}},
		"connection, odd host":   {[]string{azConnection, "BlobEndpoint=" + plantedKey + ";SharedAccessSignature=" + plantedSAS}, []string{azConnection, "BlobEndpoint"}},
		"not encrypted":          {[]string{azConnection, "DefaultEndpointsProtocol=http;AccountName=planted;AccountKey=" + plantedKey}, []string{"--allow-http"}},
	} {
		t.Run(name, func(t *testing.T) {
			azEnv(t, c.env...)
			_, err := makers["az"](t.Context(), Access{})
			if err == nil {
				t.Fatal("no error")
			}
			discreet(t, err)
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("found %v, expected %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), "planted key") {
				t.Errorf("the message holds the key: %v", err)
			}
		})
	}
}

func TestAzWithoutToken(t *testing.T) {
	azEnv(t, azAccount, "planted", "AZURE_CLIENT_SECRET", "planted secret")
	s, err := makers["az"](t.Context(), Access{}) // nothing is looked for yet
	if err != nil {
		t.Fatal(err)
	}
	everyCall(t, s, func(t *testing.T, _ string, err error) {
		for _, want := range []string{"no token from DefaultAzureCredential", "az login", azKey, "EnvironmentCredential: "} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("found %v, expected %q in it", err, want)
			}
		}
		if !errors.Is(err, fs.ErrPermission) || mayPass(err) != nil || strings.ContainsAny(err.Error(), "\n\t") {
			t.Errorf("found %q", err)
		}
	})
}

func TestAzTokenMayBeLateOnceItWorked(t *testing.T) {
	var trouble error
	token := &azToken{make: func() (azcore.TokenCredential, error) {
		return tokens(func() (azcore.AccessToken, error) { return azcore.AccessToken{}, trouble }), nil
	}}
	t.Setenv("AZURE_CLIENT_SECRET", "planted secret")
	ask := func() error {
		_, err := token.GetToken(t.Context(), azpolicy.TokenRequestOptions{})
		return err
	}
	trouble = errors.New("the answer to \"planted secret\":\n---------\n" + strings.Repeat("x", 5000))
	if err := ask(); !errors.Is(err, fs.ErrPermission) || mayPass(err) != nil {
		t.Errorf("found %v, expected %v", err, fs.ErrPermission)
	} else if s := err.Error(); strings.Contains(s, "planted") || strings.Contains(s, "\n") || len(s) > 1200 {
		t.Errorf("found %q", s)
	}
	trouble = nil
	if err := ask(); err != nil {
		t.Error(err)
	}
	trouble = errors.New("later")
	if err := ask(); mayPass(err) == nil {
		t.Errorf("found %v, expected one that may pass", err)
	}
}

func TestAzTemporary(t *testing.T) {
	for status, code := range map[int]string{408: "", 429: "TooManyRequests", 500: "InternalError", 502: "", 503: "ServerBusy", 504: ""} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var asked atomic.Int64
			s := keyed(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				w.Header().Set("Retry-After", "7")
				refuse(w, r, status, code)
			})
			everyCall(t, s, func(t *testing.T, _ string, err error) {
				if m := mayPass(err); m == nil || m.after != 7*time.Second || !strings.Contains(err.Error(), fmt.Sprint(status)) {
					t.Errorf("found %v, %+v", err, m)
				}
			})
			if n := asked.Load(); n != 5 {
				t.Errorf("%d requests for 5 calls", n)
			}
		})
	}
	t.Run("reset", func(t *testing.T) {
		s := keyed(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		everyCall(t, s, func(t *testing.T, _ string, err error) {
			if mayPass(err) == nil {
				t.Errorf("found %v", err)
			}
		})
	})
	t.Run("nobody there", func(t *testing.T) {
		azEnv(t, azAccount, "planted", azSAS, plantedSAS)
		s := fakeAz(t, nil)
		s.login.endpoint = "https://127.0.0.1:1"
		s, err := newAz(s.login, Access{}, http.DefaultTransport.(*http.Transport).Clone())
		if err != nil {
			t.Fatal(err)
		}
		everyCall(t, s, func(t *testing.T, _ string, err error) {
			if mayPass(err) == nil || !strings.Contains(err.Error(), "refused") {
				t.Errorf("found %v", err)
			}
		})
	})
	t.Run("no such host", func(t *testing.T) {
		azEnv(t, azAccount, "planted", azSAS, plantedSAS)
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "planted.blob.core.windows.net", IsNotFound: true}
		}}
		login, err := azLoginFrom(os.Getenv)
		if err != nil {
			t.Fatal(err)
		}
		s, err := newAz(login, Access{}, transport)
		if err != nil {
			t.Fatal(err)
		}
		everyCall(t, s, func(t *testing.T, _ string, err error) {
			if mayPass(err) != nil || !strings.Contains(err.Error(), "there is no host planted.blob.core.windows.net; is planted the right account?") {
				t.Errorf("found %v", err)
			}
		})
	})
}
