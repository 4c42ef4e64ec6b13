import { describe, expect, it } from "vitest";
import { prism } from "../../sdk/typescript/prism.ts";

const namespace = "orders";
const token = "t";

describe("prism()", () => {
  it.each([
    ["neither discovery nor endpoints", { namespace, token }, "INVALID_CONFIGURATION"],
    ["no endpoint at all", { namespace, token, endpoints: [] }, "INVALID_CONFIGURATION"],
    [
      "another way to find proxies",
      { namespace, token, discovery: "consul://prism" },
      "INVALID_CONFIGURATION",
    ],
    ["DNS without a name", { namespace, token, discovery: "dns://" }, "INVALID_CONFIGURATION"],
  ])("refuses %s", (_, options, code) => {
    expect(() => prism(options)).toThrow(expect.objectContaining({ name: "PrismError", code }));
  });

  it("speaks to the control plane only where it was told of one", () => {
    const client = prism({ namespace, token, endpoints: ["127.0.0.1:1"] });
    expect(() => client.control).toThrow(expect.objectContaining({ code: "INVALID_CONFIGURATION" }));
    client.close();
    expect(prism({ namespace, token, discovery: "api://127.0.0.1:1" }).control.namespaces).toBeDefined();
  });

  it("refuses to publish what is neither bytes nor JSON", async () => {
    const client = prism({ namespace, token, endpoints: ["127.0.0.1:1"] });
    await expect(client.queue.publish("t", undefined)).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
      details: { field: "value" },
    });
    client.close();
  });
});
