import type { Json, JsonObject } from "../json.ts";
import { type ClientApi, clientApis } from "../plan.ts";
import { requestKind, requestPaths } from "./document.ts";
import { isObject, own } from "./fields.ts";
import { rfc027Form } from "./forms.ts";
import type {
  Access,
  BackendWish,
  CacheWish,
  CdcWish,
  NamespaceRequest,
  Needs,
  PatternWish,
  Policies,
} from "./request.ts";
import type { Violation } from "./violation.ts";

/**
 * As much of a request as could be read. A field that is wrong is absent, so that the
 * rules can still judge all the others; what was left out has its default.
 */
export type Draft = {
  readonly namespace?: string;
  readonly team?: string;
  readonly client_api?: ClientApi;
  readonly needs: Partial<Needs>;
  readonly access?: Access;
  readonly policies: Partial<Policies>;
  readonly cache?: Partial<CacheWish>;
  readonly cdc?: Partial<CdcWish>;
  readonly patterns?: readonly Partial<PatternWish>[];
  readonly backend?: Partial<BackendWish>;
  readonly approval?: NonNullable<NamespaceRequest["approval"]>;
  /** What the document itself holds, right or wrong, before defaults: paths such as `needs.ttl`, `cache`. */
  readonly given: ReadonlySet<string>;
};

/** More than anybody reads: a document of nothing but errors should not be answered with a larger one. */
const mostViolations = 1000;

/** Reads a document of any form, and says everything that is wrong with its shape. */
export function readDocument(
  written: Json,
  options: { team?: string | undefined } = {},
): { draft: Draft | undefined; violations: readonly Violation[] } {
  const violations: Violation[] = [];
  const report = (violation: Violation): void => {
    if (violations.length < mostViolations) violations.push(violation);
  };
  const document = rfc027Form(written, options, report);
  if (document === undefined) return { draft: undefined, violations };

  const api = clientApis.find((name) => name === own(document, "client_api"));
  const read = requestKind.read(document, "", { report, api, paths: requestPaths }) as Omit<Draft, "given">;
  const draft = {
    ...read,
    needs: read.needs ?? {},
    policies: read.policies ?? {},
    given: givenPaths(document),
  };
  return { draft, violations };
}

function givenPaths(document: JsonObject): ReadonlySet<string> {
  const needs = own(document, "needs");
  const needed = isObject(needs) ? Object.keys(needs).map((name) => `needs.${name}`) : [];
  return new Set([...Object.keys(document), ...needed]);
}

/** A draft nothing is wrong with is the request. */
export function asRequest({ given: _, ...request }: Draft): NamespaceRequest {
  return request as NamespaceRequest;
}
