import type { JsonObject } from "../../../../domain/json.ts";
import { request } from "../../asking.ts";
import { invalid, queue, type WrongRequest } from "./wrong-request.ts";

const without = (name: string, document: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(document).filter(([field]) => field !== name));

/** The document as a whole: what is missing, what is unknown, names. */
export const wrongDocuments: readonly WrongRequest[] = [
  {
    wrong: "no object at all",
    asks: ["queue"],
    all: invalid(""),
    cure: "Write namespace, team, client_api, needs and access",
  },
  {
    wrong: "nothing in it: every required field",
    asks: {},
    all: invalid("namespace", "team", "client_api", "needs", "access"),
    cure: "Add 'namespace': the namespace's name, unique in all of Prism",
  },
  {
    wrong: "no needs (only the catalogue form may leave them out)",
    asks: without("needs", queue({})),
    all: invalid("needs"),
    cure: "Add 'needs': what the namespace needs; {} takes every default",
  },
  {
    wrong: "no access",
    asks: without("access", queue({})),
    all: invalid("access"),
    cure: "Add 'access': owners and consumers; {} leaves it to the team alone",
  },
  {
    wrong: "needs with nothing behind it",
    asks: queue({}, { needs: null }),
    all: invalid("needs"),
    cure: "Add 'needs': what the namespace needs; {} takes every default",
  },
  {
    wrong: "needs as a list",
    asks: queue({}, { needs: ["durability"] }),
    all: invalid("needs"),
    cure: "Write durability, replay, write_rps, read_rps, concurrent_connections, data_size, retention, ttl, max_message_size, ordered, consistency, max_staleness, delivery_guarantee, query_complexity, data_model, cleanup, storage_backend, backend_preference, kafka_partitions, postgres_pool_size below needs",
  },
  {
    wrong: "a mistyped need",
    asks: queue({ write_rsp: 5000 }),
    all: invalid("needs.write_rsp"),
    cure: "Did you mean 'needs.write_rps'?",
  },
  {
    wrong: "a need in camel case",
    asks: queue({ maxMessageSize: "1MB" }),
    all: invalid("needs.maxMessageSize"),
    cure: "Did you mean 'needs.max_message_size'?",
  },
  {
    wrong: "a need at the top level",
    asks: queue({}, { durability: "strong" }),
    all: invalid("durability"),
    cure: "Did you mean 'needs.durability'?",
  },
  {
    wrong: "a policy among the needs",
    asks: queue({ compliance: "pci" }),
    all: invalid("needs.compliance"),
    cure: "Did you mean 'policies.compliance'?",
  },
  {
    wrong: "a field nobody knows",
    asks: queue({}, { observability: {} }),
    all: invalid("observability"),
    cure: "Remove it; known here: namespace, team, client_api, needs, access, policies, cache, cdc, patterns, backend, approval",
  },
  {
    wrong: "a field that objects inherit",
    asks: queue({}, { constructor: 1 }),
    all: invalid("constructor"),
    cure: "Remove it; known here: namespace, team, client_api, needs, access, policies, cache, cdc, patterns, backend, approval",
  },
  {
    wrong: "a name with an underscore",
    asks: queue({}, { namespace: "order_processing" }),
    all: invalid("namespace"),
    cure: "Use lower-case letters, digits and single hyphens, beginning with a letter, at most 64 characters",
  },
  {
    wrong: "a name that ends in a hyphen",
    asks: queue({}, { namespace: "orders-" }),
    all: invalid("namespace"),
    cure: "Use lower-case letters, digits and single hyphens, beginning with a letter, at most 64 characters",
  },
  {
    wrong: "a name of 65 characters",
    asks: queue({}, { namespace: "o".repeat(65) }),
    all: invalid("namespace"),
    cure: "Use lower-case letters, digits and single hyphens, beginning with a letter, at most 64 characters",
  },
  {
    wrong: "a name that is a number",
    asks: queue({}, { namespace: 42 }),
    all: invalid("namespace"),
    cure: "Use lower-case letters, digits and single hyphens, beginning with a letter, at most 64 characters",
  },
  {
    wrong: "a malformed team",
    asks: queue({}, { team: "my team" }),
    all: invalid("team"),
    cure: "Use letters, digits, '.', '_' and '-', at most 100",
  },
  {
    wrong: "a client API in another case",
    asks: request("Queue"),
    all: invalid("client_api"),
    cure: "Did you mean 'queue'?",
  },
  {
    wrong: "a client API nobody knows",
    asks: request("mainframe"),
    all: invalid("client_api"),
    cure: "Use one of: keyvalue, pubsub, queue, reader, transact",
  },
  {
    wrong: "a client API that is still to come",
    asks: request("stream"),
    all: ["UNIMPLEMENTED client_api"],
    cure: "Use one of: keyvalue, pubsub, queue, reader, transact",
  },
];
