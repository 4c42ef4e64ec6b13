import type { Admin } from "@platformatic/kafka";
import type { Resource } from "../domain/plan.ts";
import type { Ask } from "./ask.ts";
import type { Ensured, Observed, Size } from "./backend.ts";
import type { kafkaPool } from "./kafka-connection.ts";
import type { Logins } from "./logins.ts";
import type { TimedCall } from "./timed.ts";

/** What one kind of thing in Kafka is made with. */
export type KafkaAdministration = {
  readonly admin: Admin;
  readonly pool: ReturnType<typeof kafkaPool>;
  readonly ask: Ask;
  /** Prism had to say who it is, so everybody else has to. */
  readonly loggedIn: boolean;
  readonly logins: Logins;
};

/** One kind of thing in Kafka, with the verbs of the backend contract. */
export type KafkaResource = {
  observe(resource: Resource, call: TimedCall): Promise<Observed>;
  ensure(resource: Resource, call: TimedCall): Promise<Ensured>;
  remove(resource: Resource, call: TimedCall): Promise<{ removed: boolean }>;
  /** Left out where it is a setting, which keeps nothing. */
  measure?(resource: Resource, call: TimedCall): Promise<Size>;
};
