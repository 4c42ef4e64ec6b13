import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { fastify, LogController } from "fastify";
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { type ErrorCode, PrismError } from "../domain/errors.ts";
import type { Authority, Caller } from "../runtime/auth.ts";
import type { Log } from "../runtime/log.ts";
import { answerError } from "./http-errors.ts";
import { requestSpans } from "./tracing.ts";
import { unknownPaths } from "./unknown-paths.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who is calling; `UNAUTHENTICATED` is thrown where nobody is signed in. */
    caller(): Promise<Caller>;
    /** The code of the error that it is answered with. */
    refusedWith: ErrorCode | null;
  }
  interface FastifyInstance {
    /** Aborts when the server is about to close. */
    readonly stopping: AbortSignal;
    /** Answers where no route is. */
    readonly answerUnknown: ReturnType<typeof unknownPaths>["answer"];
  }
}

export type HttpServer = Awaited<ReturnType<typeof httpServer>>;

const bodyLimitBytes = 1024 * 1024;

/** REST as `api.md` §3 has it, with its description at `/openapi.json` and `/docs`. Routes are added by the caller. */
export async function httpServer({ authority, log }: { authority: Authority; log: Log }) {
  const server = fastify({
    loggerInstance: log,
    // Refusals and failures are logged where they are answered; a line a request says nothing more.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    // What the router itself refuses, before there is a route.
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    requestIdHeader: "x-request-id",
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler(answerError);
  server.decorateRequest("refusedWith", null);
  const unknown = unknownPaths();
  server.addHook("onRoute", unknown.learn);
  server.decorate("answerUnknown", unknown.answer);
  server.setNotFoundHandler(unknown.answer);
  const stopping = new AbortController();
  server.decorate("stopping", stopping.signal);
  // Streams end of their own accord: a stop would wait for their callers to hang up.
  server.addHook("preClose", async () => stopping.abort());
  server.addHook("onRequest", async (request, reply) => {
    const { url } = request;
    // No name, cursor or key holds it, and Postgres does not take it.
    if (url.includes("%00"))
      throw new PrismError("INVALID_CONFIGURATION", "The address holds NUL", {
        details: { field: "request" },
      });
    // Where people sign in, they do so first.
    if (request.is404 && !url.startsWith("/api/")) unknown.answer(request, reply);
  });
  const spans = requestSpans();
  if (spans !== undefined) {
    server.addHook("preValidation", spans.begin);
    server.addHook("onResponse", spans.end);
  }
  server.decorateRequest("caller", function () {
    return authority.caller(this.headers.authorization);
  });
  // Bodies stay text here: YAML and JSON are read by one reader that knows lines and columns.
  server.removeAllContentTypeParsers();
  const textual = ["application/json", "application/yaml", "application/merge-patch+json"];
  server.addContentTypeParser(textual, { parseAs: "string" }, (_request, body, done) => done(null, body));

  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Prism",
        version: "0.1.0",
        description: "Teams say what they need; Prism decides how, provisions it, and serves the traffic.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/" }],
      security: [{ bearer: [] }],
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } } },
      tags: [
        { name: "namespaces", description: "What teams ask for and get." },
        { name: "operations", description: "What Prism does about it." },
        { name: "operator", description: "Health and metrics of this process." },
      ],
    },
    transform: jsonSchemaTransform,
  });
  await server.register(swaggerUi, { routePrefix: "/docs" });
  return server;
}
