import type { PatternType, Resource, Selection } from "../plan.ts";
import type { Access, NamespaceRequest } from "../request/request.ts";
import type { Failure } from "./events.ts";

/** What an operation asks of a namespace. All name their operation: another one's commands are refused. */
export type NamespaceCommand =
  | {
      readonly type: "RequestNamespace";
      readonly operation: string;
      readonly request: NamespaceRequest;
      readonly workflow: { readonly id: string; readonly run_id: string };
    }
  | { readonly type: "SelectPlan"; readonly operation: string; readonly selection: Selection }
  | { readonly type: "AssignShard"; readonly operation: string; readonly shard: string }
  | {
      readonly type: "IntendResource";
      readonly operation: string;
      readonly resource: Resource;
      readonly sawAbsent: boolean;
    }
  | {
      readonly type: "ConfirmResource";
      readonly operation: string;
      readonly resource: Resource;
      readonly identity: string;
    }
  | {
      readonly type: "ReportStepFailure";
      readonly operation: string;
      readonly step: string;
      readonly attempt: number;
      readonly error: Failure;
      readonly willRetry: boolean;
    }
  | {
      readonly type: "ConfigurePatterns";
      readonly operation: string;
      readonly patterns: readonly { readonly type: PatternType; readonly enforced: boolean }[];
    }
  | { readonly type: "ConfigureAccess"; readonly operation: string; readonly access: Access }
  | {
      readonly type: "RegisterProxies";
      readonly operation: string;
      readonly directoryVersion: string;
      readonly proxies: readonly string[];
    }
  | {
      readonly type: "ConfirmProbe";
      readonly operation: string;
      readonly proxy: string;
      readonly messageId: string;
      readonly tookMs: number;
    }
  | { readonly type: "ActivateNamespace"; readonly operation: string }
  | {
      readonly type: "ConfirmRemoval";
      readonly operation: string;
      readonly resource: Resource;
      readonly removed: boolean;
    }
  | {
      readonly type: "FailNamespace";
      readonly operation: string;
      readonly error: Failure;
      /** Names of resources that could not be removed; empty: nothing is left behind. */
      readonly blocked: readonly string[];
    };

export type Command<Type extends NamespaceCommand["type"]> = Extract<NamespaceCommand, { type: Type }>;
