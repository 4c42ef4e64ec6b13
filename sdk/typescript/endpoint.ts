/** A proxy that serves the namespace, as discovery tells of it. */
export type Endpoint = {
  /** host:port. */
  readonly address: string;
  readonly region?: string | undefined;
  readonly healthy?: boolean;
  /** 0 to 100. */
  readonly load?: number;
};

/** Where a namespace is served now. */
export type Discovery = (token: string) => Promise<readonly Endpoint[]>;
