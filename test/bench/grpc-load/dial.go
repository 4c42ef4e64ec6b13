package main

import (
	"bufio"
	"errors"
	"math"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func connect(asked order) (*connection, error) {
	made, err := newRequest(asked)
	if err != nil {
		return nil, err
	}
	c := &connection{request: made, address: asked.Address, rude: asked.Rude}
	return c, c.dial()
}

func (c *connection) dial() error {
	socket, err := net.Dial("tcp", c.address)
	if err != nil {
		return err
	}
	c.socket, c.stream, c.window, c.streams = socket, 1, 65_535, math.MaxInt32
	c.in, c.out = bufio.NewReaderSize(socket, 1<<16), bufio.NewWriterSize(socket, 1<<16)
	c.framer = http2.NewFramer(c.out, c.in)
	c.framer.SetReuseFrames()
	c.headers = hpack.NewDecoder(4_096, func(field hpack.HeaderField) {
		if field.Name == "grpc-status" {
			c.status = field.Value
		}
	})
	c.request.sent = false
	_, err = c.out.WriteString(http2.ClientPreface)
	err = errors.Join(err, c.framer.WriteSettings(), c.framer.WriteWindowUpdate(0, 1<<30), c.out.Flush())
	if err != nil {
		return err
	}
	// So that it keeps from the first call on to what the server takes.
	frame, err := c.framer.ReadFrame()
	if err != nil {
		return err
	}
	return c.take(frame)
}
