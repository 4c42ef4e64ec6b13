import { request } from "../../asking.ts";
import { invalid, queue, type WrongRequest } from "./wrong-request.ts";

/** Values of needs that cannot be read. */
export const wrongValues: readonly WrongRequest[] = [
  {
    wrong: "a durability nobody knows",
    asks: queue({ durability: "very strong" }),
    all: invalid("needs.durability"),
    cure: "Use one of: strong, eventual, best-effort",
  },
  {
    wrong: "a switch as a boolean",
    asks: queue({ replay: true }),
    all: invalid("needs.replay"),
    cure: "Use one of: enabled, disabled",
  },
  {
    wrong: "a boolean in quotes",
    asks: queue({ ordered: "true" }),
    all: invalid("needs.ordered"),
    cure: "Write true or false, without quotes",
  },
  {
    wrong: "a rate below 0",
    asks: queue({ write_rps: -1 }),
    all: invalid("needs.write_rps"),
    cure: "Write whole requests per second, such as 5000 or 10k",
  },
  {
    wrong: "half a request per second",
    asks: queue({ read_rps: 0.5 }),
    all: invalid("needs.read_rps"),
    cure: "Write whole requests per second, such as 5000 or 10k",
  },
  {
    wrong: "a rate per minute",
    asks: queue({ write_rps: "10k/min" }),
    all: invalid("needs.write_rps"),
    cure: "Write whole requests per second, such as 5000 or 10k",
  },
  {
    wrong: "no connection at all",
    asks: queue({ concurrent_connections: 0 }),
    all: invalid("needs.concurrent_connections"),
    cure: "Write a whole number such as 100",
  },
  {
    wrong: "a bare size",
    asks: queue({ data_size: 100 }),
    all: invalid("needs.data_size"),
    cure: "Write a number above 0 and a unit, such as 100GB or 512MiB",
  },
  {
    wrong: "a size of 0",
    asks: queue({ data_size: "0GB" }),
    all: invalid("needs.data_size"),
    cure: "Write a number above 0 and a unit, such as 100GB or 512MiB",
  },
  {
    wrong: "a size in a unit nobody knows",
    asks: queue({ max_message_size: "1 megabyte" }),
    all: invalid("needs.max_message_size"),
    cure: "Write a number above 0 and a unit, such as 100GB or 512MiB",
  },
  {
    wrong: "a size of no whole number of bytes",
    asks: queue({ data_size: "0.3B" }),
    all: invalid("needs.data_size"),
    cure: "Write a number above 0 and a unit, such as 100GB or 512MiB",
  },
  {
    wrong: "a bare retention",
    asks: queue({ retention: 30 }),
    all: invalid("needs.retention"),
    cure: "Write a number above 0 and a unit, such as 15min or 30days, or forever",
  },
  {
    wrong: "a retention in months",
    asks: queue({ retention: "2 months" }),
    all: invalid("needs.retention"),
    cure: "Write a number above 0 and a unit, such as 15min or 30days, or forever",
  },
  {
    wrong: "milliseconds outside expert settings",
    asks: request("keyvalue", { ttl: "5000ms" }),
    all: invalid("needs.ttl"),
    cure: "Write a number above 0 and a unit, such as 15min or 30days",
  },
  {
    wrong: "a ttl for ever",
    asks: request("keyvalue", { ttl: "forever" }),
    all: invalid("needs.ttl"),
    cure: "Write a number above 0 and a unit, such as 15min or 30days",
  },
  {
    wrong: "a backend that serves no client API by itself",
    asks: queue({ backend_preference: "s3" }),
    all: invalid("needs.backend_preference"),
    cure: "Use one of: kafka, nats, redis, postgres",
  },
  {
    wrong: "a backend that is still to come",
    asks: queue({ backend_preference: "rabbitmq" }),
    all: ["UNIMPLEMENTED needs.backend_preference"],
    cure: "Use one of: kafka, nats, redis, postgres",
  },
];
