import { loadRival } from "../harness.ts";

export interface PoolPeer {
  readonly name: string;
  /** Gives every object back and takes another, in the order given. */
  readonly replace?: () => void;
  /** Why there is none. */
  readonly reason?: string;
}

/** Object pools of npm that hold as many objects as `order` is long. */
export async function poolPeers<T>(make: () => T, order: Int32Array): Promise<PoolPeer[]> {
  return [await peer("@smikhalevski/object-pool", () => objectPool(make, order)), await peer("yapool", () => yapool(make, order))];
}

async function peer(name: string, load: () => Promise<() => void>): Promise<PoolPeer> {
  try {
    return { name, replace: await load() };
  } catch (error) {
    return { name, reason: error instanceof Error ? error.message : String(error) };
  }
}

async function objectPool<T>(make: () => T, order: Int32Array): Promise<() => void> {
  const { ObjectPool } = await loadRival("@smikhalevski/object-pool");
  const pool = new ObjectPool(make);
  const held = Array.from(order, () => pool.take());
  return () => {
    for (let k = 0; k < order.length; k++) {
      const place = order[k];
      pool.release(held[place]);
      held[place] = pool.take();
    }
  };
}

async function yapool<T>(make: () => T, order: Int32Array): Promise<() => void> {
  const Pool = await loadRival("yapool");
  const pool = new Pool<T>();
  const held = Array.from(order, make);
  for (const object of held) pool.add(object);
  return () => {
    for (let k = 0; k < order.length; k++) {
      const place = order[k];
      pool.remove(held[place]);
      held[place] = make();
      pool.add(held[place]);
    }
  };
}
