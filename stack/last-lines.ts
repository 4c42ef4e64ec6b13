import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const readBytes = 256 * 1024;

/** The end of a text file, at most `count` lines; empty when there is none. */
export function lastLines(file: string, count: number, fromByte = 0): string {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(handle);
    const start = Math.max(fromByte, size - readBytes, 0);
    const buffer = Buffer.alloc(Math.max(size - start, 0));
    readSync(handle, buffer, 0, buffer.length, start);
    return buffer.toString().trimEnd().split("\n").slice(-count).join("\n");
  } finally {
    closeSync(handle);
  }
}
