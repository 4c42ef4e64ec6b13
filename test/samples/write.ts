import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CallEvent } from "../../domain/calls/events.ts";
import type { RecordedEvent } from "../../domain/event.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { ensureStep } from "../../domain/namespace/steps.ts";
import type { TeamEvent } from "../../domain/team/events.ts";
import { recordedHash } from "../../eventstore/hash-chain.ts";
import { accepted, request } from "../domain/asking.ts";
import { everyType } from "../domain/namespace/every-type.ts";
import { workflow } from "../domain/namespace/examples.ts";
import { updating } from "../domain/namespace/lives.ts";
import { newest, sampleOf } from "./event-types.ts";

// Writes the samples that are missing, and never one that is there: see events.test.ts.
const folder = import.meta.dirname;

const real = accepted(request("queue", { durability: "strong", replay: "enabled", write_rps: 5000 }));
const larger = accepted(request("queue", { durability: "strong", replay: "enabled", write_rps: 9000 }));
const { plan, trace, hash, warnings } = real.selection;
const [resource] = plan.resources;
if (resource === undefined) throw new Error("the plan of the samples has no resource");
const operation = "0199a7c2-5b1e-7c3a-9d54-1f0e8a6b2c11";

/** As the aggregate writes them, from a real request and its real plan. */
const namespaceSamples: Readonly<Record<string, NamespaceEvent>> = {
  ...everyType,
  NamespaceRequested: {
    type: "NamespaceRequested",
    data: { namespace: "orders", request: real.request, operation, workflow },
  },
  PlanSelected: {
    type: "PlanSelected",
    data: {
      plan,
      trace,
      hash,
      warnings,
      approval: [{ field: "needs.write_rps", because: "150000 is more than 100000" }],
    },
  },
  ResourceIntended: { type: "ResourceIntended", data: { resource, saw_absent: true } },
  ResourceProvisioned: { type: "ResourceProvisioned", data: { resource, identity: "Xq3pN2nGQbG1" } },
  ResourceRemovalIntended: { type: "ResourceRemovalIntended", data: { resource } },
  ResourceRemoved: { type: "ResourceRemoved", data: { resource, removed: true } },
  StepFailed: {
    type: "StepFailed",
    data: {
      step: ensureStep(resource),
      attempt: 2,
      error: { code: "BACKEND_UNAVAILABLE", message: "Kafka did not answer", details: {} },
      will_retry: true,
    },
  },
  UpdateRequested: {
    type: "UpdateRequested",
    data: {
      namespace: "orders",
      operation: updating,
      workflow,
      request: larger.request,
      changes: [{ field: "needs.write_rps", from: 5000, to: 9000 }],
    },
  },
};

const amounts = { write_rps: 5000, read_rps: 100, data_size: "1GB", namespaces: 1 };
const quota = { write_rps: 50_000, read_rps: 50_000, data_size: "1TB", namespaces: 20 };
const team = "payments-team";

const teamSamples: { readonly [Type in TeamEvent["type"]]: Extract<TeamEvent, { type: Type }> } = {
  TeamDefined: { type: "TeamDefined", data: { team, quota } },
  QuotaChanged: { type: "QuotaChanged", data: { team, quota: { ...quota, write_rps: 60_000 } } },
  QuotaReserved: {
    type: "QuotaReserved",
    data: { team, namespace: "orders", incarnation: 1, operation, amounts },
  },
  QuotaCommitted: { type: "QuotaCommitted", data: { team, namespace: "orders", operation } },
  QuotaReleased: {
    type: "QuotaReleased",
    data: { team, namespace: "orders", operation, released: "reservation" },
  },
  QuotaSnapshot: {
    type: "QuotaSnapshot",
    data: {
      team,
      quota,
      holdings: [{ namespace: "orders", incarnation: 1, committed: { operation, amounts }, pending: null }],
    },
  },
};

const call = {
  ...{ method: "POST", route: "/namespaces", namespace: "orders", team, from: "127.0.0.1" },
  operation: null,
};
const callSamples: { readonly [Type in CallEvent["type"]]: Extract<CallEvent, { type: Type }> } = {
  CallReceived: { type: "CallReceived", data: call },
  CallAnswered: {
    type: "CallAnswered",
    data: { ...call, operation, received: "17", status: 202, code: null, times: 1 },
  },
};

const streams: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(teamSamples).map((type) => [type, `team-${team}`])),
  ...Object.fromEntries(Object.keys(callSamples).map((type) => [type, "audit"])),
};

/** As a store hands an event back; position and revision as text, since JSON has no integers that large. */
function asRecorded(event: NamespaceEvent | TeamEvent | CallEvent, schema: number): object {
  const stream = streams[event.type] ?? "namespace-orders";
  const recorded: RecordedEvent = {
    ...event,
    id: "7d1f4c1e-3b0a-5e52-9d35-0f6a1c2b3d4e",
    stream,
    revision: 0n,
    position: 1n,
    recordedAt: new Date("2026-01-01T00:00:00.000Z"),
    metadata: {
      actor: "user:alice",
      operation,
      correlation: operation,
      causation: "begin",
      schema,
      incarnation: event.type in streams ? 0 : 1,
    },
    hash: "",
  };
  const { position, revision } = recorded;
  const text = { position: String(position), revision: String(revision) };
  return { ...recorded, ...text, hash: recordedHash(recorded, null) };
}

for (const [type, schema] of Object.entries(newest)) {
  const file = join(folder, sampleOf(type, schema));
  const event =
    (namespaceSamples as Record<string, NamespaceEvent>)[type] ??
    teamSamples[type as never] ??
    callSamples[type as never];
  if (existsSync(file) || event === undefined) continue;
  writeFileSync(file, `${JSON.stringify(asRecorded(event, schema), null, 2)}\n`);
  console.log(`wrote ${sampleOf(type, schema)}`);
}

const sums = join(folder, "SHA256SUMS");
const known = existsSync(sums) ? readFileSync(sums, "utf8") : "";
const added = readdirSync(folder)
  .filter((name) => name.endsWith(".json") && !known.includes(`  ${name}\n`))
  .map(
    (name) =>
      `${createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex")}  ${name}\n`,
  );
writeFileSync(sums, known + added.join(""));
