// The server of Go's standard library that answers in the tests of `desync`. `make lab` names its result after this file and
// main.go.
module ferrik/origin

go 1.26.0
