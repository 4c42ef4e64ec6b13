import { expect } from "vitest";
import { PrismError } from "../../../domain/errors.ts";
import type { NamespaceCommand } from "../../../domain/namespace/commands.ts";
import { decide } from "../../../domain/namespace/decide.ts";
import type { NamespaceEvent } from "../../../domain/namespace/events.ts";
import { evolve } from "../../../domain/namespace/evolve.ts";
import { absent } from "../../../domain/namespace/namespace.ts";

/** given(what happened).when(a command).thenEvents(what follows) */
export const given = (...past: readonly NamespaceEvent[]) => ({
  when: (command: NamespaceCommand) => {
    const decision = () => decide(command, past.reduce(evolve, absent));
    return {
      thenEvents: (...events: readonly NamespaceEvent[]) => expect(decision()).toEqual(events),
      thenTypes: (...types: readonly NamespaceEvent["type"][]) =>
        expect(decision().map(({ type }) => type)).toEqual(types),
      thenNothing: () => expect(decision()).toEqual([]),
      thenRefused: (code: string) => expect(refusal(decision)).toBe(code),
    };
  },
});

function refusal(decision: () => unknown): string {
  try {
    return `accepted: ${JSON.stringify(decision())}`;
  } catch (error) {
    return error instanceof PrismError ? error.code : String(error);
  }
}
