import type { S3Client } from "@aws-sdk/client-s3";
import type { Backend } from "../../backends/backend.ts";
import { s3 } from "../../backends/s3.ts";
import type { S3Address } from "../../backends/s3-client.ts";
import { s3 as s3Server } from "../../stack/s3.ts";
import { type OwnServer, ownServer } from "./own-server.ts";
import { clientOf, common } from "./s3-subject.ts";

/** The server all tests share; it makes no users. */
export const shared: S3Address = {
  endpoint: process.env["PRISM_S3_ENDPOINT"] ?? "",
  region: "us-east-1",
  accessKeyId: process.env["PRISM_S3_ACCESS_KEY_ID"] ?? "",
  secretAccessKey: process.env["PRISM_S3_SECRET_ACCESS_KEY"] ?? "",
};

export type OwnS3 = {
  readonly server: OwnServer;
  readonly address: S3Address;
  readonly backend: Backend;
  /** As Prism itself, past the backend. */
  readonly admin: S3Client;
  close(): Promise<void>;
};

/** A server of a test file alone. */
export async function ownS3(): Promise<OwnS3> {
  const server = await ownServer(s3Server, async (_, args) => args);
  const address = {
    ...shared,
    endpoint: `http://127.0.0.1:${server.place.ports["server"]}`,
    secretAccessKey: server.place.secret,
    accessKeyId: "prism",
  };
  const backend = s3({ ...common, address });
  const admin = clientOf(address);
  return {
    server,
    address,
    backend,
    admin,
    async close() {
      admin.destroy();
      await backend.close();
      await server.close();
    },
  };
}
