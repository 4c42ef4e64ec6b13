import { afterEach, describe, expect, it, vi } from "vitest";
import { resumed } from "../../sdk/typescript/event-feed.ts";

afterEach(() => vi.unstubAllGlobals());

const event = (id: string) => `id: ${id}\nevent: NamespaceActivated\ndata: {"position":"${id}"}\n\n`;
const unavailable = (body: string) => new Response(body, { status: 503 });

/** What one feed sent and yielded while its connections were answered so, one after the other. */
async function feed(...answers: readonly Response[]) {
  const left = [...answers];
  const ended = new AbortController();
  const asked: (string | null)[] = [];
  vi.stubGlobal("fetch", async (_: string, { headers }: RequestInit) => {
    asked.push(new Headers(headers).get("last-event-id"));
    const next = left.shift();
    if (left.length === 0) ended.abort();
    return next;
  });
  const data: unknown[] = [];
  const options = { token: "t", signal: ended.signal };
  for await (const one of resumed("http://api/events", options, 1)) data.push(one.data);
  return { asked, data };
}

describe("a feed", () => {
  it("goes on where it began, although nothing has come yet", async () => {
    const { asked, data } = await feed(
      new Response(": connected\n\nid: 7\n\n"),
      new Response(event("8")),
      new Response(""),
    );
    expect({ asked, data }).toEqual({ asked: [null, "7", "8"], data: [{ position: "8" }] });
  });

  it("does not forget its place over a message that has none", async () => {
    const { asked } = await feed(new Response(`${event("8")}data: {}\n\n`), new Response(""));
    expect(asked).toEqual([null, "8"]);
  });

  it.each([
    ["in Prism's words", '{"error":{"code":"BACKEND_UNAVAILABLE","message":"later","details":{}}}'],
    ["too many at once", '{"error":{"code":"RATE_LIMITED","message":"later","details":{}}}'],
    ["by a server that is closing", '{"error":"Service Unavailable","message":"x","statusCode":503}'],
    ["by an ingress", "<html>upstream</html>"],
  ])("outlives a refusal that passes: %s", async (_, body) => {
    const { asked } = await feed(new Response(event("8")), unavailable(body), new Response(""));
    expect(asked).toEqual([null, "8", "8"]);
  });

  it("ends with a refusal that does not pass", async () => {
    const body = '{"error":{"code":"NOT_FOUND","message":"no such team","details":{}}}';
    const answers = [new Response(body, { status: 404 }), new Response("")];
    await expect(feed(...answers)).rejects.toMatchObject({ code: "NOT_FOUND", message: "no such team" });
    const unknown = [new Response("{}", { status: 404 }), new Response("")];
    await expect(feed(...unknown)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("in no form we know"),
    });
  });
});
