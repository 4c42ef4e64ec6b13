const tickMs = 20;

/**
 * Milliseconds that this process has had since, in steps of 20: those in which it was stopped, or got no core,
 * do not count. For upper bounds, which then hold on any machine.
 */
export function awake(): { ms(): number; stop(): void } {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, tickMs);
  return { ms: () => ticks * tickMs, stop: () => clearInterval(timer) };
}
