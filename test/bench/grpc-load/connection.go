package main

import (
	"bufio"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// For answers that are still under way when it ends.
const patience = 15 * time.Second

// One HTTP/2 connection. Its reader begins a call where one has ended, its clock those that are due.
type connection struct {
	address string
	rude    bool
	socket  net.Conn
	in      *bufio.Reader
	out     *bufio.Writer
	framer  *http2.Framer
	headers *hpack.Decoder
	request *request

	mutex  sync.Mutex
	calls  calls
	stream uint32
	status string
	// What the server takes, and what of it has come back to us.
	window  int64
	streams uint32
	heard   uint32
}

// Makes the calls, and ends when they are answered.
func (c *connection) load(asked order, begun time.Time) error {
	c.calls = newCalls(asked, begun)
	last := c.calls.ends.Add(patience)
	_ = c.socket.SetReadDeadline(last)
	if err := c.fill(); err != nil {
		return err
	}
	if c.calls.isPaced() {
		go c.tick()
	}
	for !c.over() {
		err := c.read()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil && c.rude {
			err = c.again(last)
		}
		if err != nil {
			return err
		}
	}
	return c.socket.Close()
}

// Who is thrown out for its manners comes in again.
func (c *connection) again(last time.Time) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	_ = c.socket.Close()
	for stream := range c.calls.open {
		c.calls.end(stream, "connection lost")
	}
	err := c.dial()
	_ = c.socket.SetReadDeadline(last)
	return err
}

func (c *connection) tick() {
	for range time.Tick(time.Millisecond) {
		if err := c.fill(); err != nil && !c.rude {
			return
		}
		if c.over() {
			// The reader may wait for what does not come.
			c.mutex.Lock()
			_ = c.socket.SetReadDeadline(time.Now())
			c.mutex.Unlock()
			return
		}
	}
}

func (c *connection) over() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.calls.isEnded() && len(c.calls.open) == 0
}

// Begins what is due and has room.
func (c *connection) fill() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now, size := time.Now(), int64(len(c.request.body))
	room, due := min(c.calls.inFlight, int(c.streams)), c.calls.due(now)
	for c.calls.started < due && len(c.calls.open) < room && c.window >= size && now.Before(c.calls.ends) {
		if err := c.request.write(c.framer, c.stream); err != nil {
			return err
		}
		c.calls.begin(c.stream, now)
		c.stream += 2
		c.window -= size
	}
	return c.out.Flush()
}

func (c *connection) read() error {
	frame, err := c.framer.ReadFrame()
	if err != nil {
		return err
	}
	c.mutex.Lock()
	err = c.take(frame)
	c.mutex.Unlock()
	// What was read together is answered together.
	if err != nil || c.in.Buffered() > 0 {
		return err
	}
	return c.fill()
}
