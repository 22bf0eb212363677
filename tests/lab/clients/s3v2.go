// s3v2 URL BYTES: PutObject with the AWS SDK for Go 2, /BUCKET/KEY as the path. Prints "CODE" and what
// came of it.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	where, _ := url.Parse(os.Args[1])
	name := strings.SplitN(strings.TrimPrefix(where.Path, "/"), "/", 2)
	size, _ := strconv.Atoi(os.Args[2])
	options := s3.Options{Region: "us-east-1", UsePathStyle: true, Retryer: aws.NopRetryer{},
		EndpointResolver: s3.EndpointResolverFromURL("http://" + where.Host),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "lab", SecretAccessKey: "lab"}, nil
		})}
	_, err := s3.New(options).PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: aws.String(name[0]), Key: aws.String(name[1]), Body: bytes.NewReader(bytes.Repeat([]byte{'u'}, size))})
	fmt.Println("CODE", err)
}
