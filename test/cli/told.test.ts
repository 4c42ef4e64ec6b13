import { expect, it, vi } from "vitest";
import { messageCommands } from "../../cli/messages.ts";
import { told } from "../../cli/told.ts";
import { developmentToken } from "../../runtime/auth.ts";
import { answered } from "./answered.ts";

/** What a person reads of this failure, and the exit code. */
function toldOf(error: unknown) {
  let said = "";
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += text;
    return true;
  });
  try {
    return { code: told(error), said };
  } finally {
    write.mockRestore();
  }
}
const failure = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => expect.fail("it was done"),
    (error) => error,
  );

it("an issuer that is no file is told with its cure, and without a stack", async () => {
  const error = await failure(developmentToken("/nope", { subject: "user:a", ttlSeconds: 1 }));
  const { code, said } = toldOf(error);
  expect(code).toBe(1);
  expect(said).toMatch(/^INVALID_CONFIGURATION: .*\/nope\n {2}at: PRISM_DEV_ISSUER\n {2}do: .*\n$/);
});

it("a file to publish that is not there is wrong usage", async () => {
  const line = ["publish", "orders", "topic", "--file", "/nope"];
  const { error } = await answered(
    (program, context) => messageCommands(program, context),
    line,
    () => ({}),
  );
  expect(toldOf(error)).toMatchObject({ code: 2, said: expect.stringMatching(/^cannot read \/nope: .*\n$/) });
});

it("our own bug is thrown on, with its stack", () => {
  expect(() => told(new TypeError("undefined is not a function"))).toThrow(TypeError);
});
