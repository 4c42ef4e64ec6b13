import { describe, expect, it } from "vitest";
import { progress } from "../../stack/progress.ts";

function shown(isTTY: boolean, report: (lines: ReturnType<typeof progress>) => void): string {
  let written = "";
  const write = (text: string | Uint8Array) => {
    written += text;
    return true;
  };
  const lines = progress({ isTTY, columns: 80, write });
  report(lines);
  lines.close();
  return written;
}

const rise = (lines: ReturnType<typeof progress>) => {
  lines.doing("nats", "building nats-server");
  lines.doing("kafka", "starting");
  lines.done("nats", "ready at nats://127.0.0.1:4222");
  lines.failed("kafka", "did not come up");
};

describe("progress", () => {
  it("is a plain line for every change where no terminal is", () => {
    const lines = shown(false, rise).trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/ +\d+\.\d s {2}/, ": "))).toEqual([
      "· nats: building nats-server",
      "· kafka: starting",
      "✓ nats: ready at nats://127.0.0.1:4222",
      "✗ kafka: did not come up",
    ]);
  });

  it("is one line a server on a terminal, painted over as it changes", () => {
    const frames = shown(true, rise).split("\x1b[2A");
    const last = frames.at(-1) ?? "";
    expect(last.match(/\n/g)).toHaveLength(2);
    expect(last).toContain("✓ nats");
    expect(last).toContain("✗ kafka");
    expect(last).not.toContain("building");
  });

  it("keeps to one row what is longer, or the next frame would miss it", () => {
    const frame = shown(true, (lines) => lines.failed("kafka", `why ${"x".repeat(90)}\nand how`));
    expect(frame.replaceAll("\x1b[2K", "").length).toBe(80);
    expect(frame.match(/\n/g)).toHaveLength(1);
  });

  it("paints over nothing once it is closed", () => {
    const text = shown(true, (lines) => {
      lines.doing("redis", "starting");
      lines.close();
      lines.done("redis", "ready");
    });
    expect(text).not.toContain("\x1b[1A");
    expect(text.trimEnd().split("\n").at(-1)).toMatch(/^✓ redis .*ready$/);
  });
});
