package main

import (
	"math"
	"time"
)

// So long does a run last that was told no end.
const longest = 10 * time.Minute

// The calls of one connection: which are due, which are open, what became of the others.
type calls struct {
	most      int
	inFlight  int
	perSecond float64
	begun     time.Time
	ends      time.Time
	last      time.Time
	started   int
	// By stream: when it began, or was due.
	open    map[uint32]time.Time
	answers map[string]int
	micros  []int64
}

func newCalls(asked order, begun time.Time) calls {
	c := calls{
		most: math.MaxInt, inFlight: asked.InFlight, perSecond: asked.PerSecond / float64(asked.Connections),
		begun: begun, ends: begun.Add(longest),
		open: map[uint32]time.Time{}, answers: map[string]int{},
	}
	if asked.Calls > 0 {
		c.most = asked.Calls / asked.Connections
	}
	if asked.Seconds > 0 {
		c.ends = begun.Add(time.Duration(asked.Seconds * float64(time.Second)))
	}
	return c
}

func (c *calls) isEnded() bool { return c.started == c.most || time.Now().After(c.ends) }

func (c *calls) isPaced() bool { return c.perSecond > 0 }

// How many should have begun by now.
func (c *calls) due(now time.Time) int {
	if !c.isPaced() {
		return c.most
	}
	return min(c.most, int(now.Sub(c.begun).Seconds()*c.perSecond))
}

func (c *calls) unsent() int {
	if !c.isPaced() {
		return 0
	}
	return c.due(c.ends) - c.started
}

func (c *calls) begin(stream uint32, now time.Time) {
	if c.isPaced() {
		// Who is late has waited, too.
		now = c.begun.Add(time.Duration(float64(c.started) / c.perSecond * float64(time.Second)))
	}
	c.open[stream] = now
	c.started++
}

func (c *calls) end(stream uint32, status string) {
	began, known := c.open[stream]
	if !known {
		return
	}
	delete(c.open, stream)
	c.answers[status]++
	c.last = time.Now()
	if status == "0" {
		c.micros = append(c.micros, c.last.Sub(began).Microseconds())
	}
}
