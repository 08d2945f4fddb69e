package objstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

func init() {
	register("az", func(_ context.Context, a Access) (Store, error) {
		login, err := azLoginFrom(os.Getenv)
		if err != nil {
			return nil, err
		}
		return newAz(login, a, http.DefaultTransport.(*http.Transport).Clone())
	})
}

// az is Azure's blob storage. An address is az://container/path: the account comes with the credentials.
type az struct {
	login   azLogin
	service *service.Client
}

// azLogin has the endpoint and the credentials. Exactly one of key, sas and token is set: no request is made without credentials.
type azLogin struct {
	endpoint string // such as https://account.blob.core.windows.net
	account  string
	key, sas string
	token    azcore.TokenCredential

	// For messages, so without secrets: which credential it is, and what to do if it is not accepted.
	named, remedy string
}

// The environment variables for a login, with the names that Azure's own tools use.
const (
	azConnection = "AZURE_STORAGE_CONNECTION_STRING"
	azAccount    = "AZURE_STORAGE_ACCOUNT"
	azKey        = "AZURE_STORAGE_KEY"
	azSAS        = "AZURE_STORAGE_SAS_TOKEN"
)

// What messages advise.
const (
	azTokenWays   = "say az login, run where there is a managed identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
	azKeyRemedy   = "check %s, this machine's clock, and that the account allows keys and, by its network rules, this machine"
	azSASRemedy   = "check that %s is whole, has not expired, and allows to read and list (sp=rl), to write also to create, write and delete (sp=rcwdl)"
	azTokenRemedy = "give this identity the role Storage Blob Data Contributor (to read only: Storage Blob Data Reader), and check the account's network rules"
)

var (
	azAccountName   = regexp.MustCompile(`^[a-z0-9]{3,24}$`)
	azContainerName = regexp.MustCompile(`^\$?[a-z0-9-]+$`)
)

// azLoginFrom returns the first login that is configured: a connection string, a key, a SAS token, or DefaultAzureCredential.
func azLoginFrom(getenv func(string) string) (azLogin, error) {
	env := func(name string) string { return strings.TrimSpace(getenv(name)) }
	if s := env(azConnection); s != "" {
		l, err := azLoginOf(s)
		if err != nil {
			return azLogin{}, fmt.Errorf("%s: %w", azConnection, err)
		}
		l.named = "connection string of account " + l.account
		l.remedy = fmt.Sprintf(azKeyRemedy, azConnection)
		if l.sas != "" {
			l.named += " (a SAS" + azExpiry(l.sas) + ")"
			l.remedy = fmt.Sprintf(azSASRemedy, azConnection)
		}
		return l, nil
	}
	account := env(azAccount)
	if account == "" {
		return azLogin{}, fmt.Errorf("no credentials: set %s; or %s and with it %s, or %s, or neither to use DefaultAzureCredential (%s)",
			azConnection, azAccount, azKey, azSAS, azTokenWays)
	}
	if !azAccountName.MatchString(account) { // it may be a secret that was put in the wrong place
		return azLogin{}, fmt.Errorf("%s is not the name of an account, expected 3 to 24 of a-z and 0-9", azAccount)
	}
	l := azLogin{endpoint: "https://" + account + ".blob.core.windows.net", account: account}
	switch key, sas := env(azKey), env(azSAS); {
	case key != "":
		l.key, l.named = key, "shared key of account "+account
		l.remedy = fmt.Sprintf(azKeyRemedy, azKey)
	case sas != "":
		l.sas, l.named = sas, "SAS token for account "+account+azExpiry(sas)
		l.remedy = fmt.Sprintf(azSASRemedy, azSAS)
	default:
		l.token, l.named = &azToken{make: newDefaultCredential}, "DefaultAzureCredential for account "+account
		l.remedy = azTokenRemedy
	}
	return l, l.check(azKey, azSAS)
}

// azLoginOf reads a connection string.
func azLoginOf(connection string) (azLogin, error) {
	parts := map[string]string{}
	for part := range strings.SplitSeq(connection, ";") {
		if name, value, ok := strings.Cut(part, "="); ok {
			parts[strings.TrimSpace(name)] = strings.TrimSpace(value)
		} else if strings.TrimSpace(part) != "" {
			return azLogin{}, errors.New("expected name=value;name=value and so on")
		}
	}
	l := azLogin{endpoint: parts["BlobEndpoint"], account: parts["AccountName"], key: parts["AccountKey"]}
	if l.key == "" {
		l.sas = parts["SharedAccessSignature"]
	}
	switch {
	case l.endpoint == "" && l.account == "":
		return azLogin{}, errors.New("it has neither AccountName nor BlobEndpoint")
	case l.key == "" && l.sas == "":
		return azLogin{}, errors.New("it has neither AccountKey nor SharedAccessSignature")
	case l.key != "" && l.account == "":
		return azLogin{}, errors.New("it has AccountKey without AccountName")
	case l.endpoint == "":
		l.endpoint = cmp.Or(parts["DefaultEndpointsProtocol"], "https") + "://" + l.account + ".blob." + cmp.Or(parts["EndpointSuffix"], "core.windows.net")
	}
	if u, err := url.Parse(l.endpoint); err != nil || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return azLogin{}, errors.New("its BlobEndpoint is not an address of a service")
	} else if l.account == "" {
		l.account, _, _ = strings.Cut(u.Host, ".")
	}
	return l, l.check("AccountKey", "SharedAccessSignature")
}

// check refuses a key or SAS that cannot be one. The parameters are where they came from.
func (l *azLogin) check(key, sas string) error {
	l.sas = strings.TrimPrefix(l.sas, "?")
	if _, err := base64.StdEncoding.DecodeString(l.key); err != nil {
		return fmt.Errorf("%s is not a key: it is not base64", key)
	}
	if q, err := url.ParseQuery(l.sas); l.sas != "" && (err != nil || q.Get("sig") == "") {
		return fmt.Errorf("%s is not a SAS token: expected a query that has sv, se, sp and sig", sas)
	}
	return nil
}

// azExpiry says when a SAS token ends, which is no secret.
func azExpiry(sas string) string {
	q, _ := url.ParseQuery(strings.TrimPrefix(sas, "?")) //nolint:errcheck // see check
	end, err := time.Parse(time.RFC3339, q.Get("se"))
	if err != nil {
		return ""
	}
	return ", valid until " + end.UTC().Format(time.RFC3339)
}

// newAz makes the store. The transport is changed.
func newAz(login azLogin, a Access, transport *http.Transport) (*az, error) {
	u, err := url.Parse(login.endpoint)
	if err != nil {
		return nil, bare(err)
	}
	if err := allowed(u, a.AllowHTTP); err != nil {
		return nil, err
	}
	// Otherwise net/http would request gzip and unpack it: azblob sends the range in x-ms-range, which net/http does not know.
	transport.DisableCompression = true
	transport.MaxIdleConnsPerHost = perHost
	transport.ResponseHeaderTimeout = policy.perAttempt
	rememberReached(transport)
	options := &service.ClientOptions{ClientOptions: azcore.ClientOptions{
		Retry:     azpolicy.RetryOptions{MaxRetries: -1}, // one attempt: see retrying
		Telemetry: azpolicy.TelemetryOptions{ApplicationID: "tripstats"},
		Transport: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // the Referer of the next request would give the SAS away
		}},
	}}
	s := &az{login: login}
	switch {
	case login.key != "":
		key, err := service.NewSharedKeyCredential(login.account, login.key)
		if err != nil {
			return nil, err
		}
		s.service, err = service.NewClientWithSharedKeyCredential(login.endpoint, key, options)
		return s, err
	case login.sas != "":
		s.service, err = service.NewClientWithNoCredential(login.endpoint+"?"+login.sas, options)
	default:
		s.service, err = service.NewClient(login.endpoint, login.token, options)
	}
	return s, err
}

// locate returns the container of an address, and the path after it.
func (s *az) locate(uri string) (*container.Client, string, error) {
	_, rest := Scheme(uri)
	name, path, _ := strings.Cut(rest, "/")
	if !azContainerName.MatchString(name) {
		return nil, "", fmt.Errorf("not a valid address: expected az://container/path; the account (here %s) is not in it", s.login.account)
	}
	return s.service.NewContainerClient(name), path, nil
}

// object does what locate does, for an address that must have a path.
func (s *az) object(uri string) (*container.Client, string, error) {
	c, path, err := s.locate(uri)
	if err == nil && path == "" {
		err = errors.New("not a valid address: it names a container, expected az://container/path")
	}
	return c, path, err
}

// List requests all blobs with a prefix, in pages of up to 5000.
func (s *az) List(ctx context.Context, prefix string) ([]Object, error) {
	c, path, err := s.locate(prefix)
	if err != nil {
		return nil, err
	}
	_, rest := Scheme(prefix)
	name, _, _ := strings.Cut(rest, "/")
	var out []Object
	pages := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &path, Include: container.ListBlobsInclude{Metadata: true}})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.fail(err)
		}
		if page.Segment == nil {
			continue
		}
		for _, b := range page.Segment.BlobItems {
			if b.Name == nil || b.Properties == nil || b.Properties.ContentLength == nil || b.Properties.ETag == nil {
				return nil, errors.New("the service lists a blob without its name, length or version")
			}
			if azFolder(b.Metadata) || b.Properties.ResourceType != nil && *b.Properties.ResourceType == "directory" {
				continue
			}
			out = append(out, Object{URI: "az://" + name + "/" + *b.Name, Size: *b.Properties.ContentLength, Version: azVersion(b.Properties.ETag)})
		}
	}
	return out, nil
}

// azFolder tells whether a blob is a folder: accounts with a hierarchical namespace have empty blobs for folders.
func azFolder(metadata map[string]*string) bool {
	for name, value := range metadata {
		if strings.EqualFold(name, "hdi_isfolder") && value != nil && strings.EqualFold(*value, "true") {
			return true
		}
	}
	return false
}

// azVersion returns an ETag with quotes. Listings have it without.
func azVersion(tag *azcore.ETag) string {
	switch {
	case tag == nil || *tag == "":
		return ""
	case strings.HasSuffix(string(*tag), `"`):
		return string(*tag)
	}
	return `"` + string(*tag) + `"`
}

// Stat requests the properties of a blob.
func (s *az) Stat(ctx context.Context, uri string) (Object, error) {
	c, path, err := s.object(uri)
	if err != nil {
		return Object{}, err
	}
	got, err := c.NewBlobClient(path).GetProperties(ctx, nil)
	switch {
	case err != nil:
		return Object{}, s.fail(err)
	case azFolder(got.Metadata):
		return Object{}, fmt.Errorf("it is a folder: %w", fs.ErrNotExist)
	case got.ETag == nil || got.ContentLength == nil:
		return Object{}, errors.New("the service does not say its length and version")
	}
	return Object{URI: uri, Size: *got.ContentLength, Version: azVersion(got.ETag)}, nil
}

// ReadRange requests a range of one version, and checks that the answer is that range of that version.
func (s *az) ReadRange(ctx context.Context, o Object, p []byte, off int64) error {
	c, path, err := s.object(o.URI)
	if err != nil || len(p) == 0 {
		return err
	}
	options := &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: off, Count: int64(len(p))}}
	if o.Version != "" {
		options.AccessConditions = &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: to.Ptr(azcore.ETag(o.Version))}}
	}
	got, err := c.NewBlobClient(path).DownloadStream(ctx, options)
	if err != nil {
		return s.fail(err)
	}
	if got.Body == nil { // as the SDK has it for 304
		return errors.New("the service answers without content")
	}
	defer got.Body.Close() //nolint:errcheck // read to its end or given up
	if v := azVersion(got.ETag); v != o.Version {
		return fmt.Errorf("%w: found version %s, expected %s", ErrChanged, v, o.Version)
	}
	if encoding := azText(got.ContentEncoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return fmt.Errorf("it is stored with content encoding %q, expected the bytes as they are; unpack it, or unset its Content-Encoding if it is not packed", encoding)
	}
	want := fmt.Sprintf("bytes %d-%d/%d", off, off+int64(len(p))-1, o.Size)
	whole := off == 0 && int64(len(p)) == o.Size
	if found := azText(got.ContentRange); found != want && (found != "" || !whole) {
		return fmt.Errorf("%w: found range %q, expected %q", ErrChanged, found, want)
	}
	if got.ContentLength != nil && *got.ContentLength != int64(len(p)) {
		return fmt.Errorf("%w: found %d bytes in the answer, expected %d", ErrChanged, *got.ContentLength, len(p))
	}
	if _, err := io.ReadFull(got.Body, p); err != nil {
		return temporary(fmt.Errorf("the answer breaks off: %w", err), 0)
	}
	return nil
}

// azText returns a field of an answer, "" if it is not there.
func azText(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Put writes a block blob in one request, so that it is written completely or not at all.
func (s *az) Put(ctx context.Context, uri string, content []byte, when Condition) (string, error) {
	return s.write(ctx, uri, bytes.NewReader(content), int64(len(content)), when)
}

// PutFile is Put for content that is read while it is sent.
func (s *az) PutFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (string, error) {
	return s.write(ctx, uri, content, size, Condition{})
}

func (s *az) write(ctx context.Context, uri string, content io.ReaderAt, size int64, when Condition) (string, error) {
	c, path, err := s.object(uri)
	if err != nil {
		return "", err
	}
	conditions := &blob.ModifiedAccessConditions{}
	switch {
	case when.Absent:
		conditions.IfNoneMatch = to.Ptr(azcore.ETagAny)
	case when.Version != "":
		conditions.IfMatch = to.Ptr(azcore.ETag(when.Version))
	}
	got, err := c.NewBlockBlobClient(path).Upload(ctx, streaming.NopCloser(io.NewSectionReader(content, 0, size)),
		&blockblob.UploadOptions{AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: conditions}})
	if err != nil {
		exists := bloberror.HasCode(err, bloberror.BlobAlreadyExists)
		if err = s.fail(err); when.Absent && (exists || errors.Is(err, ErrChanged)) {
			err = ErrExists
		}
		return "", err
	}
	if got.ETag == nil {
		return "", errors.New("the service does not say the version of what was written")
	}
	return azVersion(got.ETag), nil
}

// Delete removes a blob.
func (s *az) Delete(ctx context.Context, uri, version string) error {
	c, path, err := s.object(uri)
	if err != nil {
		return err
	}
	options := &blob.DeleteOptions{}
	if version != "" {
		options.AccessConditions = &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: to.Ptr(azcore.ETag(version))}}
	}
	if _, err = c.NewBlobClient(path).Delete(ctx, options); err != nil {
		err = s.fail(err)
	}
	if errors.Is(err, ErrChanged) { // or there is none
		if _, gone := s.Stat(ctx, uri); errors.Is(gone, fs.ErrNotExist) {
			err = gone
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
