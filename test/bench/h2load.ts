import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findH2load } from "../../stack/h2load.ts";
import { machine } from "../../stack/lookup.ts";
import { type Load, timing } from "./load.ts";
import { endedSeconds } from "./process-cpu.ts";

/** One gRPC call, as bytes, made over and over. */
export type Shot = {
  readonly address: string;
  readonly path: string;
  readonly message: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
};

export type Shots = { readonly calls: number; readonly inFlight: number };

export type Shoot = (shot: Shot, shots: Shots) => Promise<Load>;

/** Load from a process that costs next to nothing; `undefined` where it is not installed (`prism doctor`). */
export async function h2load(): Promise<Shoot | undefined> {
  const program = await findH2load(machine(process.env));
  return program === undefined ? undefined : (shot, shots) => shoot(program, shot, shots);
}

// Its answers are HTTP's, so that whoever asks has to count gRPC's elsewhere.
async function shoot(program: string, shot: Shot, { calls, inFlight }: Shots): Promise<Load> {
  const folder = await mkdtemp(join(tmpdir(), "prism-h2load-"));
  const [body, log] = [join(folder, "body"), join(folder, "log")];
  try {
    await writeFile(body, framed(shot.message));
    const headers = { "content-type": "application/grpc", te: "trailers", ...shot.headers };
    const end = timing();
    const before = endedSeconds();
    const said = await run(program, [
      ...["-n", String(calls), "-c", "1", "-m", String(inFlight), "-t", "1", "-d", body, "--log-file", log],
      ...Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
      `http://${shot.address}${shot.path}`,
    ]);
    const { perSecond } = end(calls);
    const seconds = Number(/finished in ([\d.]+)s/.exec(said)?.[1] ?? calls / perSecond);
    const cpuMicros = ((endedSeconds() - before) * 1e6) / calls;
    return {
      perSecond: calls / seconds,
      cpuMicros,
      latenciesMs: answered(await readFile(log, "utf8"), calls),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A message as gRPC sends it: uncompressed, its length before it. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}

/** Each line of its log: when a call began, its HTTP status, how many microseconds it took. */
function answered(log: string, calls: number): Float64Array {
  const lines = log.trim().split("\n");
  const took = lines.flatMap((line) => {
    const [, status, micros] = line.split("\t");
    return status === "200" ? [Number(micros) / 1_000] : [];
  });
  if (took.length !== calls) throw new Error(`of ${calls} calls ${took.length} were answered`);
  return Float64Array.from(took).sort();
}

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk;
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(said) : reject(new Error(`h2load ended with ${code}: ${said.slice(-500)}`)),
    );
  });
}
