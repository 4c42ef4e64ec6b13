import { type Answer, decode, encode, type Packet, TRUNCATED_RESPONSE } from "dns-packet";

// How much a datagram may hold (RFC 1035); more where the question says so, but never what a network would cut.
const plainBytes = 512;
const mostBytes = 1_232;
// What a query needs is a fraction of this; what it may make work is as its square.
const mostQueryBytes = 4_096;

/** `undefined`: it is no query, and gets no answer. */
export function understood(message: Buffer): Packet | undefined {
  if (message.byteLength > mostQueryBytes) return undefined;
  try {
    const packet = decode(message);
    return packet.type === "query" ? packet : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What a query asks, where it asks one thing. All that is asked is repeated in the answer, and written
 * out there: of many questions, or a name that is no text, a small query would make a large answer.
 */
export function onlyQuestion({ questions = [] }: Packet) {
  const [question, ...more] = questions;
  if (question === undefined || more.length > 0) return undefined;
  return Buffer.byteLength(question.name) === question.name.length ? question : undefined;
}

/** Who speaks EDNS is answered in it. */
export const extension = (query: Packet): Answer[] =>
  asksWith(query) === undefined
    ? []
    : [
        {
          name: ".",
          type: "OPT",
          udpPayloadSize: mostBytes,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ];

/** How much whoever asks can take in one datagram. */
export function roomOf(query: Packet): number {
  const asked = asksWith(query);
  const room = asked !== undefined && "udpPayloadSize" in asked ? asked.udpPayloadSize : plainBytes;
  return Math.min(mostBytes, Math.max(plainBytes, room));
}

/** At most `roomBytes`: what does not fit is left out, and said to be. */
export function fitting(answer: Packet, roomBytes: number): Buffer {
  const whole = encode(answer);
  if (whole.byteLength <= roomBytes) return whole;
  const additionals = (answer.additionals ?? []).filter(({ type }) => type === "OPT");
  const bare = encode({ ...answer, additionals });
  if (bare.byteLength <= roomBytes) return bare;
  return encode({ ...answer, flags: (answer.flags ?? 0) | TRUNCATED_RESPONSE, answers: [], additionals });
}

const asksWith = ({ additionals = [] }: Packet): Answer | undefined =>
  additionals.find(({ type }) => type === "OPT");
