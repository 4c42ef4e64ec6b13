import { describe, expect, it } from "vitest";
import { failpoint } from "../../activities/failpoint.ts";

const topic = "kafka topic orders-queue";
/** How an attempt ends that gets there; `done`: it goes on. */
const at = (armed: ReturnType<typeof failpoint>, ...point: Parameters<typeof armed>): string => {
  try {
    armed(...point);
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("PRISM_FAILPOINT", () => {
  it("unset or empty ends nothing", () => {
    expect(at(failpoint(undefined), "begin", "before", "orders")).toBe("done");
    expect(at(failpoint(""), "begin", "before", "orders")).toBe("done");
  });

  it("has one attempt fail, or each of them refused, there and nowhere else", () => {
    const armed = failpoint(`archive:after:orders:fails,remove ${topic}:intended:orders:refused`);
    expect(at(armed, "archive", "before", "orders")).toBe("done");
    expect(at(armed, "archive", "after", "payments")).toBe("done");
    expect(at(armed, "archive", "after", "orders")).toBe("BACKEND_UNAVAILABLE");
    expect(at(armed, "archive", "after", "orders")).toBe("done");
    expect(at(armed, `remove ${topic}`, "intended", "orders")).toBe("FORBIDDEN");
    expect(at(armed, `remove ${topic}`, "intended", "orders")).toBe("FORBIDDEN");
  });

  it.each([
    ["arkive:after:orders", "name a step that there is"],
    ["ensure mongodb topic orders:after:orders", "name a step that there is"],
    ["archive:later:orders", "the moments of archive are before, after, recorded"],
    ["begin:after:orders", "the moments of begin are before, recorded"],
    [`ensure ${topic}:afterwards:orders`, "are before, intended, after, recorded"],
    ["sweep:before:orders", "for all namespaces: *"],
    ["begin:before:*", "taken for a namespace"],
    ["archive", "<step>:<moment>:<namespace>"],
    ["archive:after:orders:dies", "<step>:<moment>:<namespace>"],
    ["begin:before:orders,archive:later:orders", "'archive:later:orders'"],
  ])("'%s' would never end anything: it is refused, with what would", (armed, cure) => {
    expect(() => failpoint(armed)).toThrow(expect.objectContaining({ code: "INVALID_CONFIGURATION" }));
    expect(() => failpoint(armed)).toThrow(`PRISM_FAILPOINT has '`);
    expect(() => failpoint(armed)).toThrow(cure);
  });
});
