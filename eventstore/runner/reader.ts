/** What a projection's readers ask. Served from the newest version that is built, at most the one given. */
export interface ProjectionReader<Row> {
  get(key: string, options?: AsOf): Promise<Row | undefined>;

  /** One page of rows by key. */
  list(options?: ListOptions<Row>): Promise<Listed<Row>>;

  /** All rows by key, fetched as they are asked for; breaking off costs nothing. */
  scan(options?: ScanOptions<Row>): AsyncIterable<Item<Row>>;

  /** SHA-256 over every row's key and digest: two tables that fold the same events the same way have the same. */
  digest(): Promise<string>;

  /** `true` once what is served has folded everything up to `position`; `false` when `signal` aborts before. */
  waitFor(position: bigint, signal?: AbortSignal): Promise<boolean>;

  /** The position up to which everything is folded in what is served. */
  position(): Promise<bigint>;

  /** How far what is served is behind the log: events (of any stream), and the age of the first that is missing. */
  lag(): Promise<{ events: bigint; seconds: number }>;
}

export type AsOf = {
  /**
   * The answer as it was when the log ended at this position (`EventStore.positionAt` knows the one of a time).
   * Only of projections that are `temporal`. Beyond what is folded it waits a little, then: `BACKEND_UNAVAILABLE`.
   */
  readonly asOf?: bigint | undefined;
};

export type ScanOptions<Row> = AsOf & {
  /** Rows whose field has this text, or one of these; several fields: all of them. */
  readonly where?: { readonly [Field in keyof Row & string]?: string | readonly string[] | undefined };
  /** Keys above this one: the cursor of the page before. */
  readonly after?: string | undefined;
};

export type ListOptions<Row> = ScanOptions<Row> & {
  /** What `where` cannot say; asked row by row until the page is full. */
  readonly filter?: (row: Row, key: string) => boolean;
  /** Default 100, at most 1000. */
  readonly limit?: number;
};

export type Item<Row> = {
  readonly key: string;
  readonly row: Row;
  /** Of the event that last changed the row, until then. */
  readonly position: bigint;
};

export type Listed<Row> = {
  readonly items: readonly Item<Row>[];
  /** Where the next page begins; `null` after the last one. */
  readonly next: string | null;
};
