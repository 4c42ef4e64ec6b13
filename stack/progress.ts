/** What a person sees while servers come up: one line each. */
export interface Progress {
  /** `name` is doing `text` now; its seconds go on counting. */
  doing(name: string, text: string): void;
  /** `name` has come to an end of what it did, well or not. */
  done(name: string, text: string): void;
  failed(name: string, text: string): void;
  /** The lines stay as they are; what is written afterwards stands below them. */
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
  return { doing: say("·"), done: say("✓"), failed: say("✗"), close() {} };
}

function changingLines(out: Terminal): Progress {
  const lines = new Map<string, Line>();
  let painted = 0;
  const paint = () => {
    const width = out.columns ?? 80;
    const rows = [...lines].map(([name, { mark, text, since, until }]) =>
      `${mark} ${name.padEnd(nameWidth)} ${seconds(since, until)}  ${text}`.slice(0, width - 1),
    );
    const up = painted > 0 ? `\x1b[${painted}A` : "";
    out.write(up + rows.map((row) => `\x1b[2K${row}\n`).join(""));
    painted = rows.length;
  };
  const say = (mark: string, ends: boolean) => (name: string, text: string) => {
    const since = lines.get(name)?.since ?? performance.now();
    lines.set(name, { mark, text, since, until: ends ? performance.now() : undefined });
    paint();
  };
  const clock = setInterval(paint, 500);
  clock.unref();
  return {
    doing: say("·", false),
    done: say("✓", true),
    failed: say("✗", true),
    close: () => clearInterval(clock),
  };
}

const nameWidth = 16;

const seconds = (since: number, until = performance.now()): string =>
  `${((until - since) / 1000).toFixed(1).padStart(6)} s`;
