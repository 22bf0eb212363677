// s3v1 URL BYTES [off]: PutObject with the AWS SDK for Go 1, /BUCKET/KEY as the path. "off"
// is S3Disable100Continue. Prints "CODE" and what came of it.
package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/s3"
)

func main() {
	where, _ := url.Parse(os.Args[1])
	name := strings.SplitN(strings.TrimPrefix(where.Path, "/"), "/", 2)
	size, _ := strconv.Atoi(os.Args[2])
	config := &aws.Config{Endpoint: aws.String("http://" + where.Host), Region: aws.String("us-east-1"),
		Credentials: credentials.NewStaticCredentials("lab", "lab", ""), S3ForcePathStyle: aws.Bool(true),
		MaxRetries: aws.Int(0), S3Disable100Continue: aws.Bool(len(os.Args) > 3 && os.Args[3] == "off")}
	_, err := s3.New(session.Must(session.NewSession(config))).PutObject(&s3.PutObjectInput{
		Bucket: aws.String(name[0]), Key: aws.String(name[1]), Body: bytes.NewReader(bytes.Repeat([]byte{'u'}, size))})
	fmt.Println("CODE", err)
}
