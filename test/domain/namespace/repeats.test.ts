import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PrismError } from "../../../domain/errors.ts";
import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import { decide } from "../../../domain/namespace/decide.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent, type Namespace } from "../../../domain/namespace/namespace.ts";
import { runs } from "../runs.ts";
import * as a from "./examples.ts";

const commands: readonly NamespaceCommand[] = [
  a.requestIt,
  a.selectIt,
  { type: "AssignShard", operation: a.operation, shard: "shard-1" },
  a.intend(a.topic),
  a.intend(a.table),
  a.confirm(a.topic),
  a.confirm(a.table),
  { type: "ConfigurePatterns", operation: a.operation, patterns: [] },
  { type: "ConfigureAccess", operation: a.operation, access: a.request.access },
  { type: "RegisterProxies", operation: a.operation, directoryVersion: "1", proxies: ["proxy-1"] },
  { type: "ConfirmProbe", operation: a.operation, proxy: "proxy-1", messageId: "m", tookMs: 1 },
  a.activateIt,
  a.failIt,
  { type: "ConfirmRemoval", operation: a.operation, resource: a.topic, removed: true },
];

const anyCommands = fc.array(fc.constantFrom(...commands), { maxLength: 40 });

describe("whatever commands come, in whatever order", () => {
  it("repeating an accepted command is quiet", () => {
    fc.assert(
      fc.property(anyCommands, (sequence) => {
        let namespace = absent;
        for (const command of sequence) {
          const next = accepted(command, namespace);
          if (next === undefined) continue;
          namespace = next;
          expect(decide(command, namespace)).toEqual([]);
        }
      }),
      runs(2_000),
    );
  });

  it("active means: planned, provisioned whole, served and probed", () => {
    fc.assert(
      fc.property(anyCommands, (sequence) => {
        const namespace = sequence.reduce((state, command) => accepted(command, state) ?? state, absent);
        if (namespace.status !== "active") return;
        expect([...namespace.resources.values()].map(({ state }) => state)).not.toContain("intended");
        expect(namespace).toMatchObject({ accessConfigured: true, registered: true, probed: true });
      }),
      runs(2_000),
    );
  });
});

function accepted(command: NamespaceCommand, namespace: Namespace): Namespace | undefined {
  try {
    return decide(command, namespace).reduce(evolve, namespace);
  } catch (error) {
    if (error instanceof PrismError) return undefined;
    throw error;
  }
}
