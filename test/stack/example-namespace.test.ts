import { describe, expect, it } from "vitest";
import { PrismError } from "../../sdk/typescript/errors.ts";
import { exampleNamespace } from "../../stack/example-namespace.ts";

type State = { readonly status: string; readonly operation?: string } | "absent";

/** Asks for the example where `name` is in these states, one look after the other; what was done, in order. */
async function asking(...states: readonly State[]) {
  const did: string[] = [];
  let looks = 0;
  const now = () => states[Math.min(looks, states.length - 1)] ?? "absent";
  const shown = (state: State) => {
    if (state === "absent") throw new PrismError("NOT_FOUND", "there is none");
    const { status, operation = "succeeded" } = state;
    return { namespace: "orders", status, operation: { id: "o", kind: "create", state: operation } };
  };
  const control = {
    namespaces: {
      get: async () => {
        const state = now();
        looks += 1;
        return shown(state);
      },
      create: async () => {
        did.push("created");
        return shown(now());
      },
    },
    operations: {
      get: async () => ({ id: "o", state: "succeeded" }),
      async *watch() {
        did.push("followed");
        yield* [];
      },
    },
  };
  const say = (line: string) => did.push(line.trim());
  const signal = new AbortController().signal;
  const found = await exampleNamespace(control as never, { namespace: "orders", request: "", say, signal });
  return { status: found.status, did };
}

const goesOn = "it is here from an earlier run, and goes on";
const active = { status: "active" } as const;

describe("the example's namespace", () => {
  it("is asked for where there is none", async () =>
    expect(await asking("absent", active)).toEqual({ status: "active", did: ["created"] }));

  it.each(["deleted", "failed"])("is asked for where the one before is %s", async (status) =>
    expect(await asking({ status }, active)).toEqual({ status: "active", did: ["created"] }),
  );

  it("goes on as it is", async () =>
    expect(await asking(active)).toEqual({ status: "active", did: [goesOn] }));

  it("is waited for where an earlier run was stopped while it was made", async () => {
    const begun = { status: "provisioning", operation: "running" };
    expect(await asking(begun, active)).toEqual({ status: "active", did: ["followed", goesOn] });
  });

  it("is asked for anew where what was followed was its end", async () => {
    const leaving = { status: "deleting", operation: "running" };
    const gone = { status: "deleted" };
    expect(await asking(leaving, gone, active)).toMatchObject({ did: ["followed", "created"] });
  });

  it("is followed where making it takes longer than one call waits", async () => {
    const slow = { status: "provisioning", operation: "running" };
    expect(await asking("absent", slow, active)).toEqual({
      status: "active",
      did: ["created", "followed"],
    });
  });

  it("waits for nobody's word", async () => {
    const parked = { status: "active", operation: "awaiting_approval" };
    expect(await asking(parked)).toEqual({ status: "active", did: [goesOn] });
  });
});
