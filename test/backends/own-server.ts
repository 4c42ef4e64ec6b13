import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cacheFolder } from "../../stack/cache.ts";
import { machine } from "../../stack/lookup.ts";
import { freePorts } from "../../stack/ports.ts";
import type { Place, Server } from "../../stack/server.ts";
import { unprivilegedUser } from "../../stack/user.ts";

export type OwnServer = {
  readonly place: Place;
  /** Killed, and started again on what it had written. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

/**
 * A server of a test's own, of the same programs as the shared one: for what the shared one
 * must not be made to do. `configured` changes what was prepared before it starts.
 */
export async function ownServer(
  server: Server,
  configured: (place: Place, args: readonly string[]) => Promise<readonly string[]> = async (_, args) => args,
): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), `prism-${server.name}-`));
  const user = server.unprivileged === true ? await unprivilegedUser() : undefined;
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const lookup = machine(process.env);
  const programs = (await server.find(lookup)) ?? (await fetched(server));
  const ports = await freePorts(server.ports);
  const place = {
    programs,
    folder,
    ports,
    secret: "of-this-test",
    environment: process.env,
    user,
  };
  const { program, args, env } = await server.prepare(place);
  const asked = [...(await configured(place, args))];
  const start = () =>
    spawn(program, asked, {
      env: { ...process.env, ...env },
      stdio: "ignore",
      cwd: folder,
      ...(user && { uid: user.uid, gid: user.gid }),
    });
  let child = start();
  const kill = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  // Whatever becomes of the run, no server outlives it.
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);
  const close = async () => {
    process.off("exit", killNow);
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  const restart = async () => {
    await kill();
    child = start();
    await untilAnswers(server, place, child);
  };
  try {
    await untilAnswers(server, place, child);
  } catch (error) {
    await close();
    throw error;
  }
  return { place, restart, close };
}

const fetched = (server: Server): Promise<string> =>
  server.fetch({
    environment: process.env,
    cache: cacheFolder(process.env),
    user: undefined,
    idly: false,
    say: () => {},
    signal: new AbortController().signal,
  });

async function untilAnswers(server: Server, place: Place, child: ChildProcess): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    if (child.exitCode !== null) throw new Error(`${server.name} ended with ${child.exitCode}`);
    try {
      const environment = server.environment(place);
      await server.furnish?.(environment);
      return await server.answers(environment, AbortSignal.timeout(2_000));
    } catch (error) {
      if (attempt >= 400) throw error;
      await delay(200);
    }
  }
}
