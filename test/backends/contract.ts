import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, Call } from "../../backends/backend.ts";
import type { Resource } from "../../domain/plan.ts";

export type Subject = {
  readonly backend: Backend;
  /** A fresh resource of the kind under test: a name that nobody has used. */
  readonly resource: (more?: Record<string, unknown>) => Resource;
  /** Changes the real thing behind Prism's back, so that it differs from the plan. */
  readonly meddle: (resource: Resource) => Promise<void>;
  /** Makes a thing of that name that is not Prism's. */
  readonly plant: (resource: Resource) => Promise<void>;
  /** Whether the real thing is there, asked with the backend's own client. */
  readonly exists: (resource: Resource) => Promise<boolean>;
  /** What `plant` made, removed. */
  readonly uproot: (resource: Resource) => Promise<void>;
  readonly close: () => Promise<void>;
};

const never = new AbortController().signal;
const owner = { namespace: "orders", incarnation: 2 };
const intended: Call = { owner, claim: { intended: true }, signal: never };
const recorded = (identity: string): Call => ({ owner, claim: { intended: false, identity }, signal: never });
const unclaimed: Call = { owner, claim: { intended: false }, signal: never };

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

    it("shows drift field by field, and mends it", async () => {
      const resource = subject.resource();
      const { identity } = await subject.backend.ensure(resource, intended);
      await subject.meddle(resource);
      // A broker may show what was changed a moment later.
      const seen = () => subject.backend.observe(resource, recorded(identity));
      await expect
        .poll(seen)
        .toMatchObject({ state: "drifted", identity, drift: [{ field: expect.any(String) }] });
      expect(await subject.backend.ensure(resource, recorded(identity))).toEqual({ identity });
      await expect
        .poll(() => subject.backend.observe(resource, recorded(identity)))
        .toEqual({ state: "ready", identity });
      await subject.backend.remove(resource, recorded(identity));
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
