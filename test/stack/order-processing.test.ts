import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { credentials } from "../../stack/credentials.ts";
import { orderProcessing } from "../../stack/order-processing.ts";

const folder = mkdtempSync(join(tmpdir(), "prism-example-"));
afterEach(() => {
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true, force: true });
});

const refusal = (status: number, code: string, message: string) =>
  Response.json({ error: { code, message, details: {} } }, { status });

describe("the example", () => {
  it("that is refused is told so and ends nobody's Prism", async () => {
    const issuer = credentials({ folder } as never, {});
    vi.stubGlobal("fetch", async (url: string, { method }: RequestInit) => {
      if (url.includes("/teams/")) return Response.json({ quota: { write_rps: 10, data_size: "1GB" } });
      if (method === "GET") return refusal(404, "NOT_FOUND", "there is none");
      return refusal(403, "QUOTA_EXCEEDED", "nothing is left");
    });
    const said: string[] = [];
    const held = await orderProcessing({
      prism: {
        environment: { ...issuer, PRISM_API_URL: "http://prism" },
        processes: { addresses: { proxy: "127.0.0.1:1" } },
      } as never,
      say: (line) => said.push(line),
      signal: new AbortController().signal,
    });
    expect(held).toBe(false);
    expect(said).toContain("  ✗ the example ends here: QUOTA_EXCEEDED: nothing is left");
    expect(said.join("\n")).toContain("http://prism/docs");
  });
});
