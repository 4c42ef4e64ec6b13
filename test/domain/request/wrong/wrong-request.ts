import type { Json, JsonObject } from "../../../../domain/json.ts";
import { type asked, request } from "../../asking.ts";

/** A request that must be refused: `all` its violations in order, as `code field`, and the `cure` of the first. */
export type WrongRequest = {
  readonly wrong: string;
  readonly asks: Json;
  readonly given?: Parameters<typeof asked>[1];
  readonly all: readonly string[];
  readonly cure: string;
};

export const invalid = (...fields: string[]): string[] =>
  fields.map((field) => `INVALID_CONFIGURATION ${field}`);
export const queue = (needs: JsonObject, more: JsonObject = {}): JsonObject => request("queue", needs, more);
export const root = { caller: { subject: "user:root", teams: [], platform: true } };
