package main

import (
	"bufio"
	"errors"
	"math"
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
	socket  net.Conn
	in      *bufio.Reader
	out     *bufio.Writer
	framer  *http2.Framer
	headers *hpack.Decoder
	request *request
	rude    bool

	mutex  sync.Mutex
	calls  calls
	stream uint32
	status string
	// What the server takes, and what of it has come back to us.
	window  int64
	streams uint32
	heard   uint32
}

func connect(asked order) (*connection, error) {
	made, err := newRequest(asked)
	if err != nil {
		return nil, err
	}
	socket, err := net.Dial("tcp", asked.Address)
	if err != nil {
		return nil, err
	}
	c := &connection{
		socket: socket, in: bufio.NewReaderSize(socket, 1<<16), out: bufio.NewWriterSize(socket, 1<<16),
		request: made, stream: 1, window: 65_535, streams: math.MaxInt32,
	}
	c.framer = http2.NewFramer(c.out, c.in)
	c.framer.SetReuseFrames()
	c.headers = hpack.NewDecoder(4_096, func(field hpack.HeaderField) {
		if field.Name == "grpc-status" {
			c.status = field.Value
		}
	})
	_, err = c.out.WriteString(http2.ClientPreface)
	err = errors.Join(err, c.framer.WriteSettings(), c.framer.WriteWindowUpdate(0, 1<<30), c.out.Flush())
	if err != nil {
		return nil, err
	}
	// So that it keeps from the first call on to what the server takes.
	return c, c.read()
}

// Makes the calls, and resolves when they are answered.
func (c *connection) load(asked order, begun time.Time) error {
	defer c.socket.Close()
	c.calls, c.rude = newCalls(asked, begun), asked.Rude
	_ = c.socket.SetReadDeadline(c.calls.ends.Add(patience))
	if err := c.fill(); err != nil {
		return err
	}
	if c.calls.isPaced() {
		go c.tick()
	}
	for !c.over() {
		err := c.read()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *connection) tick() {
	for range time.Tick(time.Millisecond) {
		if c.fill() != nil {
			return
		}
		if c.over() {
			// The reader may wait for what does not come.
			_ = c.socket.SetReadDeadline(time.Now())
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
