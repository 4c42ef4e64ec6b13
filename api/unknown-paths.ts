import type { FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { PrismError } from "../domain/errors.ts";

type Known = { readonly pattern: RegExp; readonly method: string };

/**
 * What is answered where no route is: 405 and `Allow` for a path that takes other methods, else 404.
 * `learn` has to hear of every route.
 */
export function unknownPaths() {
  const known: Known[] = [];
  const learn = ({ method, url }: Pick<RouteOptions, "method" | "url">): void => {
    const pattern = new RegExp(`^${url.split("/").map(segment).join("/")}/?$`);
    for (const one of [method].flat()) known.push({ pattern, method: one });
  };

  const answer = (request: FastifyRequest, reply: FastifyReply): never => {
    const path = request.url.split("?")[0] ?? "";
    const allowed = [
      ...new Set(known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
    ];
    if (allowed.length === 0) {
      throw new PrismError("NOT_FOUND", `There is no ${request.method} ${path}`, {
        details: { recommendation: "See /docs for what there is" },
      });
    }
    reply.header("allow", allowed.sort().join(", "));
    throw new PrismError("METHOD_NOT_ALLOWED", `${path} takes no ${request.method}`, {
      details: { field: "method", supported_values: allowed },
    });
  };

  return { learn, answer };
}

const segment = (text: string): string =>
  text.startsWith(":") ? "[^/]+" : text === "*" ? ".*" : text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
