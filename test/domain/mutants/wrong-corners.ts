import type { JsonObject } from "../../../domain/json.ts";
import { type asked, platform, request } from "../asking.ts";

type Wrong = {
  readonly wrong: string;
  readonly asks: JsonObject;
  readonly given?: Parameters<typeof asked>[1];
};

const expert = (wrong: string, api: string, more: JsonObject): Wrong => ({
  wrong,
  asks: request(api, {}, more),
  given: { caller: platform },
});
const nobody = { teamExists: () => false };
const noQuota = {
  quota: { write_rps: 0, read_rps: 0, data_size: 0, namespaces: 0 },
  remaining: { write_rps: 0, read_rps: 0, data_size: 0, namespaces: 0 },
};

/** Where one slip could hide another, or be taken for one. */
export const wrongCorners: readonly Wrong[] = [
  expert("a pattern nobody knows, with settings", "queue", {
    patterns: [{ type: "chache", config: { ttl: 5 } }],
  }),
  expert("a pattern without a name, with settings", "queue", { patterns: [{ config: { ttl: 5 } }, 5] }),
  {
    wrong: "exactly once, and a little late",
    asks: request("pubsub", { delivery_guarantee: "exactly_once", consistency: "bounded_staleness" }),
  },
  {
    wrong: "an approval that says each thing twice",
    asks: request(
      "queue",
      {},
      {
        approval: { approver: "Root", approved_by: "Root", ticket: "T-1", approval_ticket: "T-2" },
      },
    ),
  },
  { wrong: "milliseconds where seconds are meant", asks: request("keyvalue", { ttl: "500ms " }) },
  {
    wrong: "a team that is no name, and no team has it",
    asks: request("queue", {}, { team: "-" }),
    given: nobody,
  },
  {
    wrong: "a team that is no name, and no quota",
    asks: request("queue", {}, { team: "-" }),
    given: { quota: noQuota },
  },
  {
    wrong: "no list of owners, and no team exists",
    asks: request("queue", {}, { access: 5 }),
    given: nobody,
  },
  {
    wrong: "owners that do not exist",
    asks: request("queue", {}, { access: { owners: [{ team: "payments-team" }, { team: "ghosts" }] } }),
    given: { teamExists: (team) => team === "payments-team" },
  },
  {
    wrong: "consumers that are anything but",
    asks: request(
      "queue",
      {},
      { access: { consumers: [{ service: 5 }, { service: "api (read-only)", access: 7 }] } },
    ),
  },
];
