import type { JsonObject } from "../../../domain/json.ts";
import { request } from "../asking.ts";
import type { Wrong } from "./more-wrong-requests.ts";

const catalogue = (wrong: string, document: JsonObject): Wrong => ({
  wrong: `a catalogue with ${wrong}`,
  asks: document,
});

/** Slips in a team's catalogue of several namespaces, and what only the world around a request makes wrong. */
export const wrongCatalogues: readonly Wrong[] = [
  ...["abstraction", "capacity", "backend_config"].map((field) => ({
    wrong: `the oldest form's ${field}`,
    asks: { namespace: "orders", [field]: "x" },
  })),
  catalogue("no list", { team: "t", namespaces: 5 }),
  catalogue("nothing", { team: "t", namespaces: null }),
  catalogue("two entries", { team: "t", namespaces: [{ name: "a" }, { name: "b" }] }),
  catalogue("a text for an entry", { team: "t", namespaces: ["a"] }),
  catalogue("a field that belongs inside", {
    team: "payments-team",
    zone: 1,
    namespaces: [{ name: "a", pattern: "queue" }],
  }),
  catalogue("a slip above the list", { teem: "t", acess: {}, namespaces: [{ name: "a", pattern: "queue" }] }),
  catalogue("needs that are none", {
    team: "payments-team",
    namespaces: [{ name: "a", pattern: "queue", needs: "many" }],
  }),
  catalogue("two sizes", {
    team: "payments-team",
    namespaces: [
      {
        name: "a",
        pattern: "queue",
        needs: { message_size: "1MB", max_message_size: "2MB", throughput: 1, write_rps: 2 },
      },
    ],
  }),
  catalogue("a durable-queue that is not", {
    team: "payments-team",
    namespaces: [{ name: "a", pattern: "durable-queue", needs: { durability: "best-effort" } }],
  }),

  { wrong: "a team that is not the caller's", asks: request("queue", {}, { team: "other-team" }) },
  { wrong: "a team that does not exist", asks: request("queue"), given: { teamExists: () => false } },
  {
    wrong: "a name that is taken",
    asks: request("queue"),
    given: { existing: { existing_owner: "other-team", created_at: "2026-01-01T00:00:00Z" } },
  },
  { wrong: "another team than on the command line", asks: request("queue"), given: { team: "other-team" } },
  {
    wrong: "more than is left of the quota",
    asks: request("queue", { write_rps: 101, read_rps: 100, data_size: "2GB" }),
    given: {
      quota: {
        quota: { write_rps: 100, read_rps: 100, data_size: 1_000_000_000, namespaces: 1 },
        remaining: { write_rps: 50, read_rps: 100, data_size: 500_000_000, namespaces: 0 },
      },
    },
  },
];
