import { Histogram, type Registry } from "prom-client";

/** How long appends to the event store take, in whichever process makes them. */
export function appendSeconds(register: Registry): (seconds: number) => void {
  const histogram = new Histogram({
    name: "prism_eventstore_append_seconds",
    help: "From an append to the answer that it is stored",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [register],
  });
  return (seconds) => histogram.observe(seconds);
}
