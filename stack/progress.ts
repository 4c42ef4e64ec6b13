/** What a person sees while servers come up: one line each. */
export interface Progress {
  /** `name` is doing `text` now; its seconds go on counting. */
  doing(name: string, text: string): void;
  /** `name` has come to an end of what it did, well or not. */
  done(name: string, text: string): void;
  failed(name: string, text: string): void;
  /** The lines stay as they are, for others to write below; what is told later is a line each. */
  close(): void;
}

export type Terminal = Pick<NodeJS.WriteStream, "write"> & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** Lines that change in place on a terminal, a plain line per change elsewhere. */
export const progress = (out: Terminal = process.stderr): Progress =>
  out.isTTY === true ? changingLines(out) : plainLines(out);

export const silent: Progress = { doing() {}, done() {}, failed() {}, close() {} };

type Line = { mark: string; text: string; readonly since: number; until: number | undefined };

function plainLines(out: Terminal): Progress {
  const since = new Map<string, number>();
  const say = (mark: string) => (name: string, text: string) => {
    const began = since.get(name) ?? performance.now();
    since.set(name, began);
    out.write(`${mark} ${name.padEnd(nameWidth)} ${seconds(began)}  ${text}\n`);
  };
  return { doing: say(marks.doing), done: say(marks.done), failed: say(marks.failed), close() {} };
}

function changingLines(out: Terminal): Progress {
  const lines = new Map<string, Line>();
  let painted = 0;
  const paint = () => {
    const width = (out.columns ?? 80) - 1;
    const rows = [...lines].map((line) => row(line).slice(0, width));
    const up = painted > 0 ? `\x1b[${painted}A` : "";
    out.write(up + rows.map((each) => `\x1b[2K${each}\n`).join(""));
    painted = rows.length;
  };
  const clock = setInterval(paint, 500);
  clock.unref();
  // Once others write to the terminal, nothing can be painted over any more.
  let afterwards: Progress | undefined;
  const say = (kind: "doing" | "done" | "failed") => (name: string, text: string) => {
    if (afterwards !== undefined) return afterwards[kind](name, text);
    const since = lines.get(name)?.since ?? performance.now();
    lines.set(name, {
      mark: marks[kind],
      text,
      since,
      until: kind === "doing" ? undefined : performance.now(),
    });
    paint();
  };
  return {
    doing: say("doing"),
    done: say("done"),
    failed: say("failed"),
    close() {
      clearInterval(clock);
      afterwards = plainLines(out);
    },
  };
}

const marks = { doing: "·", done: "✓", failed: "✗" } as const;

/** One row each, or the next frame would miss it: whoever fails tells the rest in its error. */
const row = ([name, { mark, text, since, until }]: readonly [string, Line]): string =>
  `${mark} ${name.padEnd(nameWidth)} ${seconds(since, until)}  ${text.split("\n")[0]}`;

const nameWidth = 16;

const seconds = (since: number, until = performance.now()): string =>
  `${((until - since) / 1000).toFixed(1).padStart(6)} s`;
