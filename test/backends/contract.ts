import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, Call } from "../../backends/backend.ts";
import type { Resource } from "../../domain/plan.ts";
import { awake } from "./awake.ts";
import { removedDespite } from "./removed-despite.ts";
import { silentServer } from "./silent-server.ts";

export type Subject = {
  readonly backend: Backend;
  /** A fresh resource of the kind under test: a name that nobody has used. */
  readonly resource: (more?: Record<string, unknown>) => Resource;
  /** Changes the real thing behind Prism's back, in several ways, and answers the fields that now differ. */
  readonly meddle: (resource: Resource) => Promise<readonly string[]>;
  /** Makes a thing of that name that is not Prism's. */
  readonly plant: (resource: Resource) => Promise<void>;
  /** Whether the real thing is there, asked with the backend's own client. */
  readonly exists: (resource: Resource) => Promise<boolean>;
  /** Puts this much into it, as a client of the namespace would; left out where it is a setting. */
  readonly write?: (resource: Resource, content: Buffer) => Promise<void>;
  /** What `plant` made, removed. */
  readonly uproot: (resource: Resource) => Promise<void>;
  /** The same backend with another patience; `port`: on this machine, where something else listens. */
  readonly open: (deadlineMs: number, port?: number) => Backend;
  /** It is a setting, with no identity beyond its name and nothing in it. */
  readonly bare?: true;
  readonly close: () => Promise<void>;
};

const deadlineMs = 700;
/** Bytes: few enough for one message, many enough to be told from what an empty thing takes. */
const written = 300_000;
const never = new AbortController().signal;
const life = (incarnation: number, claim: Call["claim"]): Call => ({
  owner: { namespace: "orders", incarnation },
  claim,
  signal: never,
});
const intended = life(2, { intended: true });
const recorded = (identity: string): Call => life(2, { intended: false, identity });
const unclaimed = life(2, { intended: false });

/** What every backend owes its callers, for one kind of resource. */
export function backendContract(kind: string, open: () => Promise<Subject>): void {
  describe(kind, () => {
    let subject: Subject;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject?.close());

    it("answers when it is asked how it is", () =>
      expect(subject.backend.health(never)).resolves.toBeUndefined());

    it("says of itself what can be known", async () => {
      const usage = await subject.backend.usage?.(never);
      expect(Object.values(usage?.used ?? {}).every((figure) => figure >= 0)).toBe(true);
      expect(usage?.version ?? "0.1").toMatch(/^\d+\.\d+/);
    });

    it("is absent before it is made, ready after, absent once removed", async () => {
      const { backend } = subject;
      const resource = subject.resource();
      expect(await backend.observe(resource, intended)).toEqual({ state: "absent" });
      const { identity } = await backend.ensure(resource, intended);
      await expect.poll(() => subject.exists(resource)).toBe(true);
      await expect
        .poll(() => backend.observe(resource, recorded(identity)))
        .toEqual({ state: "ready", identity });
      expect(await backend.remove(resource, recorded(identity))).toEqual({ removed: true });
      await expect.poll(() => subject.exists(resource)).toBe(false);
      await expect.poll(() => backend.observe(resource, unclaimed)).toEqual({ state: "absent" });
    });

    it("may be ensured again and again, and stays the same thing", async () => {
      const resource = subject.resource();
      const first = await subject.backend.ensure(resource, intended);
      expect(await subject.backend.ensure(resource, intended)).toEqual(first);
      expect(await subject.backend.ensure(resource, recorded(first.identity))).toEqual(first);
      await subject.backend.remove(resource, recorded(first.identity));
    });

    it("is made once by attempts that race", async () => {
      const resource = subject.resource();
      const attempts = await Promise.all([1, 2, 3].map(() => subject.backend.ensure(resource, intended)));
      expect(new Set(attempts.map(({ identity }) => identity)).size).toBe(1);
      await subject.backend.remove(resource, intended);
      await expect.poll(() => subject.exists(resource)).toBe(false);
    });

    it("may be removed when it is not there, and again", async () => {
      const resource = subject.resource();
      expect(await subject.backend.remove(resource, intended)).toEqual({ removed: true });
      expect(await subject.backend.remove(resource, unclaimed)).toEqual({ removed: true });
    });

    it("shows drift field by field, all of it, and mends it", async () => {
      const resource = subject.resource();
      const { identity } = await subject.backend.ensure(resource, intended);
      const changed = await subject.meddle(resource);
      expect(changed.length).toBeGreaterThan(1);
      const fields = async () => {
        const seen = await subject.backend.observe(resource, recorded(identity));
        return seen.state === "drifted" ? seen.drift.map(({ field }) => field).sort() : seen;
      };
      // A broker may show what was changed a moment later.
      await expect.poll(fields).toEqual([...changed].sort());
      expect(await subject.backend.ensure(resource, recorded(identity))).toMatchObject({ identity });
      await expect
        .poll(() => subject.backend.observe(resource, recorded(identity)))
        .toEqual({ state: "ready", identity });
      await subject.backend.remove(resource, recorded(identity));
    });

    it("lists what stands in it: by the plan's names, with its owner where it has a place for one", async () => {
      const { backend } = subject;
      const [resource, theirs] = [subject.resource(), subject.resource()];
      const { identity } = await backend.ensure(resource, intended);
      await subject.plant(theirs);
      const { kind, name } = resource;
      const patient = { timeout: 60_000 };
      const named = (what: Resource) => async () => {
        const listed = await backend.list(never);
        return listed.filter(
          (one) =>
            one.name === what.name ||
            what.name.startsWith(`${one.name}/`) ||
            one.name.startsWith(`${what.name}-`),
        );
      };
      // Kafka has no place for an owner.
      const whose = backend.kind === "kafka" ? undefined : intended.owner;
      await expect
        .poll(named(resource), patient)
        .toEqual([{ backend: backend.kind, kind, name, identity, owner: whose }]);
      await expect.poll(named(theirs), patient).toMatchObject([{ backend: backend.kind, owner: undefined }]);
      await backend.remove(resource, recorded(identity));
      await subject.uproot(theirs);
      await expect.poll(named(resource), patient).toEqual([]);
    });

    it("measures what it keeps: about what was written, and nothing of a neighbour", async () => {
      const { backend, write } = subject;
      const [resource, neighbour] = [subject.resource(), subject.resource()];
      const bytes = async (one: Resource) => (await backend.measure?.(one, intended))?.bytes ?? -1;
      expect(await bytes(resource)).toBe(0);
      const { identity } = await backend.ensure(resource, intended);
      const beside = await backend.ensure(neighbour, intended);
      const empty = await bytes(resource);
      // An empty table has pages.
      expect(empty).toBeLessThan(100_000);
      await write?.(neighbour, randomBytes(3 * written));
      expect(await bytes(resource)).toBe(empty);
      await write?.(resource, randomBytes(written));
      const least = empty + (write === undefined ? 0 : 0.95 * written);
      await expect.poll(() => bytes(resource)).toBeGreaterThanOrEqual(least);
      expect(await bytes(resource)).toBeLessThan(least + 0.5 * written);
      await backend.remove(resource, recorded(identity));
      await backend.remove(neighbour, recorded(beside.identity));
      await expect.poll(() => bytes(resource)).toBe(0);
    });

    it("leaves what is somebody else's alone", async () => {
      const resource = subject.resource();
      await subject.plant(resource);
      await expect
        .poll(() => subject.backend.observe(resource, unclaimed))
        .toMatchObject({ state: "foreign" });
      expect(await subject.backend.remove(resource, unclaimed)).toEqual({ removed: false });
      expect(await subject.exists(resource)).toBe(true);
      await subject.uproot(resource);
    });

    it("knows what a finished life of the name left behind, and begins without it", async () => {
      const { backend, bare } = subject;
      const resource = subject.resource();
      const left = await backend.ensure(resource, life(1, { intended: true }));
      const dead = [left.identity];
      const found = () => backend.observe(resource, life(2, { intended: false, dead }));
      await expect.poll(found).toMatchObject({ state: "dead", identity: left.identity });
      const made = await backend.ensure(resource, life(2, { intended: true, dead }));
      if (bare !== true) expect(made.identity).not.toBe(left.identity);
      const claim = { intended: false, identity: made.identity, dead };
      await expect.poll(() => backend.observe(resource, life(2, claim))).toMatchObject({ state: "ready" });
      expect(await backend.remove(resource, life(2, claim))).toEqual({ removed: true });
      await expect.poll(() => subject.exists(resource)).toBe(false);
    });

    it("removes what a finished life left behind", async () => {
      const { backend } = subject;
      const resource = subject.resource();
      const { identity } = await backend.ensure(resource, life(1, { intended: true }));
      const seenDead = life(2, { intended: false, dead: [identity] });
      await expect.poll(() => backend.observe(resource, seenDead)).toMatchObject({ state: "dead" });
      expect(await backend.remove(resource, seenDead)).toEqual({ removed: true });
      await expect.poll(() => subject.exists(resource)).toBe(false);
    });

    it("keeps an attempt of a finished life off what the next one has", async () => {
      const { backend, bare } = subject;
      if (bare === true) return;
      const resource = subject.resource();
      const first = await backend.ensure(resource, life(1, { intended: true }));
      await backend.remove(resource, life(1, { intended: false, identity: first.identity }));
      const second = await backend.ensure(resource, life(2, { intended: true }));
      const late = life(1, { intended: false, identity: first.identity });
      await expect.poll(() => backend.observe(resource, late)).toMatchObject({ state: "foreign" });
      await expect(backend.ensure(resource, late)).rejects.toMatchObject({ code: "INVALID_CONFIGURATION" });
      expect(await backend.remove(resource, late)).toEqual({ removed: false });
      expect(await subject.exists(resource)).toBe(true);
      await backend.remove(resource, life(2, { intended: false, identity: second.identity }));
    });

    it("is gone for good also where an attempt that hung makes it once more", async () => {
      const { backend } = subject;
      const resource = subject.resource();
      await backend.ensure(resource, intended);
      const makes = async () => {
        await expect.poll(() => subject.exists(resource)).toBe(false);
        await backend.ensure(resource, intended);
      };
      expect(await removedDespite(makes, backend, resource, intended)).toEqual({ removed: true });
      await expect.poll(() => subject.exists(resource)).toBe(false);
    });

    it("gives its owner a login, or says why there is none", async () => {
      const resource = subject.resource();
      const { identity, login } = await subject.backend.ensure(resource, intended);
      if (login !== undefined) {
        const said = "user" in login ? login.user : login.none;
        expect(said).toMatch("user" in login ? /orders/ : /.{20}/);
      }
      await subject.backend.remove(resource, recorded(identity));
    });

    it("lists all or nothing, and measures nothing that it was not told", async () => {
      const silence = await silentServer();
      const backend = subject.open(deadlineMs, silence.port);
      // A setting keeps nothing, whoever is asked.
      const measured = subject.bare === true ? [] : [backend.measure?.(subject.resource(), intended)];
      const refused = [backend.list(never), ...measured].map((asked) =>
        expect(asked).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" }),
      );
      await Promise.all(refused);
      await silence.close();
      await backend.close().catch(() => {});
    });

    it.each(["observe", "ensure", "remove"] as const)("does not wait for ever: %s", async (verb) => {
      const silence = await silentServer();
      const backend = subject.open(deadlineMs, silence.port);
      const resource = subject.resource();
      const waited = awake();
      await expect(backend[verb](resource, intended)).rejects.toMatchObject({
        code: "BACKEND_UNAVAILABLE",
      });
      await expect(backend.health(never)).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
      expect(waited.ms()).toBeLessThan(4 * deadlineMs);
      waited.stop();
      await silence.close();
      await backend.close().catch(() => {});
    });

    it("ends when its caller does, with the caller's reason", async () => {
      const silence = await silentServer();
      const backend = subject.open(30_000, silence.port);
      const caller = new AbortController();
      const call = { ...intended, signal: caller.signal };
      const ensuring = backend.ensure(subject.resource(), call);
      const cancelled = new Error("cancelled");
      setTimeout(() => caller.abort(cancelled), 100);
      await expect(ensuring).rejects.toBe(cancelled);
      await silence.close();
      await backend.close().catch(() => {});
    });

    it("is worth waiting for where nobody listens", async () => {
      const { port, close } = await silentServer();
      await close();
      const backend = subject.open(5_000, port);
      await expect(backend.ensure(subject.resource(), intended)).rejects.toMatchObject({
        code: "BACKEND_UNAVAILABLE",
      });
      await backend.close().catch(() => {});
    });

    it("refuses a kind it does not make", async () => {
      const strange = { ...subject.resource(), kind: "teapot" };
      await expect(subject.backend.ensure(strange, intended)).rejects.toMatchObject({
        code: "UNIMPLEMENTED",
      });
    });
  });
}

let count = 0;
/** A name for one test on servers that others use too. */
export const freshName = (prefix: string): string =>
  `${prefix}${process.pid}x${Date.now().toString(36)}x${++count}`;
