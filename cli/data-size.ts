import type { Namespace } from "../sdk/typescript/answers.ts";

const units = [
  ["TB", 1e12],
  ["GB", 1e9],
  ["MB", 1e6],
  ["KB", 1e3],
] as const;

/** About so much, for people: `812.3MB`. */
function about(bytes: number): string {
  const [unit, size] = units.find(([, least]) => bytes >= least) ?? ["B", 1];
  return `${Math.round((bytes / size) * 10) / 10}${unit}`;
}

/** What a namespace keeps of what it reserves, where, and as of when; `~`: reckoned from a part. */
export function dataKept({ data, needs }: Namespace): string | undefined {
  if (data === undefined) return undefined;
  const { data_size } = (needs ?? {}) as { readonly data_size?: string };
  if (data.data_bytes === null) return `not measured yet, of ${data_size}`;
  const parts = Object.entries(data.by_backend).map(([backend, bytes]) => `${backend} ${about(bytes)}`);
  const kept = `${data.estimated ? "~" : ""}${about(data.data_bytes)} of ${data_size}`;
  const flag = data.alarm ? " NEARLY FULL" : "";
  return `${kept}${flag} (${parts.join(", ")}; measured ${data.measured_at})`;
}
