package main

import (
	"errors"
	"fmt"
	"math"

	"golang.org/x/net/http2"
)

// What the server says.
func (c *connection) take(frame http2.Frame) error {
	switch heard := frame.(type) {
	case *http2.SettingsFrame:
		return c.obey(heard)
	case *http2.PingFrame:
		if !heard.IsAck() {
			return c.framer.WritePing(true, heard.Data)
		}
	case *http2.WindowUpdateFrame:
		if heard.StreamID == 0 {
			c.window += int64(heard.Increment)
		}
	case *http2.HeadersFrame:
		return c.answered(heard)
	case *http2.DataFrame:
		return c.confirm(heard.Length)
	case *http2.RSTStreamFrame:
		c.calls.end(heard.StreamID, heard.ErrCode.String())
	case *http2.GoAwayFrame:
		return fmt.Errorf("the server says goodbye: %s", heard.ErrCode)
	}
	return nil
}

func (c *connection) answered(heard *http2.HeadersFrame) error {
	if !heard.HeadersEnded() {
		return errors.New("headers above one frame are not read here")
	}
	c.status = ""
	if _, err := c.headers.Write(heard.HeaderBlockFragment()); err != nil {
		return err
	}
	if heard.StreamEnded() {
		c.calls.end(heard.StreamID, c.status)
	}
	return c.headers.Close()
}

func (c *connection) obey(settings *http2.SettingsFrame) error {
	if settings.IsAck() || c.rude {
		return nil
	}
	if value, said := settings.Value(http2.SettingMaxConcurrentStreams); said {
		c.streams = min(value, math.MaxInt32)
	}
	if value, said := settings.Value(http2.SettingInitialWindowSize); said && int(value) < len(c.request.body) {
		return fmt.Errorf("the server takes %d bytes of a call at first, which is less than a message", value)
	}
	return c.framer.WriteSettingsAck()
}

// Gives back what the server may send, in large pieces.
func (c *connection) confirm(bytes uint32) error {
	c.heard += bytes
	if c.heard < 1<<20 {
		return nil
	}
	heard := c.heard
	c.heard = 0
	return c.framer.WriteWindowUpdate(0, heard)
}
