/**
 * What is committed beside a partition's offset, so that whoever goes on from there knows
 * what only memory knew: which later records are done, how often others have failed, and up
 * to which position of the log messages were seen.
 */
export type ProgressNote = {
  /** Messages at or below it were seen before: what the relay sent twice. */
  readonly mark: bigint;
  /** Offsets above the committed one that are done. */
  readonly done: readonly bigint[];
  readonly failures: ReadonlyMap<bigint, number>;
};

// A broker takes 4,096 bytes unless told otherwise.
const limitBytes = 4_000;

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
  kept: (offset: bigint) => boolean = () => false,
): string {
  const head = `1;${mark.toString(36)};`;
  const stretches = stretchesOf(done).map((stretch) => {
    const known = offsetsOf(stretch).filter(kept);
    const sure =
      known.length === 0
        ? ""
        : stretchesOf(known)
            .map((each) => textOf(each, from))
            .join(",");
    return { whole: textOf(stretch, from), sure };
  });
  let room = limitBytes - head.length - 1 - stretches.reduce((sum, { sure }) => sum + pieceLength(sure), 0);
  const failed = [...failures].map(([offset, count]) => `${(offset - from).toString(36)}:${count}`);
  const failedText = fitted(failed, Math.min(room, limitBytes / 2));
  room -= failedText.length;
  const pieces = stretches.map(({ whole, sure }) => {
    const more = pieceLength(whole) - pieceLength(sure);
    if (more > room) return sure;
    room -= more;
    return whole;
  });
  const doneText = pieces.filter((piece) => piece !== "").join(",");
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
    done: parts(done).flatMap((part) => offsetsOf(range(part, from))),
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

/** Offsets that follow one another, from the first to the last of them. */
type Stretch = readonly [bigint, bigint];

function stretchesOf(offsets: readonly bigint[]): readonly Stretch[] {
  const sorted = [...offsets].sort((a, b) => (a < b ? -1 : 1));
  const found: [bigint, bigint][] = [];
  for (const offset of sorted) {
    const last = found.at(-1);
    if (last !== undefined && offset === last[1] + 1n) last[1] = offset;
    else found.push([offset, offset]);
  }
  return found;
}

function offsetsOf([first, last]: Stretch): readonly bigint[] {
  const offsets: bigint[] = [];
  for (let offset = first; offset <= last; offset++) offsets.push(offset);
  return offsets;
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
