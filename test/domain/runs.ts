const most = Number(process.env["PRISM_PROPERTY_RUNS"] || Number.POSITIVE_INFINITY);

/**
 * How often a property is tried: `usually`, or fewer where PRISM_PROPERTY_RUNS says so, as
 * mutation testing does, which runs the suite thousands of times. Then the same values come
 * each time, and the first counterexample is enough.
 */
export const runs = (usually = 10_000) =>
  most < usually ? { numRuns: most, seed: 1, endOnFailure: true } : { numRuns: usually };
