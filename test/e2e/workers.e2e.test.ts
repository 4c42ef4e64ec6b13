import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Control } from "../../sdk/typescript/control.ts";
import { anotherWorker } from "../setup/another-worker.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { member, queueRequest } from "./request.ts";

describe("two workers", () => {
  let prism: TestPrism;
  let control: Control;
  beforeAll(async () => {
    // A machine that is busy must not look like a worker that died.
    prism = await testPrism({ environment: { PRISM_HEARTBEAT_MS: "6000" } });
    control = await prism.control(member);
  });
  afterAll(() => prism?.close());

  /** Begins so many creates, has `meanwhile` happen, and answers the types of each one's events. */
  const creates = async (prefix: string, meanwhile: () => Promise<void>) => {
    const names = [1, 2, 3, 4, 5, 6].map((index) => prism.name(`${prefix}-${index}`));
    await Promise.all(names.map((name) => control.namespaces.create(queueRequest(name))));
    await meanwhile();
    return Promise.all(
      names.map(async (name) => {
        const get = () => control.namespaces.get(name).catch(() => undefined);
        await until(async () => (await get())?.status === "active", 60_000);
        return (await control.namespaces.history(name)).items.map(({ type }) => type);
      }),
    );
  };
  const provisioned = (types: readonly string[]) => types.filter((type) => type === "ResourceProvisioned");

  it("one that is told to stop ends what it is at: no step fails, none is done twice", async () => {
    const worker = await anotherWorker(prism);
    const lives = await creates("stopped", () => worker.stop("SIGTERM"));
    expect(lives.flat()).not.toContain("StepFailed");
    for (const types of lives) expect(provisioned(types)).toHaveLength(4);
  });

  it("one that is killed leaves its work to the other", async () => {
    const worker = await anotherWorker(prism);
    const lives = await creates("killed", () => worker.stop("SIGKILL"));
    for (const types of lives) {
      expect(provisioned(types)).toHaveLength(4);
      expect(types.at(-1)).toBe("NamespaceActivated");
    }
  });
});
