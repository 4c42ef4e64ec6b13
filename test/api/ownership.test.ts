import { describe, expect, it } from "vitest";
import { ownedLives } from "../../api/ownership.ts";
import type { NamespaceEvent } from "../../domain/namespace/events.ts";
import type { Caller } from "../../runtime/auth.ts";
import { failed, request, requested } from "../domain/namespace/examples.ts";
import { active, updateRequested } from "../domain/namespace/lives.ts";
import { recorded } from "../domain/namespace/recorded.ts";

const member = (team: string, more: Partial<Caller> = {}): Caller => ({
  subject: "user:bob",
  teams: [team],
  platform: false,
  audit: false,
  expiresAt: new Date(),
  ...more,
});

/** Which events a caller sees, by their place. */
const seen = (caller: Caller, events: readonly NamespaceEvent[]): number[] => {
  const theirs = ownedLives(caller);
  return recorded(events).flatMap((event, index) => (theirs(event) ? [index] : []));
};
const ofTeam = (team: string): NamespaceEvent => ({
  type: "NamespaceRequested",
  data: {
    ...(requested as { data: object }).data,
    request: { ...request, team, access: { owners: [], consumers: [] } },
  } as never,
});

describe("the history of a name", () => {
  const lives = [requested, failed(), ofTeam("other-team"), failed()];
  it("shows each team its own lives", () => {
    expect(seen(member("payments-team"), lives)).toEqual([0, 1]);
    expect(seen(member("audit-team"), lives)).toEqual([0, 1]);
    expect(seen(member("other-team"), lives)).toEqual([2, 3]);
    expect(seen(member("stranger-team"), lives)).toEqual([]);
  });
  it("shows platform and audit all of them", () => {
    expect(seen(member("", { platform: true }), lives)).toEqual([0, 1, 2, 3]);
    expect(seen(member("", { audit: true }), lives)).toEqual([0, 1, 2, 3]);
  });
  it("changes hands when an update that says so is in force, and not before", () => {
    const owners = { ...request, access: { ...request.access, owners: [{ team: "new-team" }] } };
    const applied: NamespaceEvent = { type: "UpdateApplied", data: { version: 2 } };
    const life = [...active, updateRequested(owners, "access.owners"), applied];
    const last = life.length - 1;
    expect(seen(member("new-team"), life)).toEqual([last]);
    expect(seen(member("audit-team"), life)).not.toContain(last);
    expect(seen(member("payments-team"), life)).toContain(last);
  });
});
