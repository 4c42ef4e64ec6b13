import { PrismError } from "./errors.ts";
import { refusalOf } from "./refusal.ts";
import { type Token, tokenOf } from "./token.ts";

export type ControlOptions = {
  /** `http://host:port` of the control plane. */
  readonly api: string;
  /** A function is asked before each call: for tokens that are renewed. */
  readonly token: Token;
  /** Default 70 s: longer than the longest wait the API grants. */
  readonly timeoutMs?: number;
  /** Of what is under way (W3C): asked before each call, which is then part of that trace. */
  readonly traceparent?: (() => string | undefined) | undefined;
};

/** A body as the API takes it: an object as JSON, text as YAML. */
export const bodyOf = (request: object | string) =>
  typeof request === "string"
    ? { body: request, type: "application/yaml" }
    : { body: JSON.stringify(request), type: "application/json" };

type Sent = {
  readonly body?: string;
  /** Of the body. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** One call of the control plane; its refusal is thrown as `PrismError`. */
export async function call<T>(
  { api, token, timeoutMs = 70_000, traceparent }: ControlOptions,
  method: string,
  path: string,
  { body, type, headers }: Sent = {},
): Promise<T> {
  const caused = traceparent?.();
  const url = `${api.replace(/\/$/, "")}/api/v1${path}`;
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${await tokenOf(token)}`,
      accept: "application/json",
      ...(type && { "content-type": type }),
      ...(caused && { traceparent: caused }),
      ...headers,
    },
    ...(body !== undefined && { body }),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause: unknown) => {
    throw new PrismError("BACKEND_UNAVAILABLE", `the control plane at ${api} did not answer`, { cause });
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as T;
  throw refusalOf(text, answer.status, api);
}

export function queryOf(query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
