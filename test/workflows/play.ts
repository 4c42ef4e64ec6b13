import type { WorkflowHandle } from "@temporalio/client";
import type { Messages } from "../../activities/messages.ts";
import type { NamespaceHistory } from "../../activities/recorder.ts";
import type { Moment } from "../../activities/step.ts";
import type { ErrorCode } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { OperationState } from "../../domain/namespace/progress.ts";
import type { NamespaceRequest } from "../../domain/request/request.ts";
import type { Amounts } from "../../domain/team/quota.ts";

/** What goes wrong, where; `times`: Infinity, unless said. */
export type Fault = {
  readonly step: string;
  readonly moment: Moment;
  readonly code: ErrorCode;
  readonly times?: number;
  /** The attempt dies of it: it says nothing more. */
  readonly deadly?: true;
};

/** What is left when an operation has ended. */
export type Life = {
  readonly types: readonly string[];
  readonly state: OperationState | undefined;
  readonly status: string;
  readonly version: number;
  readonly error: string | undefined;
  readonly events: NamespaceHistory["events"];
  /** Resources of the namespace that are really there. */
  readonly left: readonly string[];
  /** How each of them is set up. */
  readonly settings: Readonly<Record<string, JsonObject>>;
  /** Namespaces counted on its team's quota. */
  readonly quota: number;
  /** Writes per second, likewise. */
  readonly rate: number;
  /** All that is counted. */
  readonly reserved: Amounts;
};

export type Play = {
  readonly namespace: string;
  readonly request: NamespaceRequest;
  readonly operation: string;
  readonly handle: WorkflowHandle;
  /** As `user:root`, unless said. */
  tell<Name extends keyof Messages>(name: Name, more?: Partial<Messages[Name]>): Promise<void>;
  /** Resolves once the operation is in the state. */
  reaches(state: OperationState): Promise<void>;
  life(): Promise<Life>;
  ended(): Promise<Life>;
};

export type Wish = {
  readonly needs?: Partial<NamespaceRequest["needs"]>;
  readonly faultsOf?: (namespace: string) => readonly Fault[];
  readonly asker?: "team" | "platform";
};

export type Change = Partial<Pick<NamespaceRequest, "access" | "policies">> & {
  readonly needs?: Partial<NamespaceRequest["needs"]>;
};
