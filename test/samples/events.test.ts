import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CallEvent } from "../../domain/calls/events.ts";
import type { RecordedEvent } from "../../domain/event.ts";
import { canonicalJson, type JsonObject } from "../../domain/json.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import { evolve } from "../../domain/namespace/evolve.ts";
import { absent } from "../../domain/namespace/namespace.ts";
import { audit } from "../../domain/projections/audit.ts";
import { namespaces } from "../../domain/projections/namespaces.ts";
import { operations } from "../../domain/projections/operations.ts";
import { teams } from "../../domain/projections/teams.ts";
import type { TeamEvent } from "../../domain/team/events.ts";
import { evolve as evolveTeam, undefinedTeam } from "../../domain/team/team.ts";
import { newest, sampleOf } from "./event-types.ts";

/**
 * What was once recorded folds for ever. One file for every event type and schema version, as a
 * store hands it back; `SHA256SUMS` holds them to what they were.
 *
 * A new type, or a raised version in `domain/namespace/schema-versions.ts`, needs a sample:
 *
 *     node_modules/.bin/node test/samples/write.ts
 *
 * writes those that are missing, with their digests, and changes none that is there. A sample is
 * never edited: stores are full of events like it. When the code does not fold it any more, the
 * code is wrong, or an upcaster is missing at the store's edge.
 */
const folder = import.meta.dirname;
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
const digests = new Map(
  readFileSync(join(folder, "SHA256SUMS"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("  ") as [string, string])
    .map(([digest, name]) => [name, digest]),
);

function sample(file: string): RecordedEvent {
  const { recordedAt, position, revision, ...event } = JSON.parse(readFileSync(join(folder, file), "utf8"));
  return {
    ...event,
    recordedAt: new Date(recordedAt),
    position: BigInt(position),
    revision: BigInt(revision),
  };
}

const shapes = Object.entries(newest).flatMap(([type, version]) =>
  Array.from({ length: version }, (_, earlier) => sampleOf(type, earlier + 1)),
);

describe("the samples", () => {
  it("are one of every event type and schema version, and no other", () =>
    expect(files.toSorted()).toEqual(shapes.toSorted()));

  it("are what they were when they were recorded", () => {
    const sums = files.map((name) => {
      const digest = createHash("sha256").update(readFileSync(join(folder, name)));
      return [name, digest.digest("hex")] as const;
    });
    expect(new Map(sums)).toEqual(digests);
  });

  it.each(files)("%s is of the type and version it is named for", (file) => {
    const { type, metadata } = sample(file);
    expect(sampleOf(type, metadata.schema)).toBe(file);
  });
});

const ofTeams = files.filter((file) => sample(file).stream.startsWith("team-"));
const ofCalls = files.filter((file) => sample(file).stream === "audit");
const ofNamespaces = files.filter((file) => !ofTeams.includes(file) && !ofCalls.includes(file));

const isRow = (row: JsonObject | undefined): boolean => row === undefined || canonicalJson(row).length > 2;

describe("whatever was recorded of a namespace", () => {
  const requested = sample(sampleOf("NamespaceRequested", 1)) as RecordedEvent<NamespaceEvent>;

  it.each(ofNamespaces)("%s folds, alone and in a life", (file) => {
    const event = sample(file) as RecordedEvent<NamespaceEvent>;
    for (const past of [[], [requested]]) {
      const known = past.reduce(evolve, absent);
      expect(evolve(known, event)).toMatchObject({ status: expect.any(String) });
      for (const projection of [namespaces, operations, audit]) {
        const fold = (row: never, one: RecordedEvent<NamespaceEvent>) => projection.apply(row, one) as never;
        const row = [...past, event].reduce(fold, undefined as never) as JsonObject | undefined;
        expect(isRow(row)).toBe(true);
        if (past.length > 0 && projection !== audit) expect(row).toBeDefined();
      }
    }
  });
});

describe("whatever was recorded of a team", () => {
  const defined = sample(sampleOf("TeamDefined", 1)) as RecordedEvent<TeamEvent>;

  it.each(ofTeams)("%s folds, alone and after the team was defined", (file) => {
    const event = sample(file) as RecordedEvent<TeamEvent>;
    expect(evolveTeam(undefinedTeam, event).holdings).toBeInstanceOf(Map);
    expect(evolveTeam(evolveTeam(undefinedTeam, defined), event).team).toBe("payments-team");
    expect(isRow(teams.apply(teams.apply(undefined, defined), event))).toBe(true);
  });
});

describe("whatever was recorded of a call", () => {
  it.each(ofCalls)("%s folds to a row of the audit log", (file) => {
    const event = sample(file) as RecordedEvent<CallEvent>;
    expect(audit.key(event)).toBeDefined();
    expect(audit.apply(undefined, event)).toMatchObject({ actor: "user:alice", action: "create namespace" });
  });
});
