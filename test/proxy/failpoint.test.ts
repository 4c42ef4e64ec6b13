import { expect, it } from "vitest";
import { failpoint } from "../../proxy/failpoint.ts";

it.each(["", "append:before:orders", "produce:after:orders:15"])("PRISM_FAILPOINT may be '%s'", (armed) => {
  expect(() => failpoint(armed)).not.toThrow();
});

it.each(["apend:before:orders", "append:recorded:orders", "append:before", "relay:after:orders:soon"])(
  "PRISM_FAILPOINT '%s' would never be met: it is refused, with what would",
  (armed) => {
    expect(() => failpoint(armed)).toThrow(expect.objectContaining({ code: "INVALID_CONFIGURATION" }));
    expect(() => failpoint(armed)).toThrow(/PRISM_FAILPOINT.*<before\|after>.*append, relay, commit/);
  },
);
