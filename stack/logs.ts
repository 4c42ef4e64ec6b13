import { closeSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { lastLines } from "./last-lines.ts";

export type Log = { readonly name: string; readonly file: string };

/** The end of one log, each line led by whose it is; empty where nothing was written. */
export function tail({ name, file }: Log, lines: number): string {
  const text = lastLines(file, lines);
  return text === "" ? "" : `${led(name, text)}\n`;
}

/** Writes what is added to the logs until the signal aborts. */
export async function followLogs(
  logs: readonly Log[],
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const read = new Map(logs.map(({ file }) => [file, size(file)]));
  while (!signal.aborted) {
    for (const { name, file } of logs) {
      const from = read.get(file) ?? 0;
      const to = size(file);
      if (to > from) write(`${led(name, between(file, from, to).trimEnd())}\n`);
      // A log that became shorter was begun anew.
      read.set(file, to);
    }
    await sleep(250, undefined, { signal }).catch(() => undefined);
  }
}

const led = (name: string, text: string): string =>
  text
    .split("\n")
    .map((line) => `${name.padEnd(16)} | ${line}`)
    .join("\n");

const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

function between(file: string, from: number, to: number): string {
  const handle = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(to - from);
    readSync(handle, buffer, 0, buffer.length, from);
    return buffer.toString();
  } finally {
    closeSync(handle);
  }
}
