package objstore

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"tripstats/testdata/fakes"
)

// Planted secrets. No message may have them.
var (
	plantedKey = base64.StdEncoding.EncodeToString([]byte("the planted key, 32 bytes of it!"))
	plantedSig = "cGxhbnRlZCBzaWduYXR1cmU/+w=="
	plantedSAS = "sv=2024-11-04&ss=b&srt=sco&sp=rl&se=2039-01-02T03:04:05Z&sig=" + url.QueryEscape(plantedSig)
	plantedJWT = "planted.access.token"
)

// azEnv sets these variables and unsets all others of Azure's.
func azEnv(t *testing.T, pairs ...string) {
	t.Helper()
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential") // of which nothing is set: no network, no az
	for _, name := range []string{azConnection, azAccount, azKey, azSAS, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME", "AZURE_PASSWORD"} {
		t.Setenv(name, "")
	}
	for i := 0; i < len(pairs); i += 2 {
		t.Setenv(pairs[i], pairs[i+1])
	}
}

// azKinds has the kinds of credentials: the variables that are set, and how a message names them.
var azKinds = []struct {
	named string
	env   []string
}{
	{"connection string of account planted", []string{azConnection, "DefaultEndpointsProtocol=https;AccountName=planted;AccountKey=" + plantedKey + ";EndpointSuffix=core.windows.net", azAccount, "other", azKey, "bm90IHRoaXM="}},
	{"connection string of account planted (a SAS, valid until 2039-01-02T03:04:05Z)", []string{azConnection, "BlobEndpoint=https://planted.blob.core.windows.net/;SharedAccessSignature=" + plantedSAS}},
	{"shared key of account planted", []string{azAccount, "planted", azKey, plantedKey, azSAS, "sig=other"}},
	{"SAS token for account planted, valid until 2039-01-02T03:04:05Z", []string{azAccount, "planted", azSAS, "?" + plantedSAS}},
	{"DefaultAzureCredential for account planted", []string{azAccount, "planted"}},
}

// tokens are credentials that return a given token or error.
type tokens func() (azcore.AccessToken, error)

func (f tokens) GetToken(context.Context, azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
	return f()
}

// fakeAz returns a store with the credentials of the environment, whose service a test controls.
func fakeAz(t *testing.T, answer http.HandlerFunc) *az {
	t.Helper()
	login, err := azLoginFrom(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(answer)
	t.Cleanup(server.Close)
	login.endpoint = server.URL
	if token, ok := login.token.(*azToken); ok {
		token.make = func() (azcore.TokenCredential, error) {
			return tokens(func() (azcore.AccessToken, error) {
				return azcore.AccessToken{Token: plantedJWT, ExpiresOn: time.Now().Add(time.Hour)}, nil
			}), nil
		}
	}
	s, err := newAz(login, Access{}, server.Client().Transport.(*http.Transport))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// keyed returns fakeAz with a shared key.
func keyed(t *testing.T, answer http.HandlerFunc) *az {
	azEnv(t, azAccount, "planted", azKey, plantedKey)
	return fakeAz(t, answer)
}

// discreet fails if a message holds a secret or the address.
func discreet(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{plantedKey, plantedSig, url.QueryEscape(plantedSig), plantedJWT, "sig=", "az://", "/trips/a/b", "a%2Fb"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the message holds %q: %v", secret, err)
		}
	}
}

// everyCall calls each method of a store once and returns the errors.
func everyCall(t *testing.T, s Store, each func(t *testing.T, call string, err error)) {
	t.Helper()
	const uri = "az://trips/a/b"
	_, listed := s.List(t.Context(), uri)
	_, stated := s.Stat(t.Context(), uri)
	_, written := s.Put(t.Context(), uri, []byte("x"), Condition{})
	for call, err := range map[string]error{
		"List": listed, "Stat": stated, "Put": written,
		"ReadRange": s.ReadRange(t.Context(), Object{URI: uri, Size: 10, Version: `"1"`}, make([]byte, 10), 0),
		"Delete":    s.Delete(t.Context(), uri, ""),
	} {
		t.Run(call, func(t *testing.T) {
			if err == nil {
				t.Fatal("no error")
			}
			discreet(t, err)
			each(t, call, err)
		})
	}
}

// refuse answers with an error as the service has it, with all that was asked in its text.
func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("X-Ms-Error-Code", code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>%s %s</Message></Error>", code, r.URL, r.Header.Get("Authorization"))
}

func TestAzTrustsNoStrangers(t *testing.T) {
	azEnv(t, azAccount, "planted", azSAS, plantedSAS)
	s := fakeAz(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	s, err := newAz(s.login, Access{}, http.DefaultTransport.(*http.Transport).Clone()) // which does not know the certificate
	if err != nil {
		t.Fatal(err)
	}
	everyCall(t, s, func(t *testing.T, _ string, err error) {
		if mayPass(err) != nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("found %v", err)
		}
	})
}

func TestAzIsNotSentOn(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked with %v", r.Header) }))
	defer other.Close()
	azEnv(t, azAccount, "planted", azSAS, plantedSAS)
	s := fakeAz(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	everyCall(t, s, func(t *testing.T, _ string, err error) {
		if !strings.Contains(err.Error(), "307") {
			t.Errorf("found %v", err)
		}
	})
}

// TestAzReadsWhatWasMatched is a table of answers to a request of bytes 2 to 5 of 10 of version "1".
func TestAzReadsWhatWasMatched(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		header  map[string]string
		body    string
		code    string
		changed bool
		passes  bool
		says    string
	}{
		"as it should be":     {206, map[string]string{"ETag": `"1"`, "Content-Range": "bytes 2-5/10"}, "2345", "", false, false, ""},
		"another version":     {206, map[string]string{"ETag": `"2"`, "Content-Range": "bytes 2-5/10"}, "2345", "", true, false, `version "2"`},
		"no version":          {206, map[string]string{"Content-Range": "bytes 2-5/10"}, "2345", "", true, false, ""},
		"longer now":          {206, map[string]string{"ETag": `"1"`, "Content-Range": "bytes 2-5/11"}, "2345", "", true, false, "2-5/11"},
		"another range":       {206, map[string]string{"ETag": `"1"`, "Content-Range": "bytes 3-6/10"}, "3456", "", true, false, "3-6/10"},
		"whole":               {200, map[string]string{"ETag": `"1"`}, "0123456789", "", true, false, "range"},
		"packed":              {206, map[string]string{"ETag": `"1"`, "Content-Range": "bytes 2-5/10", "Content-Encoding": "gzip"}, "2345", "", false, false, `"gzip"`},
		"breaks off":          {206, map[string]string{"ETag": `"1"`, "Content-Range": "bytes 2-5/10", "Content-Length": "4"}, "23", "", false, true, "breaks off"},
		"precondition failed": {412, nil, "", "ConditionNotMet", true, false, ""},
		"beyond the end":      {416, nil, "", "InvalidRange", true, false, "shorter"},
		"not modified":        {304, nil, "", "", false, false, "without content"},
		"archived":            {409, nil, "", "BlobArchived", false, false, "rehydrate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := keyed(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Ms-Range") != "bytes=2-5" || r.Header.Get("If-Match") != `"1"` || strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
					t.Errorf("asked with %v", r.Header)
				}
				for name, value := range c.header {
					w.Header().Set(name, value)
				}
				if c.code != "" {
					refuse(w, r, c.status, c.code)
					return
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			p := make([]byte, 4)
			err := s.ReadRange(t.Context(), Object{URI: "az://trips/a/b", Size: 10, Version: `"1"`}, p, 2)
			if c.says == "" && !c.changed {
				if err != nil || string(p) != c.body {
					t.Errorf("found %q, %v", p, err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			discreet(t, err)
			if errors.Is(err, ErrChanged) != c.changed || (mayPass(err) != nil) != c.passes || !strings.Contains(err.Error(), c.says) {
				t.Errorf("found %v", err)
			}
		})
	}
}

func TestAzPutConditions(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		when   Condition
		want   error
	}{
		{409, "BlobAlreadyExists", Condition{Absent: true}, ErrExists},
		{412, "ConditionNotMet", Condition{Absent: true}, ErrExists},
		{412, "ConditionNotMet", Condition{Version: `"1"`}, ErrChanged},
		{404, "ContainerNotFound", Condition{Version: `"1"`}, fs.ErrNotExist},
		{412, "LeaseIdMissing", Condition{Version: `"1"`}, nil},
		{409, "InvalidBlobType", Condition{Absent: true}, nil},
	} {
		t.Run(fmt.Sprint(c.code, c.when), func(t *testing.T) {
			s := keyed(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("If-Match") != c.when.Version || (r.Header.Get("If-None-Match") == "*") != c.when.Absent {
					t.Errorf("asked with %v", r.Header)
				}
				refuse(w, r, c.status, c.code)
			})
			_, err := s.Put(t.Context(), "az://trips/a/b", []byte("x"), c.when)
			if err == nil {
				t.Fatal("no error")
			}
			discreet(t, err)
			if c.want != nil && !errors.Is(err, c.want) || c.want == nil && (errors.Is(err, ErrChanged) || errors.Is(err, ErrExists)) {
				t.Errorf("found %v, expected %v", err, c.want)
			}
		})
	}
}

// TestAzListsPages has what Azurite does not give: pages, folders, versions without quotes, and names that XML cannot represent.
func TestAzListsPages(t *testing.T) {
	item := func(name, rest string) string {
		return fmt.Sprintf(`<Blob>%s<Properties><Etag>0x1</Etag><Content-Length>5</Content-Length>%s</Blob>`, name, rest)
	}
	pages := map[string]string{
		"":   "<Blobs>" + item("<Name>d/one</Name>", "</Properties>") + item("<Name>d/folder.parquet</Name>", "</Properties><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>") + "</Blobs><NextMarker>m1</NextMarker>",
		"m1": "<Blobs></Blobs><NextMarker>m2</NextMarker>",
		"m2": "<Blobs>" + item(`<Name Encoded="true">d/two%EF%BF%BE</Name>`, "</Properties>") + item("<Name>d/other</Name>", "<ResourceType>directory</ResourceType></Properties>") + "</Blobs><NextMarker />",
	}
	s := keyed(t, func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); q.Get("prefix") != "d/" || q.Get("comp") != "list" || r.URL.Path != "/trips" {
			t.Errorf("asked for %v", r.URL)
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, `<?xml version="1.0" encoding="utf-8"?><EnumerationResults>%s</EnumerationResults>`, pages[r.URL.Query().Get("marker")])
	})
	found, err := s.List(t.Context(), "az://trips/d/")
	want := fmt.Sprint([]Object{{URI: "az://trips/d/one", Size: 5, Version: `"0x1"`}, {URI: "az://trips/d/two\uFFFE", Size: 5, Version: `"0x1"`}})
	if err != nil || fmt.Sprint(found) != want {
		t.Errorf("found %v, %v, expected %s", found, err, want)
	}
}

func TestAzFoldersAreNoObjects(t *testing.T) {
	s := keyed(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Ms-Meta-Hdi_isfolder", "true")
		w.Header().Set("ETag", `"1"`)
	})
	if o, err := s.Stat(t.Context(), "az://trips/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found %+v, %v", o, err)
	}
}

func TestAzAddresses(t *testing.T) {
	s := keyed(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %v", r.URL) })
	for _, uri := range []string{"az://", "az://trips", "az://trips/", "az:///a", "az://trips@planted.blob.core.windows.net/a", "az://tr?ips/a", "az://../a"} {
		if _, err := s.Stat(t.Context(), uri); err == nil || !strings.Contains(err.Error(), "az://container/path") {
			t.Errorf("%s: found %v", uri, err)
		}
	}
}

func TestAzuriteConforms(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte(t.Name() + strings.Repeat("+", 64-len(t.Name()))))
	endpoint := fakes.Azurite(t, "tripstats", key) + "/tripstats"
	connection := "AccountName=tripstats;BlobEndpoint=" + endpoint
	open := func(t *testing.T, connection string) *az {
		t.Helper()
		azEnv(t, azConnection, connection)
		s, err := makers["az"](t.Context(), Access{})
		if err != nil {
			t.Fatal(err)
		}
		return s.(*az)
	}
	s := open(t, connection+";AccountKey="+key)
	signed := func(p sas.AccountPermissions) string {
		t.Helper()
		signed, err := s.service.GetSASURL(sas.AccountResourceTypes{Service: true, Container: true, Object: true}, p, time.Now().Add(time.Hour), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(signed, "?")
		return connection + ";SharedAccessSignature=" + query
	}

	if _, err := s.Stat(t.Context(), "az://trips/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a container: found %v", err)
	}
	if _, err := s.List(t.Context(), "az://trips/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a container: found %v", err)
	}
	if _, err := s.service.CreateContainer(t.Context(), "trips", nil); err != nil {
		t.Fatal(err)
	}
	t.Run("with a key", func(t *testing.T) { conforms(t, s, "az://trips/key/", nil) })
	t.Run("retrying", func(t *testing.T) { conforms(t, again{newRetrying(s)}, "az://trips/retrying/", nil) })
	t.Run("with a SAS", func(t *testing.T) {
		all := sas.AccountPermissions{Read: true, List: true, Create: true, Write: true, Delete: true}
		conforms(t, open(t, signed(all)), "az://trips/sas/", nil)
	})
	t.Run("with too little of a SAS", func(t *testing.T) {
		s := open(t, signed(sas.AccountPermissions{Read: true, List: true}))
		_, err := s.Put(t.Context(), "az://trips/x", nil, Condition{})
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "connection string of account tripstats (a SAS") {
			t.Errorf("found %v", err)
		}
	})
	t.Run("with another key", func(t *testing.T) {
		everyCall(t, open(t, connection+";AccountKey="+plantedKey), func(t *testing.T, _ string, err error) {
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("found %v", err)
			}
		})
	})
}
