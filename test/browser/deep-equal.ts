/** Whether two values are the same in the sense of `assert.deepStrictEqual`: structure, prototypes, `Object.is` for primitives. */
export function deepEqual(a: unknown, b: unknown, seen = new Map<object, object>()): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  if (a instanceof Map && b instanceof Map) return sameMaps(a, b, seen);
  if (a instanceof Set && b instanceof Set) return sameSets(a, b, seen);
  if (a instanceof Date && b instanceof Date && !Object.is(a.getTime(), b.getTime())) return false;
  if (a instanceof RegExp && String(a) !== String(b)) return false;
  if (a instanceof Error && b instanceof Error && (a.message !== b.message || a.name !== b.name)) return false;
  if (isBuffer(a) && isBuffer(b)) return deepEqual(new Uint8Array(a), new Uint8Array(b));
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false;
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return sameBytes(a, b);
  const [keysOfA, keysOfB] = [ownKeys(a), new Set(ownKeys(b))];
  return (
    keysOfA.length === keysOfB.size &&
    keysOfA.every((key) => keysOfB.has(key) && deepEqual(Reflect.get(a, key), Reflect.get(b, key), seen))
  );
}

/** Of two views of one kind. All but floats are the same when their bytes are; of those 0 and -0 differ too, and NaN has many forms. */
function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (a.byteLength !== b.byteLength) return false;
  if ((a instanceof Float32Array && b instanceof Float32Array) || (a instanceof Float64Array && b instanceof Float64Array)) {
    return a.every((value, index) => Object.is(value, b[index]));
  }
  const [bytesOfA, bytesOfB] = [a, b].map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  return bytesOfA.every((byte, index) => byte === bytesOfB[index]);
}

function ownKeys(value: object): (string | symbol)[] {
  return Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}

function isBuffer(value: unknown): value is ArrayBufferLike {
  return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

function sameMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>, seen: Map<object, object>): boolean {
  const same = ([key, value]: [unknown, unknown]) =>
    isObject(key)
      ? [...b].some(([otherKey, other]) => deepEqual(key, otherKey, new Map(seen)) && deepEqual(value, other, new Map(seen)))
      : b.has(key) && deepEqual(value, b.get(key), seen);
  return a.size === b.size && [...a].every(same);
}

function sameSets(a: Set<unknown>, b: Set<unknown>, seen: Map<object, object>): boolean {
  const same = (value: unknown) =>
    isObject(value) ? [...b].some((other) => deepEqual(value, other, new Map(seen))) : b.has(value);
  return a.size === b.size && [...a].every(same);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
