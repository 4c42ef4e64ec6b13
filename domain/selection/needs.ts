import type { BackendKind, ClientApi } from "../plan.ts";
import { milliseconds } from "../request/duration.ts";
import type { Consistency, NamespaceRequest } from "../request/request.ts";
import { bytes } from "../request/size.ts";

/** What the rules look at, as numbers: nothing else of a request can change a choice. */
export type NeedFacts = {
  readonly api: ClientApi;
  readonly strong: boolean;
  readonly consistency: Consistency;
  readonly replay: boolean;
  readonly ordered: boolean;
  readonly exactlyOnce: boolean;
  readonly writeRps: number;
  readonly readRps: number;
  readonly dataBytes: number;
  readonly messageBytes: number;
  /** `Infinity` for ever; 0 where nothing is retained. */
  readonly retentionMs: number;
  readonly ttl: boolean;
  readonly cache: boolean;
  readonly cdc: boolean;
  readonly preference: BackendKind | undefined;
};

export function factsOf({ client_api: api, needs, cache, cdc }: NamespaceRequest): NeedFacts {
  return {
    api,
    strong: needs.durability === "strong",
    consistency: needs.consistency,
    replay: needs.replay === "enabled",
    ordered: needs.ordered === true,
    exactlyOnce: needs.delivery_guarantee === "exactly_once",
    writeRps: needs.write_rps,
    readRps: needs.read_rps,
    dataBytes: bytes(needs.data_size),
    messageBytes: needs.max_message_size === undefined ? 0 : bytes(needs.max_message_size),
    retentionMs: needs.retention === undefined ? 0 : milliseconds(needs.retention),
    ttl: needs.ttl !== undefined,
    cache: cache?.enabled === true,
    cdc: cdc?.enabled === true,
    preference: needs.backend_preference,
  };
}
