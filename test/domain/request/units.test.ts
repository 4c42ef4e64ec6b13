import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { days, parseDuration, printDuration } from "../../../domain/request/duration.ts";
import { parseRate } from "../../../domain/request/rate.ts";
import { parseSize, printSize } from "../../../domain/request/size.ts";
import { runs } from "../runs.ts";

describe("sizes", () => {
  it.each([
    ["1MB", 1_000_000],
    ["1 mb", 1_000_000],
    ["1MiB", 1_048_576],
    ["100GB", 100_000_000_000],
    ["1.5KB", 1500],
    ["0.1MB", 100_000],
    ["2TB", 2_000_000_000_000],
    ["1TiB", 1_099_511_627_776],
    ["512KiB", 524_288],
    ["7B", 7],
  ])("%s is %i bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(["", "1", "MB", "1 M", "1kb/s", "-1MB", "1e3MB", "1,5MB", "0.3B", "99999999TB", "1".repeat(99)])(
    "%s is none",
    (text) => expect(parseSize(text)).toBeUndefined(),
  );

  it.each([
    [1_000_000, "1MB"],
    [1500, "1500B"],
    [1_073_741_824, "1GiB"],
    [1_024_000, "1024KB"],
    [5 * 2 ** 30, "5GiB"],
    [1, "1B"],
  ])("%i bytes are written %s", (bytes, text) => expect(printSize(bytes)).toBe(text));

  it("are read, written and read again without a change, in every unit", () => {
    const unit = fc.constantFrom("B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "kb", "mIb");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8000 }), unit, (count, unit) => {
        const bytes = parseSize(`${count} ${unit}`) ?? Number.NaN;
        expect(bytes).toBeGreaterThan(0);
        expect(parseSize(printSize(bytes))).toBe(bytes);
      }),
      runs(),
    );
  });
});

describe("durations", () => {
  it.each([
    ["15min", 900_000],
    ["30days", 2_592_000_000],
    ["30 Days", 2_592_000_000],
    ["12h", 43_200_000],
    ["1.5h", 5_400_000],
    ["1 week", 604_800_000],
    ["45 sec", 45_000],
    ["100ms", 100],
    ["Forever", Number.POSITIVE_INFINITY],
  ])("%s is %d milliseconds", (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  it.each(["", "15", "min", "2 months", "1y", "-1h", "1h30min", "ever"])("%s is none", (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );

  it.each([
    [604_800_000, "7days"],
    [86_400_000, "1day"],
    [129_600_000, "36h"],
    [5_400_000, "90min"],
    [100, "100ms"],
    [Number.POSITIVE_INFINITY, "forever"],
  ])("%d milliseconds are written %s", (milliseconds, text) =>
    expect(printDuration(milliseconds)).toBe(text),
  );

  it("are read, written and read again without a change, in every unit", () => {
    const units = [
      "ms",
      "s",
      "sec",
      "min",
      "h",
      "hour",
      "hours",
      "d",
      "day",
      "days",
      "week",
      "weeks",
      "DAYS",
    ];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.constantFrom(...units), (count, unit) => {
        const milliseconds = parseDuration(`${count}${unit}`) ?? Number.NaN;
        expect(milliseconds).toBeGreaterThan(0);
        expect(parseDuration(printDuration(milliseconds))).toBe(milliseconds);
      }),
      runs(),
    );
  });

  it.each([
    ["30days", 30],
    ["36h", 2],
    ["1s", 1],
    ["forever", null],
  ])("%s counts as %s begun days", (text, count) => expect(days(text)).toBe(count));
});

describe("rates", () => {
  it.each([
    ["5000", 5000],
    ["100k", 100_000],
    ["10k msgs/s", 10_000],
    ["10K/S", 10_000],
    ["1.5k rps", 1500],
    ["2M", 2_000_000],
    ["0", 0],
  ])("%s is %i a second", (text, rate) => expect(parseRate(text)).toBe(rate));

  it.each(["", "k", "10k/min", "-5", "1.5", "5 per second"])("%s is none", (text) =>
    expect(parseRate(text)).toBeUndefined(),
  );
});
