import { readFileSync } from "node:fs";
import { PrismError } from "../domain/errors.ts";

/** What a process was told by its environment; a variable that is empty is one that is not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const text = (env: Environment, name: string, otherwise: string): string => env[name] || otherwise;

export function required(env: Environment, name: string, what: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw wrong(name, `is not set: it names ${what}`);
  return value;
}

export function whole(env: Environment, name: string, otherwise: number): number {
  const value = env[name];
  if (value === undefined || value === "") return otherwise;
  if (!/^\d{1,9}$/.test(value)) throw wrong(name, `must be a whole number, not '${value}'`);
  return Number(value);
}

/** From a file: what is in the environment is seen by more than its process. */
export const secret = (env: Environment, name: string, what: string): string =>
  file(env, name, what).toString("utf8").trim();

export function file(env: Environment, name: string, what: string): Buffer {
  const path = required(env, name, `a file with ${what}`);
  try {
    return readFileSync(path);
  } catch (cause) {
    throw wrong(name, `names a file that cannot be read: ${path}`, cause);
  }
}

export const wrong = (name: string, problem: string, cause?: unknown): PrismError =>
  new PrismError("INVALID_CONFIGURATION", `${name} ${problem}`, { details: { field: name }, cause });
