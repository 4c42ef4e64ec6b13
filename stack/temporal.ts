import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { type GoProgram, goProgram, missingGo } from "./go-program.ts";
import type { Server } from "./server.ts";

/** What `prism` workflows are found by in the UI; the development server registers them as it starts. */
const searchAttributes = [
  "PrismNamespace",
  "PrismTeam",
  "PrismOperation",
  "PrismOperationId",
  "PrismPhase",
  "PrismBackend",
];

/** Temporal's development server: one process, history in SQLite, its UI beside it. */
export const temporal: Server = {
  name: "temporal",
  variables: ["PRISM_TEMPORAL_ADDRESS"],
  companions: ["PRISM_TEMPORAL_UI_URL"],
  ports: { frontend: undefined, ui: 8233 },
  services: ["temporal", "temporal-ui"],
  stopSignals: ["SIGTERM"],

  find: (lookup) => lookup.which("temporal"),
  fetch: (fetching) => goProgram(temporalCli, fetching),
  missing: (lookup, cache) => missingGo(temporalCli, lookup, cache),

  async prepare({ programs, folder, ports }) {
    const options = {
      ip: "127.0.0.1",
      port: ports["frontend"],
      "ui-ip": "127.0.0.1",
      "ui-port": ports["ui"],
      "db-filename": join(folder, "temporal.db"),
      "log-level": "warn",
    };
    return {
      program: programs,
      args: [
        ...["server", "start-dev"],
        ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
        ...each("--sqlite-pragma", ["journal_mode=WAL", "synchronous=NORMAL"]),
        // The default of 20 polls a second makes every step of a workflow wait for a 50 ms tick.
        ...each("--dynamic-config-value", [
          "history.transferProcessorMaxPollRPS=2000",
          "history.timerProcessorMaxPollRPS=2000",
          // By default a phase that ends within a second of its beginning waits it out before the next one begins.
          'history.workflowIdReuseMinimalInterval="0s"',
          // A worker that asks for a workflow's next step gets the step's activity with the same answer.
          "system.enableActivityEagerExecution=true",
        ]),
        ...each(
          "--search-attribute",
          searchAttributes.map((name) => `${name}=Keyword`),
        ),
      ],
    };
  },

  environment: ({ ports }) => ({
    PRISM_TEMPORAL_ADDRESS: `127.0.0.1:${ports["frontend"]}`,
    PRISM_TEMPORAL_UI_URL: `http://127.0.0.1:${ports["ui"]}`,
  }),

  answers: (environment, signal) =>
    describeNamespace(environment["PRISM_TEMPORAL_ADDRESS"] ?? "", "default", signal),
};

const each = (option: string, values: readonly string[]): string[] =>
  values.flatMap((value) => [option, value]);

/**
 * By hand, because the client library takes longer to load than the server to start. The
 * port is open before the Temporal namespace exists, so that is what is asked for.
 */
function describeNamespace(address: string, namespace: string, signal: AbortSignal): Promise<void> {
  const client = new Client(address, credentials.createInsecure());
  const name = Buffer.from(namespace);
  const request = Buffer.concat([Buffer.from([0x0a, name.length]), name]); // field 1, a string
  return new Promise<void>((resolve, reject) => {
    const call = client.makeUnaryRequest(
      "/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace",
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      request,
      (error) => (error === null ? resolve() : reject(error)),
    );
    signal.addEventListener("abort", () => call.cancel(), { once: true });
  }).finally(() => client.close());
}

const temporalCli: GoProgram = {
  name: "temporal",
  path: "github.com/temporalio/cli/cmd/temporal",
  version: "v1.5.1",
};
