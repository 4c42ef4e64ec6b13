import { setTimeout as pause } from "node:timers/promises";

/** How long who asks again and again waits for an answer until the work has ended, in milliseconds; 95 of 100 wait no longer. */
export async function waitsDuring(work: Promise<unknown>, ask: () => Promise<unknown>): Promise<number> {
  const waits: number[] = [];
  let going = true;
  const ended = (): void => {
    going = false;
  };
  work.then(ended, ended);
  while (going) {
    const from = performance.now();
    await ask();
    waits.push(performance.now() - from);
    await pause(5);
  }
  return waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.95)] ?? 0;
}
