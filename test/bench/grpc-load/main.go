// grpc-load makes one gRPC call over and over and says how that went. What to do comes as JSON on
// its standard input, what became of it goes as JSON to its standard output.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"
)

type order struct {
	Address string            `json:"address"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Message []byte            `json:"message"`
	// Stands in the message once; each call carries a fresh one in its place. Empty: all carry the same bytes.
	Key         string `json:"key"`
	Connections int    `json:"connections"`
	// How many calls a connection has open at most.
	InFlight int `json:"inFlight"`
	// Of all connections, whether or not earlier calls were answered. 0: as soon as there is room in flight.
	PerSecond float64 `json:"perSecond"`
	// It keeps to nothing that the server says of how many calls may be open, and comes again when that ends its
	// connection.
	Rude bool `json:"rude"`
	// It ends with whichever comes first; 0 never comes.
	Calls   int     `json:"calls"`
	Seconds float64 `json:"seconds"`
}

type report struct {
	// Until the last answer.
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	// How many, by grpc-status; what has none, by why.
	Answers    map[string]int `json:"answers"`
	Unanswered int            `json:"unanswered"`
	// How many were due, at the rate asked for, and did not go out: no room in flight, or in the server's window.
	Unsent int `json:"unsent"`
	// How long each took that was answered with grpc-status 0, in microseconds, in rising order.
	Micros []int64 `json:"micros"`
}

func main() {
	// One thread writes and reads: more of them wake each other, on cores that the server needs.
	runtime.GOMAXPROCS(1)
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "grpc-load:", err)
		os.Exit(1)
	}
}

func run() error {
	var asked order
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	connections := make([]*connection, asked.Connections)
	for at := range connections {
		opened, err := connect(asked)
		if err != nil {
			return err
		}
		connections[at] = opened
	}
	begun := time.Now()
	ended := make(chan error)
	for _, each := range connections {
		go func() { ended <- each.load(asked, begun) }()
	}
	for range connections {
		if err := <-ended; err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(together(connections, begun))
}

func together(connections []*connection, begun time.Time) report {
	all := report{Answers: map[string]int{}, Micros: []int64{}}
	last := begun
	for _, each := range connections {
		for status, count := range each.calls.answers {
			all.Answers[status] += count
		}
		all.Micros = append(all.Micros, each.calls.micros...)
		all.Unanswered += len(each.calls.open)
		all.Unsent += each.calls.unsent()
		if each.calls.last.After(last) {
			last = each.calls.last
		}
	}
	slices.Sort(all.Micros)
	all.Seconds = last.Sub(begun).Seconds()
	all.CPUSeconds = cpuSeconds()
	return all
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
