import type { Admin } from "@platformatic/kafka";
import { describe, expect, it } from "vitest";
import { groupMemory } from "../../backends/kafka-group-memory.ts";

/** Brokers that keep groups without members for so many minutes. */
const cluster = (minutes: Record<string, string>) =>
  ({
    metadata: async () => ({ brokers: new Map(Object.keys(minutes).map((id) => [Number(id), {}])) }),
    describeConfigs: async ({ resources }: { resources: { resourceName: string }[] }) =>
      resources.map(({ resourceName }) => ({
        resourceName,
        configs: [
          { name: "log.retention.hours", value: "168" },
          { name: "offsets.retention.minutes", value: minutes[resourceName] },
        ],
      })),
  }) as unknown as Admin;

describe("how long Kafka remembers a group that has no members", () => {
  it("is said where that is less than what a namespace may keep", async () => {
    expect(await groupMemory(cluster({ 1: "2147483647", 2: "10080" }))).toMatch(
      /10080 .*offsets\.retention\.minutes=2147483647/,
    );
  });

  it("is no matter where it outlasts what is kept, or where nobody may ask", async () => {
    expect(await groupMemory(cluster({ 1: "2147483647" }))).toBeUndefined();
    const closed = {
      ...cluster({ 1: "10080" }),
      describeConfigs: () => Promise.reject(new Error("refused")),
    };
    expect(await groupMemory(closed as unknown as Admin)).toBeUndefined();
  });
});
