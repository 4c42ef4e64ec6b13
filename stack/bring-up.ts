import { stat } from "node:fs/promises";
import { cacheFolder } from "./cache.ts";
import { composeUp, composeVariables } from "./docker.ts";
import { type Instance, logFile, serverFolder } from "./instance.ts";
import { lastLines } from "./last-lines.ts";
import type { Environment, Lookup } from "./lookup.ts";
import { alive, type ProcessId } from "./process-id.ts";
import { resolve } from "./resolve.ts";
import { freeSeat, isSeatFree, type Planned } from "./seat.ts";
import type { Seat, Server } from "./server.ts";
import { spawnDetached } from "./spawn-detached.ts";
import { recordServer, type ServerRecord } from "./state.ts";
import { stopProcess } from "./stop-process.ts";
import { untilAnswers } from "./until-answers.ts";
import { unprivilegedUser } from "./user.ts";

export type BringUp = {
  readonly instance: Instance;
  readonly lookup: Lookup;
  readonly docker: () => Promise<boolean>;
  /** Every server's ports and the secret, as docker-compose.yml wants them. */
  readonly compose: Environment;
  readonly owner: ProcessId | undefined;
  readonly idly: boolean;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
};

export type Outcome = { readonly record: ServerRecord; readonly started: boolean };

/** Leaves the server answering, whatever it was before, and tells whether that took a start. */
export async function bringUp(server: Server, planned: Planned, context: BringUp): Promise<Outcome> {
  switch (planned.kind) {
    case "given":
      return { record: await checkGiven(server, planned.environment, context), started: false };
    case "running":
      return (
        (await stillAnswers(server, planned.record, context)) ??
        (await restart(server, planned.record, context))
      );
    case "absent":
      return { record: await start(server, planned.seat, context), started: true };
  }
}

async function checkGiven(
  server: Server,
  environment: Readonly<Record<string, string>>,
  { say, signal }: BringUp,
): Promise<ServerRecord> {
  say(`given by ${server.variables.join(" and ")}, asking it`);
  const ask = (each: AbortSignal) => server.answers(environment, each);
  await untilAnswers(ask, { patienceMs: 3_000, signal }).catch((cause) => {
    throw new Error(`${server.variables.join(" and ")} is set, but nothing answers there: ${cause.message}`, {
      cause,
    });
  });
  return { source: "environment", environment, ports: {}, since: new Date().toISOString() };
}

async function stillAnswers(
  server: Server,
  record: ServerRecord,
  context: BringUp,
): Promise<Outcome | undefined> {
  const dead = new AbortController();
  const ask = async (each: AbortSignal) => {
    if (record.process !== undefined && !alive(record.process)) dead.abort();
    await server.answers(record.environment, each);
  };
  // Long enough for one whose start was interrupted after the process was there.
  const patienceMs = record.source === "docker" ? 1_000 : 20_000;
  try {
    await untilAnswers(ask, { patienceMs, signal: AbortSignal.any([context.signal, dead.signal]) });
    await server.furnish?.(record.environment);
    return { record, started: false };
  } catch {
    context.signal.throwIfAborted();
    return undefined;
  }
}

async function restart(server: Server, record: ServerRecord, context: BringUp): Promise<Outcome> {
  context.say("does not answer, starting it again");
  if (record.process !== undefined) await stopProcess(record.process, server.stopSignals, 5_000);
  const seat = await freeSeat(context.instance, server, record);
  return { record: await start(server, seat, context), started: true };
}

async function start(server: Server, seat: Seat, context: BringUp): Promise<ServerRecord> {
  const found = await resolve(server, context.lookup, context.docker);
  if (found.source === "docker") return startInDocker(server, seat, context);
  const user = server.unprivileged === true ? await unprivilegedUser() : undefined;
  const environment = context.lookup.environment;
  const fetching = { ...context, environment, cache: cacheFolder(environment), user };
  const programs = found.source === "path" ? found.programs : await server.fetch(fetching);

  const folder = await serverFolder(context.instance, server, user);
  const from = { source: found.source, programs, folder, environment, user };
  try {
    return await launch(server, { ...from, ...seat }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    // Somebody may have sat down on a port since it was chosen; anything else fails again, and then counts.
    const again = (await isSeatFree(seat)) ? seat : await freeSeat(context.instance, server);
    context.say(`starting again (${lastLine(error)})`);
    return launch(server, { ...from, ...again }, context);
  }
}

type Launch = Parameters<Server["prepare"]>[0] & { readonly source: "path" | "registry" };

async function launch(server: Server, place: Launch, context: BringUp): Promise<ServerRecord> {
  const { instance, owner, say, signal } = context;
  say(place.source === "path" ? `starting ${place.programs}` : "starting");
  const command = await server.prepare(place);
  signal.throwIfAborted();

  const log = logFile(instance, server.name);
  const before = await size(log);
  const env = { ...place.environment, ...command.env };
  const spawned = spawnDetached({ ...command, env }, { logFile: log, cwd: place.folder, user: place.user });
  const record: ServerRecord = {
    source: place.source,
    environment: server.environment(place),
    ports: place.ports,
    process: spawned.id,
    ...(owner === undefined ? {} : { owner }),
    log,
    since: new Date().toISOString(),
  };
  recordServer(instance, server.name, record);
  try {
    await answering(server, record.environment, { signal, ended: spawned.ended });
    return record;
  } catch (error) {
    await stopProcess(spawned.id, server.stopSignals, 3_000);
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${server.name} did not come up: ${why}\n${lastLines(log, 6, before)}\n(whole log: ${log})`,
      {
        cause: error,
      },
    );
  }
}

async function startInDocker(server: Server, seat: Seat, context: BringUp): Promise<ServerRecord> {
  const { instance, lookup, owner, say, signal } = context;
  say("starting with Docker Compose");
  const record: ServerRecord = {
    source: "docker",
    environment: server.environment(seat),
    ports: seat.ports,
    ...(owner === undefined ? {} : { owner }),
    since: new Date().toISOString(),
  };
  recordServer(instance, server.name, record);
  const variables = { ...context.compose, ...composeVariables(server, seat) };
  await composeUp({ instance, server, variables, environment: lookup.environment, signal });
  await answering(server, record.environment, { signal });
  return record;
}

const startPatienceMs = 120_000;

async function answering(
  server: Server,
  environment: Environment,
  until: { signal: AbortSignal; ended?: Promise<string> },
): Promise<void> {
  // Furnishing is part of answering: a server is of no use before its databases exist.
  const ask = async (signal: AbortSignal) => {
    await (server.furnish?.(environment) ?? server.answers(environment, signal));
  };
  await untilAnswers(ask, { ...until, patienceMs: startPatienceMs });
}

const size = (file: string): Promise<number> =>
  stat(file).then(
    (found) => found.size,
    () => 0,
  );

const lastLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error)
    .trim()
    .split("\n")
    .at(-1) ?? "";
