const asked = process.env["PRISM_SOAK_SECONDS"];

/** `npm run soak` asks for long writing and for logs in full size; `npm test` has no time for either. */
export const soaking = asked !== undefined;
export const soakSeconds = Number(asked ?? 8);

/** What was measured, for whoever runs the soak; a normal run stays quiet. */
export function figures(line: string): void {
  if (soaking) process.stdout.write(`${line}\n`);
}

/** Seconds. */
export async function lasting(work: () => Promise<void>): Promise<string> {
  const began = performance.now();
  await work();
  return ((performance.now() - began) / 1_000).toFixed(1);
}

export function spread(tooksMs: readonly number[]): string {
  const sorted = tooksMs.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  return `${sorted.length} reads, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms`;
}
