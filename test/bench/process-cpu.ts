import { readdirSync, readFileSync, readlinkSync } from "node:fs";

// What Linux counts a process's time in.
const ticksPerSecond = 100;

/** CPU seconds of a process and of all it has started, the ended ones too; NaN where the kernel does not say. */
export function cpuSeconds(pid: number): number {
  const processes = readdirSync("/proc").flatMap((name) =>
    /^\d+$/.test(name) ? (usage(Number(name)) ?? []) : [],
  );
  const of = (parent: number): number =>
    processes.reduce((sum, each) => (each.parent === parent ? sum + each.seconds + of(each.pid) : sum), 0);
  const own = processes.find((each) => each.pid === pid);
  return own === undefined ? Number.NaN : own.seconds + of(pid);
}

/** CPU seconds of those this process has started and that have ended; NaN where the kernel does not say. */
export function endedSeconds(): number {
  return usage(process.pid)?.ended ?? Number.NaN;
}

function usage(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name stands in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user = 0, system = 0, childrens = 0, childrensSystem = 0] = fields.slice(11, 15).map(Number);
    const ended = (childrens + childrensSystem) / ticksPerSecond;
    return { pid, parent: Number(fields[1]), seconds: (user + system) / ticksPerSecond + ended, ended };
  } catch {
    return undefined;
  }
}

/** The process that listens on a port of this machine; `undefined` where nobody can be seen to. */
export function listener(port: number): number | undefined {
  const wanted = `socket:[${inode(port)}]`;
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .find((pid) => sockets(pid).includes(wanted));
  } catch {
    return undefined;
  }
}

const listening = "0A";

function inode(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of lines(table)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hex}`) && fields[3] === listening) return fields[9];
    }
  }
  return undefined;
}

function lines(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}

function sockets(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
