// minio URL BYTES: PutObject with minio-go, /BUCKET/KEY as the path. Prints "CODE" and what came.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func main() {
	where, _ := url.Parse(os.Args[1])
	name := strings.SplitN(strings.TrimPrefix(where.Path, "/"), "/", 2)
	size, _ := strconv.Atoi(os.Args[2])
	client, err := minio.New(where.Host, &minio.Options{Creds: credentials.NewStaticV4("lab", "lab", ""), Region: "us-east-1"})
	if err == nil {
		_, err = client.PutObject(context.Background(), name[0], name[1],
			bytes.NewReader(bytes.Repeat([]byte{'u'}, size)), int64(size), minio.PutObjectOptions{})
	}
	fmt.Println("CODE", err)
}
