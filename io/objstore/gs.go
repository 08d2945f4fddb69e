package objstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cloud.google.com/go/auth/httptransport"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

func init() {
	register("gs", func(ctx context.Context, a Access) (Store, error) { return newGCS(ctx, a) })
}

// gcs is Google Cloud Storage, through its JSON API. A version is a generation, in decimal.
type gcs struct {
	client *storage.Client
	who    gcsIdentity
	page   int // number of objects in an answer to List
}

// gcsIdentity says in whose name requests are made, and what to do if they are refused. It has no secret.
type gcsIdentity struct{ name, remedy string }

const (
	gcsPage      = 1000            // the most that the server gives
	gcsFindLimit = 5 * time.Second // Google's own machines answer in milliseconds, other networks may never
	gcsSignIn    = "set GOOGLE_APPLICATION_CREDENTIALS to a key file, run `gcloud auth application-default login`, or say --gcs-anonymous for a bucket that anybody may read"
)

// newGCS makes the store. If STORAGE_EMULATOR_HOST is set, the library sends requests to that host, without credentials.
func newGCS(ctx context.Context, a Access, more ...option.ClientOption) (*gcs, error) {
	client := &http.Client{Transport: gcsTransport{gcsConnections()}}
	options := []option.ClientOption{storage.WithJSONReads()}
	g := &gcs{page: gcsPage}
	switch {
	case a.GCSAnonymous:
		g.who = gcsIdentity{"anonymous (--gcs-anonymous)", "not everybody may do this: leave out --gcs-anonymous, to ask with credentials"}
		options = append(options, option.WithoutAuthentication())
	case os.Getenv("STORAGE_EMULATOR_HOST") != "":
		g.who = gcsIdentity{"no credential (STORAGE_EMULATOR_HOST is set)", "look at what runs at STORAGE_EMULATOR_HOST"}
	default:
		creds, err := findGCSCredentials(ctx)
		if err != nil {
			return nil, err
		}
		g.who = identifyGCS(creds.JSON())
		creds.TokenProvider = gcsTokens{creds.TokenProvider}
		client, err = httptransport.NewClient(&httptransport.Options{
			Credentials:      creds,
			BaseRoundTripper: client.Transport,
			Headers:          http.Header{}, // the library adds the project to charge; it cannot add to nil
			DisableTelemetry: true,
		})
		if err != nil {
			return nil, fmt.Errorf("%s cannot be used: %s", g.who.name, gcsLine(Reason(err).Error()))
		}
		options = append(options, option.WithAuthCredentials(creds))
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return errors.New("sent on to another address, to which no credential may go")
	}
	var err error
	if g.client, err = storage.NewClient(ctx, append(append(options, option.WithHTTPClient(client)), more...)...); err != nil {
		return nil, fmt.Errorf("no client of Cloud Storage: %s", gcsLine(bare(err).Error()))
	}
	g.client.SetRetry(storage.WithPolicy(storage.RetryNever)) // retrying does that
	return g, nil
}

// gcsConnections keeps a connection for each concurrent request. HTTP/2 would have a single connection, and all requests would share
// its window.
func gcsConnections() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = perHost
	t.ResponseHeaderTimeout = policy.perAttempt
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	rememberReached(t)
	t.TLSClientConfig = nil // a clone of a transport that was in use would still offer HTTP/2
	return t
}

// gcsTransport makes the library send one request for each read, of one generation, and return the stored bytes.
type gcsTransport struct{ base http.RoundTripper }

func (t gcsTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	if query.Get("alt") != "media" {
		return t.base.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Encoding", "gzip") // no decompression: ReadCompressed, which JSON reads refuse (google-cloud-go#7786)
	resp, err := t.base.RoundTrip(r)
	if err != nil || resp.StatusCode/100 != 2 {
		return resp, err
	}
	// The library reports the requested generation, whatever the answer says.
	if want, got := query.Get("generation"), resp.Header.Get("X-Goog-Generation"); got != "" && got != want {
		resp.Body.Close() //nolint:errcheck // its content is not needed
		return nil, fmt.Errorf("%w: found generation %s, expected %s", ErrChanged, got, want)
	}
	resp.Body = onceBody{resp.Body}
	return resp, nil
}

// onceBody turns every error into io.EOF. After any other error the library would request the rest by itself.
type onceBody struct{ io.ReadCloser }

func (b onceBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// splitGCS splits an address. Nothing in names is escaped.
func splitGCS(uri string) (bucket, name string, err error) {
	_, rest := Scheme(uri)
	bucket, name, _ = strings.Cut(rest, "/")
	if !isBucket(bucket) || !utf8.ValidString(rest) {
		return "", "", errors.New("not a valid address, expected gs://bucket/path in UTF-8")
	}
	return bucket, name, nil
}

// object returns the object at an address.
func (g *gcs) object(uri string) (*storage.ObjectHandle, error) {
	bucket, name, err := splitGCS(uri)
	if err == nil && name == "" {
		err = errors.New("names a bucket, expected gs://bucket/path")
	}
	if err != nil {
		return nil, err
	}
	return g.client.Bucket(bucket).Object(name), nil
}

// gcsGeneration parses a version.
func gcsGeneration(version string) (int64, error) {
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("version %q is not a generation of Cloud Storage", version)
	}
	return n, nil
}

// List requests page after page.
func (g *gcs) List(ctx context.Context, prefix string) ([]Object, error) {
	bucket, name, err := splitGCS(prefix)
	if err != nil {
		return nil, err
	}
	query := &storage.Query{Prefix: name, Projection: storage.ProjectionNoACL}
	if err := query.SetAttrSelection([]string{"Name", "Size", "Generation"}); err != nil {
		return nil, err
	}
	var out []Object
	objects := g.client.Bucket(bucket).Objects(ctx, query)
	objects.PageInfo().MaxSize = g.page
	for {
		a, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return out, nil
		}
		if err != nil {
			return nil, g.explain(ctx, err, nil)
		}
		out = append(out, Object{URI: "gs://" + bucket + "/" + a.Name, Size: a.Size, Version: strconv.FormatInt(a.Generation, 10)})
	}
}

// Stat requests the metadata of an object.
func (g *gcs) Stat(ctx context.Context, uri string) (Object, error) {
	object, err := g.object(uri)
	if err != nil {
		return Object{}, err
	}
	a, err := object.Attrs(ctx)
	if err != nil {
		return Object{}, g.explain(ctx, err, nil)
	}
	return Object{URI: uri, Size: a.Size, Version: strconv.FormatInt(a.Generation, 10)}, nil
}

// ReadRange requests a range of one generation.
func (g *gcs) ReadRange(ctx context.Context, o Object, p []byte, off int64) error {
	object, err := g.object(o.URI)
	if err != nil || len(p) == 0 {
		return err
	}
	gen, err := gcsGeneration(o.Version)
	if err != nil {
		return err
	}
	r, err := object.Generation(gen).NewRangeReader(ctx, off, int64(len(p)))
	if err != nil {
		if err = g.explain(ctx, err, nil); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: generation %d is gone", ErrChanged, gen) // the object was replaced or removed
		}
		return err
	}
	defer r.Close() //nolint:errcheck // read to its end or given up
	switch found := r.Attrs; {
	case found.Decompressed, found.ContentEncoding != "" && !strings.EqualFold(found.ContentEncoding, "identity"):
		return fmt.Errorf("it is stored in content encoding %q, expected the bytes as they are; upload it again without (gcloud storage cp without --gzip-local)", cmp.Or(found.ContentEncoding, "gzip"))
	case found.Size != o.Size:
		return fmt.Errorf("%w: found %d bytes, expected %d", ErrChanged, found.Size, o.Size)
	case found.StartOffset != off || r.Remain() > int64(len(p)):
		return fmt.Errorf("the server answers with another range than %d bytes from %d", len(p), off)
	}
	if n, err := io.ReadFull(r, p); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return temporary(fmt.Errorf("the answer breaks off after %d of %d bytes", n, len(p)), 0)
	}
	return nil
}

// Put writes an object in one request, with its CRC32C. The server checks that before it creates the object.
func (g *gcs) Put(ctx context.Context, uri string, content []byte, when Condition) (string, error) {
	return g.write(ctx, uri, bytes.NewReader(content), int64(len(content)), when)
}

// PutFile is Put for content that is read while it is sent. The library keeps none of it, because it makes one request.
func (g *gcs) PutFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (string, error) {
	return g.write(ctx, uri, content, size, Condition{})
}

func (g *gcs) write(ctx context.Context, uri string, content io.ReaderAt, size int64, when Condition) (string, error) {
	object, err := g.object(uri)
	if err != nil {
		return "", err
	}
	var unmet error
	switch {
	case when.Absent:
		object, unmet = object.If(storage.Conditions{DoesNotExist: true}), ErrExists
	case when.Version != "":
		gen, err := gcsGeneration(when.Version)
		if err != nil {
			return "", err
		}
		object, unmet = object.If(storage.Conditions{GenerationMatch: gen}), ErrChanged
	}
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if _, err := io.Copy(sum, io.NewSectionReader(content, 0, size)); err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := object.NewWriter(ctx)
	w.ChunkSize = 0
	w.ContentType = "application/octet-stream"
	w.SendCRC32C, w.CRC32C = true, sum.Sum32()
	_, err = io.Copy(w, io.NewSectionReader(content, 0, size))
	if err != nil {
		cancel() // otherwise Close would create an object from the bytes so far
	}
	if closed := w.Close(); err == nil { // Close waits for the end of the request
		err = closed
	}
	if err != nil {
		return "", g.explain(ctx, err, unmet)
	}
	return strconv.FormatInt(w.Attrs().Generation, 10), nil
}

// Delete removes an object.
func (g *gcs) Delete(ctx context.Context, uri, version string) error {
	object, err := g.object(uri)
	if err != nil {
		return err
	}
	if version != "" {
		gen, err := gcsGeneration(version)
		if err != nil {
			return err
		}
		object = object.If(storage.Conditions{GenerationMatch: gen})
	}
	if err := g.explain(ctx, object.Delete(ctx), ErrChanged); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
