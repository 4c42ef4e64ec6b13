import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process, and not merely a number: the kernel gives a dead process's pid to the next one. */
export type ProcessId = { readonly pid: number; readonly startTime: string };

/** The identity of a living process; undefined once it is gone (a zombie is gone). */
export function processId(pid: number): ProcessId | undefined {
  const startTime = process.platform === "linux" ? fromProc(pid) : fromPs(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export const alive = ({ pid, startTime }: ProcessId): boolean => processId(pid)?.startTime === startTime;

export function self(): ProcessId {
  const id = processId(process.pid);
  if (id === undefined) throw new Error("this process cannot find itself in the process table");
  return id;
}

function fromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name stands in brackets and may hold anything, brackets included.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "X") return undefined;
    // The first thread of a killed process may be a zombie while others still hold its ports.
    if (fields[0] === "Z" && readdirSync(`/proc/${pid}/task`).length <= 1) return undefined;
    return fields[19];
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): string | undefined {
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    };
    const [status, ...started] = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], options)
      .trim()
      .split(/\s+/);
    return status === undefined || status.startsWith("Z") ? undefined : started.join(" ");
  } catch {
    return undefined;
  }
}
