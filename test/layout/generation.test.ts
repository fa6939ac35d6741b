import assert from "node:assert/strict";
import { test } from "node:test";
import { canGenerate, className, composed, Source } from "../../src/layout/generation.ts";

const skip = canGenerate() ? false : "no code can be generated here";

test("equal texts are compiled as different sources, named in stack traces", { skip }, () => {
  const where = (): string => {
    const fail = new Source().run("Point of (no) return", "return () => { throw new Error(); };");
    assert.ok(typeof fail === "function");
    try {
      fail();
    } catch (error) {
      assert.ok(error instanceof Error);
      return /offheap\/[^\s):]+/.exec(error.stack ?? "")?.[0] ?? "";
    }
    return assert.fail("it throws");
  };
  const [first, second] = [where(), where()];
  assert.match(first, /^offheap\/Point-of-no-return\.\d+\.js$/);
  assert.notEqual(first, second);
});

test("a value gets one name, and the text reaches it by that", { skip }, () => {
  const source = new Source();
  const value = { n: 5 };
  const name = source.bind(value);
  assert.equal(source.bind(value), name);
  assert.notEqual(source.bind({ n: 5 }), name);
  assert.equal(source.run("test", `return ${name};`), value);
});

test("classes are called as their struct where that is a name, and never as something that the text uses", () => {
  assert.equal(className("Particle", "View"), "Particle");
  for (const name of ["a b", "", "class", "undefined", "c0", "c17", "1st", "x;y", "eval"])
    assert.equal(className(name, "View"), "View");
});

test("composed lasts as long as its function, also when that throws", () => {
  const before = canGenerate();
  assert.equal(composed(canGenerate), false);
  assert.throws(() =>
    composed(() => {
      throw new Error("stop");
    }),
  );
  assert.equal(canGenerate(), before);
});
