import { readFileSync, writeFileSync } from "node:fs";
import type { Benchmark, Figure, Measured } from "./benchmark.ts";
import { machine } from "./machine.ts";

const file = new URL("../../docs/performance.md", import.meta.url);

/** The table as it is printed and as it stands in the document. */
export function table(figures: readonly Figure[]): string {
  const rows = [
    ["what", "rate", "p50", "p95", "p99", "own CPU a call", "goal"],
    ...figures.map(({ what, perSecond, unit, p50, p95, p99, cpuMicros, goal }) => [
      what,
      perSecond === undefined ? "" : `${round(perSecond)} ${unit}/s`,
      milliseconds(p50),
      milliseconds(p95),
      milliseconds(p99),
      cpuMicros === undefined ? "" : `${round(cpuMicros)} µs`,
      goal === undefined ? "" : `${goal.said}: ${goal.met ? "met" : "missed"}`,
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** Puts one benchmark's result in its place in docs/performance.md; all else in there is a person's. */
export function write({ name, title }: Benchmark, measured: Measured, busy: string): void {
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- /bench ${name} -->`];
  const section = [
    begin,
    `## ${title}`,
    `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, ${machine()}; ${busy}. Again: \`npm run bench -- ${name}\``,
    table(measured.figures),
    ...(measured.notes === undefined ? [] : [measured.notes.map((note) => `- ${note}`).join("\n")]),
    end,
  ].join("\n\n");
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  const changed =
    from === -1 || to === -1
      ? `${text.trimEnd()}\n\n${section}\n`
      : text.slice(0, from) + section + text.slice(to + end.length);
  writeFileSync(file, changed);
}

const round = (value: number): string =>
  value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });

const milliseconds = (value: number | undefined): string =>
  value === undefined ? "" : `${value.toFixed(value < 1 ? 3 : 1)} ms`;
