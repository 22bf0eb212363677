// serve ADDRESS: Go's net/http as an origin. The path says what its handler does:
// /up/ reads, 201; /early/ 200 unread; /forbidden/ 403 unread; /think/ pauses 0.6 s, then reads;
// /late/ pauses 1.4 s, then reads; /after/ reads, 403; /error/ reads, 500; /silent/ reads and sleeps.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

func serve(w http.ResponseWriter, r *http.Request) {
	status, read := http.StatusCreated, true
	switch strings.Split(r.URL.Path, "/")[1] {
	case "early":
		status, read = http.StatusOK, false
	case "forbidden":
		status, read = http.StatusForbidden, false
	case "think":
		time.Sleep(600 * time.Millisecond)
	case "late":
		time.Sleep(1400 * time.Millisecond)
	case "after":
		status = http.StatusForbidden
	case "error":
		status = http.StatusInternalServerError
	case "silent":
		status = 0
	}
	var n int64
	if read {
		n, _ = io.Copy(io.Discard, r.Body)
	}
	fmt.Println(r.Method, r.URL.Path, r.Header.Get("Expect"), n, status)
	if status == 0 {
		time.Sleep(100 * time.Second)
	}
	w.Header().Set("Server", "Go-net-http")
	w.WriteHeader(status)
}

func main() {
	log.Fatal(http.ListenAndServe(os.Args[1], http.HandlerFunc(serve)))
}
