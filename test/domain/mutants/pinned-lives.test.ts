import { expect, it } from "vitest";
import type { RecordedEvent } from "../../../domain/event.ts";
import { canonicalJson, type Json, type JsonObject } from "../../../domain/json.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { audit } from "../../../domain/projections/audit.ts";
import { namespaces } from "../../../domain/projections/namespaces.ts";
import { operations } from "../../../domain/projections/operations.ts";
import { recorded } from "../namespace/recorded.ts";
import { lives, sharedBeginning } from "./pinned-lives.ts";

type Fold = {
  readonly name: string;
  readonly version: number;
  readonly temporal?: boolean;
  readonly streams: readonly string[];
  key(event: RecordedEvent<NamespaceEvent>): string | undefined;
  apply(row: JsonObject | undefined, event: RecordedEvent<NamespaceEvent>): JsonObject | undefined;
};
const folds = [namespaces, operations, audit] as unknown as readonly Fold[];

/**
 * What people and proxies are shown as a life goes on, in pinned/lives.txt: after each event what it changed
 * in each projection. A fold that answers differently needs a new version, and here is where that is noticed.
 */
it("shows lives as they are pinned", async () => {
  const told = Object.entries(lives).map(([title, events]) =>
    [`── ${title}`, ...changes(events, sharedBeginning(title))].join("\n"),
  );
  await expect(`${definitions()}\n\n${told.join("\n\n")}\n`).toMatchFileSnapshot("pinned/lives.txt");
});

const definitions = (): string =>
  folds
    .map(
      ({ name, version, temporal, streams }) =>
        `${name} v${version}${temporal ? ", every past" : ""}, of ${streams.join(", ")}`,
    )
    .join("\n");

/** Of the events that were told with an earlier life only the last is named. */
function* changes(events: readonly NamespaceEvent[], told: number): Generator<string> {
  const rows = new Map<string, JsonObject | undefined>();
  for (const [index, event] of recorded(events).entries()) {
    if (index === told - 1) yield `after ${event.type}, as elsewhere`;
    if (index >= told) yield event.type;
    for (const fold of folds) {
      const key = fold.key(event);
      if (key === undefined) continue;
      const at = `${fold.name} ${key}`;
      const before = rows.get(at);
      const after = fold.apply(before, event);
      if (after === before) continue;
      rows.set(at, after);
      if (index >= told) yield `  ${at}: ${after === undefined ? "gone" : difference(before ?? {}, after)}`;
    }
  }
}

/** The fields that are other than before; of a list of steps only those steps. */
function difference(before: JsonObject, after: JsonObject): string {
  const names = Object.keys({ ...before, ...after }).filter(
    (name) => text(before[name]) !== text(after[name]),
  );
  return names.map((name) => `${name} ${shown(before[name], after[name])}`).join(", ");
}

function shown(before: Json | undefined, after: Json | undefined): string {
  if (!isSteps(after)) return text(after);
  const known = isSteps(before) ? before.map(text) : [];
  const others = after.filter((step) => !known.includes(text(step)));
  return `(${after.length}) ${others.map(line).join("; ")}`;
}

const line = ({ name, state, attempts, last_error, started_at, ended_at }: JsonObject): string =>
  [name, state, attempts, ...(last_error ? [text(last_error)] : []), clock(started_at), clock(ended_at)].join(
    " ",
  );

const isSteps = (value: Json | undefined): value is readonly JsonObject[] =>
  Array.isArray(value) &&
  value.some((item) => typeof item === "object" && item !== null && "attempts" in item);

const clock = (at: Json | undefined): string => (typeof at === "string" ? at.slice(14, 19) : "–");
const text = (value: Json | undefined): string => (value === undefined ? "absent" : canonicalJson(value));
