import type { Json, JsonObject } from "../../domain/json.ts";
import { type Examination, examine } from "../../domain/request/examine.ts";
import type { Facts } from "../../domain/request/rules.ts";
import type { Violation } from "../../domain/request/violation.ts";
import type { Inventory } from "../../domain/selection/inventory.ts";
import { everything } from "./inventories.ts";

export const alice = { subject: "user:alice", teams: ["payments-team"], platform: false };
export const platform = { subject: "user:root", teams: [], platform: true };

type Circumstances = Partial<Facts> & { inventory?: Inventory; team?: string };

/** What becomes of a request; by default alice's, of the team she names, with everything there and no quota. */
export const asked = (document: Json, circumstances: Circumstances = {}): Examination =>
  examine(document, { caller: alice, teamExists: () => true, inventory: everything, ...circumstances });

export function accepted(document: Json, circumstances: Circumstances = {}) {
  const examined = asked(document, circumstances);
  if (examined.accepted) return examined;
  throw new Error(`refused: ${examined.violations.map(({ message }) => message).join("; ")}`);
}

export function refused(document: Json, circumstances: Circumstances = {}): readonly Violation[] {
  const examined = asked(document, circumstances);
  if (!examined.accepted) return examined.violations;
  throw new Error("the request was accepted");
}

/** A sound request of alice's team, with what a test is about. */
export const request = (client_api: string, needs: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  namespace: "orders",
  team: "payments-team",
  client_api,
  needs,
  access: { owners: [{ team: "payments-team" }], consumers: [] },
  ...more,
});
