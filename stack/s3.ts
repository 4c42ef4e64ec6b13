import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type GoProgram, goProgram, missingGo } from "./go-program.ts";
import type { Server } from "./server.ts";

const accessKeyId = "prism";

/** S3 by versitygw: a bucket is a folder, an object a file. */
export const s3: Server = {
  name: "s3",
  variables: ["PRISM_S3_ENDPOINT"],
  companions: ["PRISM_S3_ACCESS_KEY_ID", "PRISM_S3_SECRET_ACCESS_KEY"],
  ports: { server: undefined },
  services: ["s3"],
  stopSignals: ["SIGTERM"],

  find: (lookup) => lookup.which("versitygw"),
  fetch: (fetching) => goProgram(versitygw, fetching),
  missing: (lookup, cache) => missingGo(versitygw, lookup, cache),

  async prepare({ programs, folder, ports, secret }) {
    const [buckets, metadata, users] = ["buckets", "metadata", "users"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await Promise.all([buckets, metadata, users].map((each) => mkdir(each, { recursive: true })));
    const listen = ["--port", `127.0.0.1:${ports["server"]}`];
    return {
      program: programs,
      // Users of its own, so that namespaces have logins. Metadata beside the objects: not
      // every file system has extended attributes.
      args: [...listen, "--iam-dir", users, "posix", "--sidecar", metadata, buckets],
      env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secret },
    };
  },

  environment: ({ ports, secret }) => ({
    PRISM_S3_ENDPOINT: `http://127.0.0.1:${ports["server"]}`,
    PRISM_S3_ACCESS_KEY_ID: accessKeyId,
    PRISM_S3_SECRET_ACCESS_KEY: secret,
  }),

  async answers(environment, signal) {
    // Any status will do: without a signature it is a refusal, which only a living server gives.
    const answer = await fetch(environment["PRISM_S3_ENDPOINT"] ?? "", { signal });
    await answer.body?.cancel();
  },
};

const versitygw: GoProgram = {
  name: "versitygw",
  path: "github.com/versity/versitygw/cmd/versitygw",
  version: "v1.8.0",
};
