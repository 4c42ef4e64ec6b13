import type { Environment, Lookup } from "./lookup.ts";

/** The servers Prism stands on, in the order they are shown. */
export const serverNames = [
  "temporal",
  "postgres-control",
  "postgres-data",
  "kafka",
  "redis",
  "nats",
  "s3",
] as const;

export type ServerName = (typeof serverNames)[number];

/** Ports by what listens there; a number is preferred, `undefined` takes any free one. */
export type PortWishes = Readonly<Record<string, number | undefined>>;
export type Ports = Readonly<Record<string, number>>;

/** Where and with which secret an instance's server runs. Decided before it starts, so that others may be told. */
export type Seat = { readonly ports: Ports; readonly secret: string };

/** `programs` is what `find` or `fetch` answered; `folder` is the server's own, made and writable. */
export type Place = Seat & {
  readonly programs: string;
  readonly folder: string;
  readonly environment: Environment;
  /** Whom it runs as, where that is not us. */
  readonly user: User | undefined;
};

export type Command = {
  readonly program: string;
  readonly args: readonly string[];
  /** Beside the environment everything here runs in. */
  readonly env?: Environment;
};

export type User = { readonly name: string; readonly uid: number; readonly gid: number };

/**
 * One server: how it is recognised, found, fetched, started and asked whether it lives.
 *
 * Everything about instances, state and processes is elsewhere; an implementation only
 * knows its own server.
 */
export interface Server {
  readonly name: ServerName;
  /** When all of these are set the server is the user's: it is checked, never started or stopped. */
  readonly variables: readonly string[];
  /** What the user may set beside them. */
  readonly companions?: readonly string[];
  readonly ports: PortWishes;
  /** Its services in docker-compose.yml. */
  readonly services: readonly string[];
  /** It refuses to be root; then it runs as somebody else, on folders that user can reach. */
  readonly unprivileged?: true;
  /** What is sent to it, in order, to make it stop; the last resort SIGKILL is added by the caller. */
  readonly stopSignals: readonly NodeJS.Signals[];

  /** Its programs on this machine's PATH, or undefined. */
  find(lookup: Lookup): Promise<string | undefined>;
  /** Its programs, built or fetched from a package registry into the cache. */
  fetch(fetching: Fetching): Promise<string>;
  /** What `fetch` and the start after it need and this machine lacks, each with the command that mends it. */
  missing(lookup: Lookup, cache: string): Promise<readonly string[]>;

  /** Makes the data folder where it is not there yet, and says what to run. May be repeated after any crash. */
  prepare(place: Place): Promise<Command>;
  /** The variables by which Prism's processes find it. */
  environment(seat: Seat): Readonly<Record<string, string>>;
  /** What docker-compose.yml is told of it beside ports and secret. The same seat gives the same. */
  compose?(seat: Seat): Readonly<Record<string, string>>;
  /** Resolves when it answers in its own protocol, rejects when it does not. */
  answers(environment: Environment, signal: AbortSignal): Promise<void>;
  /** What has to exist in it before anyone uses it; idempotent. Not called on the user's own servers. */
  furnish?(environment: Environment): Promise<void>;
}

/** What building or fetching a server's programs may use. */
export type Fetching = {
  readonly environment: Environment;
  /** Folder of the cache; one folder a program and version beneath it. */
  readonly cache: string;
  /** Who will run the programs, where that is not us. */
  readonly user: User | undefined;
  /** Nothing waits for it: what is waited for shall not wait for it either. */
  readonly idly: boolean;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
};
