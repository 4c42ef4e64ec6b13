import { describe, expect, it } from "vitest";
import { deleteSteps, updateSteps } from "../../domain/namespace/steps.ts";
import { directorySteps, steps as proxySteps } from "../../proxy/failpoint.ts";
import { type DeleteBug, deletion } from "./delete.ts";
import { type Exploration, explore, told } from "./explore.ts";
import { type RevokeBug, revoke } from "./revoke.ts";

const revokeBugs: Readonly<Record<RevokeBug, string>> = {
  "ack before apply": "what a proxy has acknowledged survives its restart",
  "expiry from answering": "no request is accepted once its revoke was reported",
  "skips an absent proxy": "no request is accepted once its revoke was reported",
  "renews what has run out": "no request is accepted once its revoke was reported",
  "looks before it counts": "no request is accepted once its revoke was reported",
  "keeps its copy after a goodbye": "no request is accepted once its revoke was reported",
  "hears a goodbye of long ago": "no request is accepted once its revoke was reported",
  "renews who does not obey": "a revoke is reported within two leases and the stale limit",
};

const deleteBugs: Readonly<Record<DeleteBug, string>> = {
  "epoch not checked": "what is relayed stays relayed",
  "fence after drain": "what was acknowledged reaches the broker, or is counted as given up",
  "cancel after the pivot": "who cancels keeps the namespace",
};

const soundRevoke = explore(revoke());

describe("taking access away, in every order in which it can happen", { timeout: 60_000 }, () => {
  it("leaves nobody who accepts what was reported as revoked, and is reported in time", () => {
    expect(told(soundRevoke)).toMatch(/^\d+ states, every invariant holds/);
  });

  it("was looked at with proxies that are cut off, late, stopped, restarted and back again", () => {
    const hearing = ["snapshot", "change", "put-into-force", "save", "restart"];
    const leaving = ["goodbye", "hear goodbye"];
    const renewing = ["cut off", "hello", "send-status", "count", "not yet", "renew", "take lease", "tick"];
    expect(namesOf(soundRevoke)).toEqual(new Set(["apply", "register", ...hearing, ...renewing, ...leaving]));
  });

  it.each(Object.entries(revokeBugs))("would show a protocol with the fault '%s'", (bug, invariant) => {
    shows(bug, invariant, explore(revoke(bug as RevokeBug)));
  });
});

describe("taking a namespace out of service, in every order in which it can happen", {
  timeout: 60_000,
}, () => {
  const sound = explore(deletion());

  it("loses nothing that was acknowledged, and takes nothing back", () => {
    expect(told(sound)).toMatch(/^\d+ states, every invariant holds/);
  });

  it.each(Object.entries(deleteBugs))("would show a protocol with the fault '%s'", (bug, invariant) => {
    shows(bug, invariant, explore(deletion(bug as DeleteBug)));
  });

  it("calls its steps as failpoints call them", () => {
    const known = new Set<string>([
      ...proxySteps,
      ...directorySteps,
      ...updateSteps(false),
      ...deleteSteps([]),
    ]);
    const named = [...namesOf(soundRevoke), ...namesOf(sound)].filter((name) => known.has(name));
    expect(new Set(named)).toEqual(
      new Set([...directorySteps, "apply", "register", "begin", "stop-traffic", "drain", "append", "relay"]),
    );
  });
});

/** The fault is found, and told as a way to it of which there is none that is shorter. */
function shows(bug: string, invariant: string, found: Exploration): void {
  console.info(`${bug}\n${told(found)}`);
  expect(found.broken?.invariant).toBe(invariant);
  expect(found.broken?.actions.length).toBeGreaterThan(2);
}

/** Without the proxy that takes the step. */
const namesOf = ({ actions }: Exploration): ReadonlySet<string> =>
  new Set([...actions].map((action) => action.replace(/ [ab]$/, "")));
