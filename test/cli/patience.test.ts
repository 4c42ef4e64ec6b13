import { describe, expect, it } from "vitest";
import { namespaceCommands } from "../../cli/namespace.ts";
import { answered } from "./answered.ts";

const namespace = (state: string) => ({
  ...{ namespace: "orders", status: "active", client_api: "queue", endpoints: [], version: 2 },
  operation: { id: "o", kind: "update", state },
});
const operation = (state: string) => ({
  ...{ id: "o", kind: "update", namespace: "orders", state, steps: [], error: null },
  ...(state === "failed" && {
    error: { code: "BACKEND_UNAVAILABLE", message: "Kafka is gone", details: {} },
  }),
  approval: state === "awaiting_approval" && {
    ...{ plan_hash: "abc", fields: [], requested_by: "user:a", expires_at: "later" },
  },
});
const ended = (state: string) =>
  new Response(`id: 1\nevent: end\ndata: ${JSON.stringify({ state, steps: [] })}\n\n`);

/** An update that is accepted, is `first`, and is `then` once its events were read; `waits`: what the API was asked to wait. */
async function updated(first: string, then: string, ...options: readonly string[]) {
  let state = first;
  const waits: (string | null)[] = [];
  const line = ["namespace", "update", "orders", "--needs.write_rps", "10", ...options];
  const outcome = await answered(namespaceCommands, line, (method, path, headers) => {
    if (method === "PATCH") waits.push(headers.get("prefer"));
    if (path === "/operations/o") return operation(state);
    if (!path.endsWith("/events")) return namespace(state);
    state = then;
    return then === first ? new Response("") : ended(then);
  });
  return { ...outcome, waits };
}

describe("--wait", () => {
  it("follows what takes longer than one call waits", async () => {
    const { printed, refusal, waits } = await updated(
      "running",
      "succeeded",
      "--wait",
      "--wait-seconds",
      "600",
    );
    expect({ printed, refusal, waits }).toMatchObject({
      printed: { operation: { state: "succeeded" } },
      refusal: undefined,
      waits: ["wait=60"],
    });
  });

  it("fails where it failed after that", async () =>
    expect((await updated("running", "failed", "--wait")).refusal).toBe("Kafka is gone"));

  it.each([
    ["running", ""],
    ["awaiting_approval", "prism operation approve o --plan-hash abc"],
    ["waiting", "prism operation retry o"],
  ])("fails where it is still %s, after what it is was shown", async (state, next) => {
    const { printed, said, refusal } = await updated(state, state, "--wait", "--wait-seconds", "1");
    expect(printed).toMatchObject({ operation: { state } });
    expect(refusal).toContain(`update of orders is ${state} after 1 s`);
    expect(said).toContain(next);
  });

  it("left out, nobody waits", async () =>
    expect(await updated("running", "running")).toMatchObject({ waits: [null], refusal: undefined }));
});
