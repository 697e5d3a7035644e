// An HTTP/1.1 server of Go's standard library on a Unix socket: names each request on its output, reads its body, answers 200.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answer := func(writer http.ResponseWriter, request *http.Request) {
		fmt.Printf("request %s %s\n", request.Method, request.RequestURI)
		// A body that breaks off is part of the tests.
		_, _ = io.Copy(io.Discard, request.Body)
		_, _ = io.WriteString(writer, "ok")
	}
	fmt.Fprintln(os.Stderr, http.Serve(listener, http.HandlerFunc(answer)))
	os.Exit(1)
}
