import { create, type JsonObject as ProtobufJson } from "@bufbuild/protobuf";
import type { JsonObject } from "../domain/json.ts";
import type { NamespaceRow } from "../domain/projections/namespaces.ts";
import { type Serving, servingIn, staleLimitMs } from "../domain/projections/serving.ts";
import { bytes } from "../domain/request/size.ts";
import { type Entry, EntrySchema, State } from "../proto/gen/prism/control/v1/control_pb.js";

const states: Readonly<Record<Serving, State>> = {
  none: State.UNSPECIFIED,
  probing: State.PROBING,
  serving: State.SERVING,
  draining: State.DRAINING,
  drained: State.DRAINING,
  moved: State.MOVED,
};

/**
 * Everything a proxy of that shard needs to serve a namespace, and nothing it must not know: no secrets, no
 * plan's reasons. `staleMs`: how long it may serve what may be served without the control plane at all.
 */
export function directoryEntry(row: NamespaceRow, shard: string, staleMs: number): Entry {
  const serving = servingIn(row, shard);
  const { needs, access } = row.request;
  return create(EntrySchema, {
    namespace: row.namespace,
    incarnation: row.incarnation,
    version: row.version,
    team: row.team,
    clientApi: row.client_api,
    state: states[serving],
    // Once drained nothing of the chain has anything left to do: its providers end.
    patterns: (serving === "drained" ? [] : (row.plan?.patterns ?? [])).map(({ type, version, config }) => ({
      type,
      version,
      config: plain(config),
    })),
    ...(row.plan && { backend: { type: row.plan.backend.type, config: plain(row.plan.backend.config) } }),
    ownerTeams: [row.team, ...access.owners.map(({ team }) => team)],
    consumers: access.consumers.map(({ service, access: mode }) => ({
      service,
      writes: mode === "read-write",
    })),
    limits: {
      maxMessageBytes: BigInt(bytes(needs.max_message_size ?? "1MB")),
      writeRps: needs.write_rps,
      readRps: needs.read_rps,
      connections: needs.concurrent_connections,
    },
    ordered: needs.ordered ?? false,
    staleLimitMs: staleLimitMs(row.request, staleMs),
    directoryVersion: BigInt(row.directory_version),
  });
}

const plain = (config: JsonObject): ProtobufJson => JSON.parse(JSON.stringify(config)) as ProtobufJson;
