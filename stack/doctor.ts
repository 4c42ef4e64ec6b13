import { cacheFolder } from "./cache.ts";
import { missingDig } from "./dig.ts";
import { dockerRuns } from "./docker.ts";
import { missingGrpcLoad } from "./grpc-load.ts";
import { missingH2load } from "./h2load.ts";
import { type Environment, machine } from "./lookup.ts";
import { isGiven, resolve } from "./resolve.ts";
import { missingSchemathesis } from "./schemathesis.ts";
import { type ServerName, serverNames } from "./server.ts";
import { servers } from "./servers.ts";
import { missingToxiproxy } from "./toxiproxy.ts";

export type Finding = {
  /** The last five are none: `npm run bench`, `npm test` and `npm run soak` use them. */
  readonly server: ServerName | ToolName;
  /** How it would come up on this machine. */
  readonly how: string;
  /** What has to be there first, each with the command that mends it. Empty: nothing. */
  readonly missing: readonly string[];
};

export const toolNames = ["h2load", "grpc-load", "toxiproxy", "schemathesis", "dig"] as const;
type ToolName = (typeof toolNames)[number];

/** What this machine lacks to run every server, and to test everything, without starting or fetching anything. */
export async function doctor(environment: Environment): Promise<readonly Finding[]> {
  const lookup = machine(environment);
  const docker = dockerRuns(lookup);
  const examine = async (name: ServerName): Promise<Finding> => {
    const server = servers[name];
    if (isGiven(server, environment)) {
      return { server: name, how: `given by ${server.variables.join(" and ")}`, missing: [] };
    }
    const found = await resolve(server, lookup, () => docker);
    if (found.source === "path") return { server: name, how: found.programs, missing: [] };
    if (found.source === "docker") return { server: name, how: "Docker Compose", missing: [] };
    const missing = await server.missing(lookup, cacheFolder(environment));
    return { server: name, how: "built or fetched once, then from the cache", missing };
  };
  const fuzzing = async (): Promise<Finding> => ({
    server: "schemathesis",
    how: "for npm test alone: from PyPI once, then from the cache",
    missing: await missingSchemathesis(lookup, cacheFolder(environment)),
  });
  const network = async (): Promise<Finding> => ({
    server: "toxiproxy",
    how: "for npm test alone: toxiproxy-server, or built once, then from the cache",
    missing: await missingToxiproxy(lookup, cacheFolder(environment)),
  });
  const load = async (): Promise<Finding> => ({
    server: "h2load",
    how: "for npm run bench alone: the system's package",
    missing: await missingH2load(lookup),
  });
  const keyedLoad = async (): Promise<Finding> => ({
    server: "grpc-load",
    how: "for npm run bench alone: built once, then from the cache",
    missing: await missingGrpcLoad(lookup, cacheFolder(environment)),
  });
  const names = async (): Promise<Finding> => ({
    server: "dig",
    how: "for npm run soak alone: the system's package",
    missing: await missingDig(lookup),
  });
  return Promise.all([...serverNames.map(examine), load(), keyedLoad(), network(), fuzzing(), names()]);
}
