/** Array types of Postgres as they travel in binary: by the type id of their elements. */
const elementTypes = { bool: 16, bytea: 17, text: 25, uuid: 2950 } as const;

const headerBytes = 20;

/**
 * A one-dimensional array without nulls, as Postgres reads it in binary. `pg` sends a Buffer
 * as it is; a list of Buffers it would send as hexadecimal text, which takes both sides
 * longer than the rest of a publish (40k against 57k rows a second).
 */
export function binaryArray(type: keyof typeof elementTypes, items: readonly Uint8Array[]): Buffer {
  const bytes = items.reduce((sum, item) => sum + 4 + item.byteLength, headerBytes);
  const buffer = Buffer.allocUnsafe(bytes);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(0, 4);
  buffer.writeInt32BE(elementTypes[type], 8);
  buffer.writeInt32BE(items.length, 12);
  buffer.writeInt32BE(1, 16);
  let at = headerBytes;
  for (const item of items) {
    buffer.writeInt32BE(item.byteLength, at);
    buffer.set(item, at + 4);
    at += 4 + item.byteLength;
  }
  return buffer;
}

export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll("-", ""), "hex");
