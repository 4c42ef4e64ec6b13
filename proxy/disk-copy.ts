import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Snapshot, SnapshotSchema } from "../proto/gen/prism/control/v1/control_pb.js";
import type { Log } from "../runtime/log.ts";

/** The directory as a proxy last knew it, and until when (Unix milliseconds) its lease ran then. */
export type Copy = { readonly snapshot: Snapshot; readonly leaseUntilMs: number };

export interface DiskCopy {
  /** Resolves when it would survive a crash. Calls take effect in their order. */
  save(copy: Copy): Promise<void>;
  /** There is none any more, also after a crash, once it resolves; in the same order. */
  forget(): Promise<void>;
  /** `undefined`: there is none, or none that can be trusted. */
  load(): Promise<Copy | undefined>;
}

// magic, CRC-32 of all that follows, lease's end, protobuf
const magic = Buffer.from("PRD1");
const headerBytes = 16;

/** Lets a restarted proxy serve while the control plane is away. Holds no secrets, and yet only its owner reads it. */
export function diskCopy({ folder, log }: { folder: string; log: Log }): DiskCopy {
  const file = join(folder, "directory");
  let last = Promise.resolve();

  const write = async (copy: Copy): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = `${file}.new`;
    const handle = await open(temporary, "w", 0o600);
    try {
      await handle.writeFile(encodeCopy(copy));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncFolder();
  };

  const syncFolder = async (): Promise<void> => {
    const directory = await open(folder, "r");
    await directory.sync().finally(() => directory.close());
  };

  const inOrder = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };

  return {
    save: (copy) => inOrder(() => write(copy)),
    forget: () =>
      inOrder(async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await rm(file, { force: true });
        await syncFolder();
      }),
    async load() {
      const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT")
          log.warn({ file, error: error.message }, "cannot read the directory's copy");
        return undefined;
      });
      if (bytes === undefined) return undefined;
      const copy = decodeCopy(bytes);
      if (copy === undefined) log.warn({ file }, "the directory's copy is damaged and not used");
      return copy;
    },
  };
}

export function encodeCopy({ snapshot, leaseUntilMs }: Copy): Buffer {
  const body = toBinary(SnapshotSchema, snapshot);
  const bytes = Buffer.alloc(headerBytes + body.length);
  magic.copy(bytes);
  bytes.writeDoubleBE(leaseUntilMs, 8);
  bytes.set(body, headerBytes);
  bytes.writeUInt32BE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** `undefined`: these are not the bytes that were written. */
export function decodeCopy(bytes: Buffer): Copy | undefined {
  if (bytes.length < headerBytes || !bytes.subarray(0, 4).equals(magic)) return undefined;
  if (bytes.readUInt32BE(4) !== crc32(bytes.subarray(8))) return undefined;
  try {
    return {
      leaseUntilMs: bytes.readDoubleBE(8),
      snapshot: fromBinary(SnapshotSchema, bytes.subarray(headerBytes)),
    };
  } catch {
    return undefined;
  }
}
