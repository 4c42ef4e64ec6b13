import type { Instance } from "./instance.ts";
import type { Environment } from "./lookup.ts";
import { freePort } from "./ports.ts";
import type { Ports } from "./server.ts";
import { isRunning, readState, recordProcess } from "./state.ts";

export const processNames = ["api", "worker", "proxy"] as const;
export type ProcessName = (typeof processNames)[number];

type Kind = {
  readonly main: string;
  /** Which of its ports answers `/readyz`. */
  readonly ready: string;
  /** The variable that gives it each port, and the port people expect it at. */
  readonly ports: Readonly<Record<string, { readonly variable: string; readonly usual: number }>>;
};

/** Prism's three processes. `api` and `operator` speak HTTP, `control`, `probe` and `proxy` gRPC. */
export const kinds: Readonly<Record<ProcessName, Kind>> = {
  api: {
    main: "api/main.ts",
    ready: "api",
    ports: {
      api: { variable: "PRISM_API_PORT", usual: 8900 },
      control: { variable: "PRISM_CONTROL_PORT", usual: 8901 },
    },
  },
  worker: {
    main: "activities/main.ts",
    ready: "operator",
    ports: { operator: { variable: "PRISM_WORKER_OPERATOR_PORT", usual: 8991 } },
  },
  proxy: {
    main: "proxy/main.ts",
    ready: "operator",
    ports: {
      proxy: { variable: "PRISM_PROXY_PORT", usual: 8980 },
      probe: { variable: "PRISM_PROXY_PROBE_PORT", usual: 8981 },
      operator: { variable: "PRISM_PROXY_OPERATOR_PORT", usual: 8990 },
    },
  },
};

export type ProcessPorts = Readonly<Record<ProcessName, Ports>>;

/**
 * Decided together before any of them starts, because they have to know of one another: the
 * port asked for in the environment, else the one it had, else the usual one; a free one
 * where that is taken. An instance for tests leaves the usual ones to people.
 */
export async function processPorts(instance: Instance, environment: Environment): Promise<ProcessPorts> {
  const known = readState(instance).processes;
  const ports: Record<string, Ports> = {};
  for (const name of processNames) {
    const record = known[name];
    if (record !== undefined && isRunning(record)) {
      ports[name] = record.ports;
      continue;
    }
    const own: Record<string, number> = {};
    for (const [port, { variable, usual }] of Object.entries(kinds[name].ports)) {
      const asked = environment[variable];
      const wish = asked ? Number(asked) : (record?.ports[port] ?? (instance.temporary ? undefined : usual));
      own[port] = await freePort(wish === 0 ? undefined : wish);
    }
    ports[name] = own;
    // Remembered also for one that is not started now: others are told of it.
    const { fingerprint = "", since = new Date().toISOString(), log } = record ?? {};
    recordProcess(instance, name, { fingerprint, since, ports: own, ...(log === undefined ? {} : { log }) });
  }
  return ports as ProcessPorts;
}

/** What every process is told about where all of them listen. */
export function portVariables(ports: Partial<ProcessPorts>): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, own = {}] of Object.entries(ports)) {
    for (const [port, number] of Object.entries(own)) {
      const variable = kinds[name as ProcessName].ports[port]?.variable;
      if (variable !== undefined) variables[variable] = String(number);
    }
  }
  const { api, proxy } = ports;
  if (api !== undefined) {
    variables["PRISM_API_URL"] = `http://127.0.0.1:${api["api"]}`;
    variables["PRISM_CONTROL_ADDRESS"] = `127.0.0.1:${api["control"]}`;
  }
  if (proxy !== undefined) variables["PRISM_PROXY_ADVERTISE"] = `127.0.0.1:${proxy["proxy"]}`;
  return variables;
}

/** As `host:port`; `api` and the operators speak HTTP, `control` and `proxy` gRPC. */
export const processAddresses = (ports: ProcessPorts) => ({
  api: `127.0.0.1:${ports.api["api"]}`,
  control: `127.0.0.1:${ports.api["control"]}`,
  proxy: `127.0.0.1:${ports.proxy["proxy"]}`,
  proxyOperator: `127.0.0.1:${ports.proxy["operator"]}`,
  workerOperator: `127.0.0.1:${ports.worker["operator"]}`,
});
