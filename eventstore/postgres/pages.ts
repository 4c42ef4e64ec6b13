import type { Pool } from "pg";
import type { RecordedEvent } from "../../domain/event.ts";
import type { Filter } from "../event-store.ts";
import { type RecordedRow, recordedColumns, recordedEvent } from "./recorded-row.ts";

/**
 * A part of the log or of one stream, by its dense numbers: both ends inclusive, read from `first` to `last`.
 * `first` above `last` reads backwards.
 */
export type Range = {
  readonly by: "position" | "revision";
  readonly first: bigint;
  readonly last: bigint;
  readonly backwards: boolean;
  readonly stream?: string;
  readonly filter?: Filter | undefined;
};

export type Page = {
  readonly events: readonly RecordedEvent[];
  /** Everything up to here was looked at, whether it passed the filter or not. */
  readonly seen: bigint;
};

/**
 * Of numbers looked at in one statement, and of bytes kept in memory: what ends a page first. Whoever reads on gets
 * larger pages, so that a long way has few round trips and a short one costs little.
 */
const pageLimits = { firstNumbers: 1_000n, mostNumbers: 4_000n, bytes: 8 * 1024 * 1024 };

/**
 * Reads a range page by page. No connection is held between pages, so that a slow or vanished reader costs
 * nothing. Numbers are dense and only ever added at the end: what has been looked at is known exactly.
 */
export async function* pages(pool: Pool, range: Range): AsyncGenerator<Page> {
  let { first } = range;
  let numbers = pageLimits.firstNumbers;
  const step = range.backwards ? -1n : 1n;
  while (range.backwards ? first >= range.last : first <= range.last) {
    const page = await readPage(pool, { ...range, first, last: furthest(first, numbers, range) });
    yield page;
    first = isHole(page, range) ? await nextPosition(pool, page.seen) : page.seen + step;
    numbers = min(numbers * 2n, pageLimits.mostNumbers);
  }
}

function furthest(first: bigint, numbers: bigint, { last, backwards }: Range): bigint {
  return backwards ? max(last, first - numbers + 1n) : min(last, first + numbers - 1n);
}

/** Only where somebody tampered with the log. It may be as wide as numbers go, and whoever verifies must get past it. */
const isHole = ({ events }: Page, { by, backwards, filter }: Range): boolean =>
  events.length === 0 && by === "position" && !backwards && filter === undefined;

async function nextPosition(pool: Pool, after: bigint): Promise<bigint> {
  const { rows } = await pool.query<{ next: string }>({
    name: "eventstore-next-position",
    text: "select coalesce(min(position), $1::bigint + 1) as next from eventstore.events where position > $1",
    values: [after],
  });
  return BigInt(rows[0]?.next ?? after + 1n);
}

async function readPage(pool: Pool, range: Range): Promise<Page> {
  const { by, first, last, backwards, stream, filter } = range;
  const { rows } = await pool.query<RecordedRow & { matching: string }>({
    name: `eventstore-page-${by}-${backwards ? "backwards" : "forwards"}`,
    text: pageStatement(by, backwards),
    values: [
      min(first, last),
      max(first, last),
      pageLimits.bytes,
      ...(by === "revision" ? [stream] : [filter?.streamPrefixes ?? null, filter?.types ?? null]),
    ],
  });
  const events = rows.map(recordedEvent);
  const cut = Number(rows[0]?.matching ?? 0) > rows.length;
  return { events, seen: cut ? (events.at(-1)?.[by] ?? last) : last };
}

/** The sum of bytes before an event bounds the page without reading what it leaves out. */
function pageStatement(by: "position" | "revision", backwards: boolean): string {
  const order = `${by} ${backwards ? "desc" : "asc"}`;
  const only =
    by === "revision"
      ? "stream = $4"
      : "($4::text[] is null or stream ^@ any($4)) and ($5::text[] is null or type = any($5))";
  return `
    select ${recordedColumns}, matching
    from (
      select ${recordedColumns}, sum(bytes) over (order by ${order}) - bytes as before, count(*) over () as matching
      from eventstore.events where ${by} between $1 and $2 and ${only}
    ) page
    where before < $3 order by ${order}`;
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
