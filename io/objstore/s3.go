package objstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func init() {
	register("s3", func(ctx context.Context, _ Access) (Store, error) { return newS3(ctx) })
}

// s3Store is Amazon S3, or a server with the same protocol at the endpoint that AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the
// profile names. Versions are ETags with their quotes.
type s3Store struct {
	client      *s3.Client
	credentials aws.CredentialsProvider
	had         atomic.Bool // whether there were credentials before
	regions     sync.Map    // from a bucket (string) to its region (string), if that is not the configured one
}

// firstRegion is used if no region is configured. It knows all buckets, and most S3-like servers accept its name.
const firstRegion = "us-east-1"

// The names of rights in policies.
const (
	mayList   = "s3:ListBucket"
	mayRead   = "s3:GetObject"
	mayWrite  = "s3:PutObject"
	mayDelete = "s3:DeleteObject"
)

var errNoBucket error = noBucket{}

// noBucket is an fs.ErrNotExist whose message does not mention a file.
type noBucket struct{}

func (noBucket) Error() string { return "there is no such bucket" }
func (noBucket) Unwrap() error { return fs.ErrNotExist }

// newS3 reads the configuration like AWS's tools: from the environment, then from ~/.aws.
func newS3(ctx context.Context) (*s3Store, error) {
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = perHost
		t.ResponseHeaderTimeout = policy.perAttempt
		rememberReached(t)
	})
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(client), config.WithDefaultRegion(firstRegion),
		config.WithAppID("tripstats"), config.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, fmt.Errorf("the AWS configuration (environment, ~/.aws) cannot be used: %s", clean(err.Error(), aws.Credentials{}))
	}
	s := &s3Store{credentials: cfg.Credentials}
	var endpoint *string
	s.client = s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.Retryer, o.RetryMaxAttempts = aws.NopRetryer{}, 1
		// Optional checksums are sent in trailers, which S3-like servers refuse, and are returned for whole objects only.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		endpoint = o.BaseEndpoint
		o.UsePathStyle = endpoint != nil // DNS has no names for buckets of such servers
	})
	if endpoint != nil {
		if u, err := url.Parse(*endpoint); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, errors.New("the endpoint (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or of the profile) is not an address, expected one such as http://minio:9000")
		}
	}
	return s, nil
}

// s3Place splits s3://bucket/key.
func s3Place(uri string) (bucket, key string, err error) {
	_, rest := Scheme(uri)
	if bucket, key, _ = strings.Cut(rest, "/"); !isBucket(bucket) {
		return "", "", errors.New("found no bucket, or no name that one may have, expected s3://bucket/key")
	}
	return bucket, key, nil
}

// s3Object splits the address of an object. It must have a key.
func s3Object(uri string) (bucket, key *string, err error) {
	b, k, err := s3Place(uri)
	if err == nil && k == "" {
		err = errors.New("found no key, expected s3://bucket/key")
	}
	return &b, &k, err
}

// tagOf returns an ETag with quotes, or "" if there is none. Some servers leave the quotes out in listings.
func tagOf(etag *string) string {
	tag := aws.ToString(etag)
	if tag == "" || strings.HasSuffix(tag, `"`) {
		return tag
	}
	return `"` + tag + `"`
}

// asStored refuses an object that is stored with an encoding. aws-chunked is only how an object was sent; some servers still report it.
func asStored(encoding *string) error {
	for e := range strings.SplitSeq(aws.ToString(encoding), ",") {
		if e = strings.ToLower(strings.TrimSpace(e)); e != "" && e != "identity" && e != "aws-chunked" {
			return fmt.Errorf("it is stored with content encoding %q, expected the bytes as they are; unpack it, and upload it without that encoding", clean(e, aws.Credentials{}))
		}
	}
	return nil
}

// List requests page after page.
func (s *s3Store) List(ctx context.Context, prefix string) ([]Object, error) {
	bucket, keys, err := s3Place(prefix)
	if err != nil {
		return nil, err
	}
	var objects []Object
	for in := (&s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &keys}); ; {
		var page *s3.ListObjectsV2Output
		err := s.ask(ctx, bucket, mayList, func(region func(*s3.Options)) (err error) {
			page, err = s.client.ListObjectsV2(ctx, in, region)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, c := range page.Contents {
			o := Object{URI: "s3://" + bucket + "/" + aws.ToString(c.Key), Size: aws.ToInt64(c.Size), Version: tagOf(c.ETag)}
			if c.Key == nil || c.Size == nil || o.Version == "" {
				return nil, fmt.Errorf("the server's listing has no key, size or ETag of %q", aws.ToString(c.Key))
			}
			objects = append(objects, o)
		}
		if !aws.ToBool(page.IsTruncated) {
			return objects, nil
		}
		next := aws.ToString(page.NextContinuationToken)
		if next == "" || next == aws.ToString(in.ContinuationToken) {
			return nil, errors.New("the server's listing goes on, but it does not say where")
		}
		in.ContinuationToken = &next
	}
}

// Stat requests the head of an object.
func (s *s3Store) Stat(ctx context.Context, uri string) (Object, error) {
	bucket, key, err := s3Object(uri)
	if err != nil {
		return Object{}, err
	}
	var head *s3.HeadObjectOutput
	err = s.ask(ctx, *bucket, mayRead, func(region func(*s3.Options)) (err error) {
		head, err = s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key}, region)
		switch statusOf(err) {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
			// The answer to a HEAD request has no body that says why; the answer to a GET request has.
			return s.firstByte(ctx, bucket, key, region)
		}
		return err
	})
	if err != nil {
		return Object{}, err
	}
	if err := asStored(head.ContentEncoding); err != nil {
		return Object{}, err
	}
	o := Object{URI: uri, Size: aws.ToInt64(head.ContentLength), Version: tagOf(head.ETag)}
	if head.ContentLength == nil || o.Version == "" {
		return Object{}, errors.New("the server does not say its length and ETag; is its endpoint one of S3?")
	}
	return o, nil
}

// firstByte requests an object whose head was refused. If this is not refused, the head may succeed when tried again, because the
// SDK corrects its clock with each answer.
func (s *s3Store) firstByte(ctx context.Context, bucket, key *string, region func(*s3.Options)) error {
	got, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, Range: aws.String("bytes=0-0")}, region)
	if err == nil {
		got.Body.Close() //nolint:errcheck // its content is not needed
	}
	if err == nil || statusOf(err) == http.StatusRequestedRangeNotSatisfiable { // the object is empty
		return temporary(errors.New("the server refuses to give its head, but not its content"), 0)
	}
	return err
}

// ReadRange requests a range of one version, and checks that the answer is that range of that version, because some servers ignore
// conditions.
func (s *s3Store) ReadRange(ctx context.Context, o Object, p []byte, off int64) error {
	bucket, key, err := s3Object(o.URI)
	switch {
	case err != nil:
		return err
	case o.Version == "":
		return errors.New("its version is not known, so it cannot be read in parts")
	case len(p) == 0:
		return nil
	}
	last := off + int64(len(p)) - 1
	in := &s3.GetObjectInput{Bucket: bucket, Key: key, IfMatch: &o.Version, Range: aws.String(fmt.Sprintf("bytes=%d-%d", off, last))}
	var out *s3.GetObjectOutput
	err = s.ask(ctx, *bucket, mayRead, func(region func(*s3.Options)) (err error) {
		out, err = s.client.GetObject(ctx, in, region)
		return err
	})
	if err != nil {
		return err
	}
	defer out.Body.Close() //nolint:errcheck // read to its end or given up
	switch tag := tagOf(out.ETag); tag {
	case o.Version:
	case "":
		return fmt.Errorf("%w: found no ETag, expected %s", ErrChanged, o.Version)
	default:
		return fmt.Errorf("%w: found ETag %s, expected %s", ErrChanged, clean(tag, aws.Credentials{}), o.Version)
	}
	whole := off == 0 && int64(len(p)) == o.Size
	want := fmt.Sprintf("bytes %d-%d/%d", off, last, o.Size)
	switch got := aws.ToString(out.ContentRange); {
	case got == "" && !whole:
		return errors.New("the server does not understand range requests; fetch the file first and read it locally")
	case got != "" && got != want:
		return fmt.Errorf("%w: found range %q, expected %q", ErrChanged, got, want)
	}
	if n := out.ContentLength; n != nil && *n >= 0 && *n != int64(len(p)) {
		return fmt.Errorf("%w: found %d bytes in the answer, expected %d", ErrChanged, *n, len(p))
	}
	if err := asStored(out.ContentEncoding); err != nil {
		return err
	}
	if _, err := io.ReadFull(out.Body, p); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return temporary(fmt.Errorf("the answer breaks off: %w", bare(err)), 0)
	}
	return nil
}

// Put writes in one request, which S3 carries out completely or not at all.
func (s *s3Store) Put(ctx context.Context, uri string, content []byte, when Condition) (string, error) {
	return s.write(ctx, uri, bytes.NewReader(content), int64(len(content)), when)
}

// PutFile is Put for content that is read while it is sent.
func (s *s3Store) PutFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (string, error) {
	return s.write(ctx, uri, content, size, Condition{})
}

func (s *s3Store) write(ctx context.Context, uri string, content io.ReaderAt, size int64, when Condition) (string, error) {
	bucket, key, err := s3Object(uri)
	if err != nil {
		return "", err
	}
	header, is := "If-None-Match", ErrExists
	in := &s3.PutObjectInput{Bucket: bucket, Key: key, ContentLength: &size}
	switch {
	case when.Absent:
		in.IfNoneMatch = aws.String("*")
	case when.Version != "":
		header, is = "If-Match", ErrChanged
		in.IfMatch = &when.Version
	}
	var out *s3.PutObjectOutput
	err = s.ask(ctx, *bucket, mayWrite, func(region func(*s3.Options)) (err error) {
		in.Body = io.NewSectionReader(content, 0, size)
		out, err = s.client.PutObject(ctx, in, region)
		return err
	})
	switch {
	case when != Condition{} && errors.Is(err, ErrChanged):
		return "", is
	case when.Version != "" && errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNoBucket):
		return "", fmt.Errorf("%w: it is there no more", ErrChanged)
	case when != Condition{} && errors.Is(err, ErrUnsupported):
		return "", fmt.Errorf("the server cannot write on condition (%s), which keeps one run from overwriting another: %w", header, err)
	case err != nil:
		return "", err
	case tagOf(out.ETag) == "":
		return "", errors.New("the server does not say the ETag of what it wrote; is its endpoint one of S3?")
	}
	return tagOf(out.ETag), nil
}

// Delete removes an object; in a bucket with versions it adds a delete marker. S3 honours the condition. Some servers refuse it, and
// some ignore it, so the version is checked before.
func (s *s3Store) Delete(ctx context.Context, uri, version string) error {
	bucket, key, err := s3Object(uri)
	if err != nil {
		return err
	}
	in := &s3.DeleteObjectInput{Bucket: bucket, Key: key}
	if version != "" {
		in.IfMatch = &version
		switch o, err := s.Stat(ctx, uri); {
		case errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNoBucket):
			return nil
		case err != nil:
			return err
		case o.Version != version:
			return ErrChanged
		}
	}
	remove := func() error {
		return s.ask(ctx, *bucket, mayDelete, func(region func(*s3.Options)) error {
			_, err := s.client.DeleteObject(ctx, in, region)
			return err
		})
	}
	if err = remove(); in.IfMatch != nil && errors.Is(err, ErrUnsupported) {
		in.IfMatch = nil
		err = remove()
	}
	if errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNoBucket) {
		return nil
	}
	return err
}

// ask makes a request about a bucket. If the answer says that the bucket is in another region, this and all later requests are
// made there. may is the right that the request needs.
func (s *s3Store) ask(ctx context.Context, bucket, may string, request func(region func(*s3.Options)) error) error {
	key, err := s.key(ctx)
	if err != nil {
		return err
	}
	for moved := false; ; moved = true {
		region := s.client.Options().Region
		if r, ok := s.regions.Load(bucket); ok {
			region = r.(string)
		}
		err := request(func(o *s3.Options) { o.Region = region })
		var resp *smithyhttp.ResponseError
		if !moved && errors.As(err, &resp) && resp.Response != nil {
			// The region becomes part of a host's name.
			if r := resp.Response.Header.Get("X-Amz-Bucket-Region"); r != region && aRegion.MatchString(r) {
				s.regions.Store(bucket, r)
				continue
			}
		}
		return reasonOf(ctx, err, key, may)
	}
}

var aRegion = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// key returns the credentials. No request is made without them.
func (s *s3Store) key(ctx context.Context) (aws.Credentials, error) {
	if s.credentials == nil {
		return aws.Credentials{}, noCredentials(errors.New("the configuration has none"))
	}
	key, err := s.credentials.Retrieve(ctx)
	switch {
	case ctx.Err() != nil:
		return key, ctx.Err()
	case err == nil && !key.HasKeys():
		return key, noCredentials(fmt.Errorf("those of %s are empty", key.Source))
	case err == nil:
		s.had.Store(true)
		return key, nil
	case s.had.Load(): // their source worked before, and may work again
		return key, temporary(fmt.Errorf("the credentials have run out, and new ones cannot be had: %s", clean(credentialReason(err), aws.Credentials{})), 0)
	}
	return key, noCredentials(err)
}

// noCredentials says how to give credentials. It does not wrap the cause, so that nobody tries again: outside AWS, the address
// from which its machines get credentials never answers.
func noCredentials(why error) error {
	return fmt.Errorf("%w: there are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or AWS_PROFILE to a profile of ~/.aws (aws configure, aws sso login), or run where a role gives them (%s)",
		fs.ErrPermission, clean(credentialReason(why), aws.Credentials{}))
}

// credentialReason says what went wrong with credentials. It leaves out what a credential process has printed, which may have them.
func credentialReason(err error) string {
	var process *processcreds.ProviderError
	if !errors.As(err, &process) {
		return err.Error()
	}
	if text := process.Err.Error(); strings.HasPrefix(text, "error in credential_process") || strings.HasPrefix(text, "credential process timed out") {
		return text
	}
	return "the credential_process of the profile printed something else than credentials"
}
