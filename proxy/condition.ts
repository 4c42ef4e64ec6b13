const checkMs = 5_000;

/** What a proxy tells of itself in its statuses. */
export type Condition = {
  /** How busy its event loop was since the last time, 0 to 100. */
  readonly load: number;
  /** Whether what it needs answered when it was last asked. */
  readonly healthy: boolean;
};

export function watchCondition(check: () => Promise<void>) {
  let last = performance.eventLoopUtilization();
  let healthy = true;
  const timer = setInterval(async () => {
    healthy = await check().then(
      () => true,
      () => false,
    );
  }, checkMs).unref();
  return {
    now(): Condition {
      const current = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(current, last);
      last = current;
      return { load: Math.min(100, Math.round(utilization * 100)), healthy };
    },
    close: () => clearInterval(timer),
  };
}
