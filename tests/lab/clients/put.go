// put URL BYTES [WAIT [SECONDS]]: uploads with Go's net/http and Expect: 100-continue.
// WAIT is ExpectContinueTimeout (1s by default; 0s sends at once), SECONDS the timeout of it all.
// Prints "got 100", "CODE status" (000 and the error where there was none) and "TIME seconds".
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"time"
)

func main() {
	size, _ := strconv.Atoi(os.Args[2])
	wait, limit := time.Second, 20*time.Second
	if len(os.Args) > 3 {
		wait, _ = time.ParseDuration(os.Args[3])
	}
	if len(os.Args) > 4 {
		seconds, _ := strconv.Atoi(os.Args[4])
		limit = time.Duration(seconds) * time.Second
	}
	client := &http.Client{Timeout: limit, Transport: &http.Transport{ExpectContinueTimeout: wait}}
	req, err := http.NewRequest("PUT", os.Args[1], bytes.NewReader(bytes.Repeat([]byte{'u'}, size)))
	if err != nil {
		fmt.Println("CODE 000", err)
		return
	}
	req.Header.Set("Expect", "100-continue")
	trace := &httptrace.ClientTrace{Got100Continue: func() { fmt.Println("got 100") }}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
	start := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println("CODE 000", err)
	} else {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		fmt.Println("CODE", resp.StatusCode)
	}
	fmt.Printf("TIME %.3f\n", time.Since(start).Seconds())
}
