package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const largestFrame = 16_384

// One call as bytes: headers that are the same each time, and a message with a key of its own.
type request struct {
	first, later []byte
	sent         bool
	body         []byte
	// Within the body; empty where there is none.
	key    []byte
	run    [8]byte
	number uint64
}

func newRequest(asked order) (*request, error) {
	made := &request{body: make([]byte, 5, 5+len(asked.Message))}
	// As gRPC sends it: uncompressed, its length before it.
	binary.BigEndian.PutUint32(made.body[1:], uint32(len(asked.Message)))
	made.body = append(made.body, asked.Message...)
	if len(made.body) > largestFrame {
		return nil, fmt.Errorf("messages above %d bytes are not made here", largestFrame)
	}
	if asked.Key != "" {
		at := bytes.Index(made.body, []byte(asked.Key))
		if at < 0 || len(asked.Key) != 32 {
			return nil, fmt.Errorf("the message does not hold the 32 bytes of the key")
		}
		made.key = made.body[at : at+len(asked.Key)]
	}
	if _, err := rand.Read(made.run[:]); err != nil {
		return nil, err
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	made.first = encoded(encoder, &block, asked)
	// All of them are in the server's table by now: a byte or two each.
	made.later = encoded(encoder, &block, asked)
	return made, nil
}

func encoded(encoder *hpack.Encoder, block *bytes.Buffer, asked order) []byte {
	block.Reset()
	field := func(name, value string) {
		_ = encoder.WriteField(hpack.HeaderField{Name: name, Value: value})
	}
	field(":method", "POST")
	field(":scheme", "http")
	field(":path", asked.Path)
	field(":authority", asked.Address)
	field("content-type", "application/grpc")
	field("te", "trailers")
	for name, value := range asked.Headers {
		field(name, value)
	}
	return bytes.Clone(block.Bytes())
}

func (r *request) write(framer *http2.Framer, stream uint32) error {
	block := r.later
	if !r.sent {
		block, r.sent = r.first, true
	}
	headers := http2.HeadersFrameParam{StreamID: stream, BlockFragment: block, EndHeaders: true}
	if err := framer.WriteHeaders(headers); err != nil {
		return err
	}
	r.freshen()
	return framer.WriteData(stream, true, r.body)
}

// A key that no other call of any run has.
func (r *request) freshen() {
	if len(r.key) == 0 {
		return
	}
	r.number++
	hex.Encode(r.key[:16], r.run[:])
	hex.Encode(r.key[16:], binary.BigEndian.AppendUint64(nil, r.number))
}
