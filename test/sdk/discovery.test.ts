import { afterEach, describe, expect, it, vi } from "vitest";
import { apiOf, discovery } from "../../sdk/typescript/discovery.ts";

afterEach(() => vi.unstubAllGlobals());

describe("discovery by the control plane", () => {
  it.each([
    ["api://prism:8900", "http://prism:8900"],
    ["api://prism:8900/", "http://prism:8900"],
    ["http://prism:8900/", "http://prism:8900"],
    ["https://prism.example.com", "https://prism.example.com"],
    ["https://example.com/prism/", "https://example.com/prism"],
  ])("of %s asks %s", async (address, api) => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: string) => {
      asked.push(url);
      return Response.json({ endpoints: [] });
    });
    await discovery(address, "orders")("token");
    expect([apiOf(address), ...asked]).toEqual([api, `${api}/api/v1/namespaces/orders/endpoints`]);
  });

  it.each(['{"error":"Service Unavailable","statusCode":503}', "<html>upstream</html>"])(
    "is to be repeated where what answers is no control plane: %s",
    async (body) => {
      vi.stubGlobal("fetch", async () => new Response(body, { status: 503 }));
      const asked = discovery("api://prism:8900", "orders")("token");
      await expect(asked).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    },
  );
});
