import { stringify } from "yaml";

export type Format = "table" | "json" | "yaml";
export const formats: readonly Format[] = ["table", "json", "yaml"];

export const show = (value: unknown, format: "json" | "yaml"): string =>
  format === "json" ? JSON.stringify(value, null, 2) : stringify(value).trimEnd();

/** Columns as wide as their widest cell; what is not there shows as `-`. */
export function table(headings: readonly string[], rows: readonly (readonly unknown[])[]): string {
  if (rows.length === 0) return "nothing to show";
  const cells = [headings.map((heading) => heading.toUpperCase()), ...rows.map((row) => row.map(cell))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    row.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  ");
  return cells.map((row) => line(row).trimEnd()).join("\n");
}

/** One fact a line, the names in a column. */
export function facts(pairs: readonly (readonly [string, unknown])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`).join("\n");
}

function cell(value: unknown): string {
  if (value === null || value === undefined || value === "") return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map(cell).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
