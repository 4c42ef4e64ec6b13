import { type Stretch, stretches } from "./stretches.ts";

/**
 * What is committed beside a partition's offset, so that whoever goes on from there knows
 * what only memory knew: which later records are done, how often others have failed, and up
 * to which position of the log messages were seen.
 */
export type ProgressNote = {
  /** Messages at or below it were seen before: what the relay sent twice. */
  readonly mark: bigint;
  /** What is done above the committed offset, in order. */
  readonly done: readonly Stretch[];
  readonly failures: ReadonlyMap<bigint, number>;
};

// A broker takes 4,096 bytes unless told otherwise.
const limitBytes = 4_000;
const shortestPiece = 2;

const emptyNote: ProgressNote = { mark: 0n, done: [], failures: new Map() };

/** Reading begins after this position of the log, wherever in the partition that is. */
export const beginAfter = (position: bigint): string => encodeNote({ ...emptyNote, mark: position }, 0n);

/**
 * As short text: offsets as distances, in base 36; what does not fit is left out, and so delivered again.
 * `kept`: what the note before this one says is done. Somebody may have been told so: it is never left out.
 */
export function encodeNote(
  { mark, done, failures }: ProgressNote,
  from: bigint,
  kept: readonly Stretch[] = [],
): string {
  const head = `1;${mark.toString(36)};`;
  const sure = keptIn(done, kept, from);
  let room = limitBytes - head.length - 1;
  for (const text of sure.values()) room -= pieceLength(text);
  const failed = [...failures].map(([offset, count]) => `${(offset - from).toString(36)}:${count}`);
  const failedText = fitted(failed, Math.min(room, limitBytes / 2));
  room -= failedText.length;
  const pieces: string[] = [];
  for (const stretch of done) {
    const least = sure.get(stretch) ?? "";
    // There may be very many of which none fits any more.
    if (least === "" && room < shortestPiece) continue;
    const whole = textOf(stretch, from);
    const more = pieceLength(whole) - pieceLength(least);
    if (more <= room) {
      room -= more;
      pieces.push(whole);
    } else if (least !== "") pieces.push(least);
  }
  const doneText = pieces.join(",");
  return mark === 0n && doneText === "" && failedText === "" ? "" : `${head}${doneText};${failedText}`;
}

/** A note of a later build, or somebody else's, says nothing. */
export function decodeNote(text: string, from: bigint): ProgressNote {
  const [version, mark = "", done = "", failed = ""] = text.split(";");
  if (version !== "1") return emptyNote;
  const failures = parts(failed).map((part): [bigint, number] => {
    const [distance = "", count = ""] = part.split(":");
    return [from + base36(distance), Number(count)];
  });
  return {
    mark: base36(mark),
    done: parts(done).map((part) => range(part, from)),
    failures: new Map(failures),
  };
}

const parts = (text: string): readonly string[] => (text === "" ? [] : text.split(","));

function fitted(pieces: readonly string[], limit: number): string {
  let text = "";
  for (const piece of pieces) {
    if (text.length + piece.length + 1 > limit) break;
    text += text === "" ? piece : `,${piece}`;
  }
  return text;
}

/** With the comma that parts it from others. */
const pieceLength = (piece: string): number => (piece === "" ? 0 : piece.length + 1);

/** Those of `done` that hold something of `kept`, all of which is done, and that as text. */
function keptIn(
  done: readonly Stretch[],
  kept: readonly Stretch[],
  from: bigint,
): ReadonlyMap<Stretch, string> {
  const found = new Map<Stretch, string>();
  const still = stretches(kept);
  still.cut(from);
  let at = 0;
  for (const stretch of done) {
    const texts: string[] = [];
    for (let next = still.all()[at]; next !== undefined && next[1] <= stretch[1]; next = still.all()[++at]) {
      texts.push(textOf(next, from));
    }
    if (texts.length > 0) found.set(stretch, texts.join(","));
  }
  return found;
}

/** `5-9` where it is several. */
function textOf([first, last]: Stretch, from: bigint): string {
  const start = (first - from).toString(36);
  return first === last ? start : `${start}-${(last - from).toString(36)}`;
}

function range(text: string, from: bigint): Stretch {
  const [first = "", last = first] = text.split("-");
  return [from + base36(first), from + base36(last)];
}

function base36(text: string): bigint {
  let value = 0n;
  for (const sign of text) value = value * 36n + BigInt(Number.parseInt(sign, 36) || 0);
  return value;
}
