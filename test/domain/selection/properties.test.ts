import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../domain/json.ts";
import { examine } from "../../../domain/request/examine.ts";
import { parseRequest } from "../../../domain/request/parse.ts";
import type { NamespaceRequest } from "../../../domain/request/request.ts";
import type { Inventory } from "../../../domain/selection/inventory.ts";
import { select } from "../../../domain/selection/select.ts";
import { alice } from "../asking.ts";
import { inventories, requests } from "../generated.ts";
import { runs } from "../runs.ts";

const longest = 60_000;

const judged = (document: JsonObject, inventory: Inventory) =>
  examine(document, { caller: alice, teamExists: () => true, inventory });

/** Runs `check` on what a generated request becomes where it is accepted; most are. */
function whereAccepted(
  check: (
    document: JsonObject,
    inventory: Inventory,
    made: Extract<ReturnType<typeof judged>, { accepted: true }>,
  ) => void,
): void {
  let accepted = 0;
  fc.assert(
    fc.property(requests, inventories, (document, inventory) => {
      const made = judged(document, inventory);
      if (!made.accepted) return;
      accepted++;
      check(document, inventory, made);
    }),
    runs(),
  );
  expect(accepted).toBeGreaterThan(runs().numRuns / 2);
}

describe("selection", { timeout: longest }, () => {
  it("is a function of ruleset, needs and inventory: nothing else of a request changes the plan", () => {
    whereAccepted((document, inventory, { selection }) => {
      const turned = Object.fromEntries(Object.entries(document).reverse());
      const other = { ...turned, access: {}, approval: { ticket: "T-1" } };
      expect(judged(other, structuredClone(inventory))).toMatchObject({
        accepted: true,
        selection: { hash: selection.hash },
      });
    });
  });

  it("can be replayed from the facts of its trace", () => {
    whereAccepted((_, __, { selection }) => {
      const { request, inventory } = selection.trace.facts as { request: JsonObject; inventory: Inventory };
      const again = select(request as unknown as NamespaceRequest, inventory, {
        ruleset: selection.plan.ruleset,
      });
      expect(again.hash).toBe(selection.hash);
    });
  });

  it("says in its trace what stands in its plan", () => {
    whereAccepted((_, __, { selection: { plan, trace } }) => {
      const patterns = plan.patterns.map(({ type }) => type);
      const fired = trace.rules.filter(({ fired }) => fired).map(({ rule }) => rule);
      expect(fired.slice(0, patterns.length)).toEqual(patterns);
      const chosen = trace.backends.filter((one) => one.chosen).map(({ backend }) => backend);
      expect(chosen).toEqual([plan.backend.type]);
      expect(trace.backends.every(({ because }) => because.length > 0)).toBe(true);
    });
  });

  it("states flips that, made and nothing else, make the named backend win", () => {
    let flips = 0;
    whereAccepted((document, inventory, { request, selection }) => {
      for (const { need, from, to, backend } of selection.trace.flips) {
        flips++;
        expect(backend).not.toBe(selection.plan.backend.type);
        expect((request.needs as JsonObject)[need] ?? null).toEqual(from);
        const flipped = { ...document, needs: { ...(document.needs as JsonObject), [need]: to } };
        expect(judged(flipped, inventory)).toMatchObject({
          accepted: true,
          selection: { plan: { backend: { type: backend } } },
        });
      }
    });
    expect(flips).toBeGreaterThan(runs().numRuns / 100);
  });

  it("gives every resource a name of its own", () => {
    whereAccepted((_, __, { selection: { plan } }) => {
      const names = plan.resources.map(({ backend, kind, name }) => `${backend} ${kind} ${name}`);
      expect(new Set(names).size).toBe(names.length);
    });
  });
});

describe("normalising", { timeout: longest }, () => {
  it("a second time changes nothing", () => {
    fc.assert(
      fc.property(requests, (document) => {
        const once = parseRequest(document);
        if (!("request" in once)) return;
        expect(parseRequest(once.request)).toEqual(once);
      }),
      runs(),
    );
  });
});
