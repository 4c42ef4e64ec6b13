import { expect } from "vitest";
import type { Backend, Owner } from "../../backends/backend.ts";
import { loginKind } from "../../domain/reconcile/thing.ts";

const signal = new AbortController().signal;
const patient = { timeout: 30_000 };

type Lonely = {
  readonly backend: Backend;
  /** The same backend, for a platform with another secret. */
  readonly other: Backend;
  readonly owner: Owner;
  readonly name: string;
};

/** The login of a life whose things are gone: listed as its own, and removed by whoever has the secret that made it. */
export async function goesAlone({ backend, other, owner, name }: Lonely): Promise<void> {
  const listed = async () =>
    (await backend.list(signal)).filter((thing) => thing.kind === loginKind && thing.name === name);
  await expect.poll(listed, patient).toMatchObject([{ backend: backend.kind, owner }]);
  const [{ identity } = { identity: "" }] = await listed();
  const login = { backend: backend.kind, kind: loginKind, name, config: {} };
  const call = { owner, claim: { intended: false, identity }, signal };
  expect(await other.remove(login, call)).toEqual({ removed: false });
  const next = { ...owner, incarnation: owner.incarnation + 1 };
  expect(await backend.remove(login, { ...call, owner: next })).toEqual({ removed: false });
  expect(await listed()).toHaveLength(1);
  expect(await backend.remove(login, call)).toEqual({ removed: true });
  await expect.poll(listed, patient).toEqual([]);
}
