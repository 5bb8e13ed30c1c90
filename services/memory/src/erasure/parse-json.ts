// JSON that somebody else wrote, or that is no JSON.

/** The value, or undefined where `text` is not JSON. */
export function parseJson(text: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : Buffer.from(text).toString());
  } catch {
    return undefined;
  }
}
