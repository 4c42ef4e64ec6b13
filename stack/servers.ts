import { kafka } from "./kafka.ts";
import { nats } from "./nats.ts";
import { postgresControl, postgresData } from "./postgres.ts";
import { redis } from "./redis.ts";
import { s3 } from "./s3.ts";
import type { Server, ServerName } from "./server.ts";
import { temporal } from "./temporal.ts";

export const servers: Readonly<Record<ServerName, Server>> = {
  temporal,
  "postgres-control": postgresControl,
  "postgres-data": postgresData,
  kafka,
  redis,
  nats,
  s3,
};
