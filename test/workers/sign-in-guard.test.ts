/** Guessing keys is throttled per address and in total, through evictions. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { signIn } from "../../workers/api/auth/sign-in.ts";
import { ADDRESS_POLICY, GLOBAL_POLICY, TRUST_MS } from "../../workers/domain/auth/sign-in-throttle.ts";
import { ADMINISTRATOR_KEY, testEnv } from "../support/worker-api.ts";

const START = Date.UTC(2026, 10, 22, 12);
let guards = 0;
const guard = () => env.SIGN_IN_GUARD.getByName(`test-${++guards}`);

async function rowsOf(stub: ReturnType<typeof guard>): Promise<string[]> {
  return runInDurableObject(stub, (_, { storage }) =>
    storage.sql
      .exec<{ address: string }>("SELECT address FROM attempts ORDER BY address")
      .toArray()
      .map(({ address }) => address),
  );
}

describe("the guard", () => {
  it("counts parallel guesses one by one", async () => {
    const stub = guard();
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, () => stub.judge("192.0.2.1", false, START)),
    );
    expect(verdicts.filter(({ result }) => result === "wrong")).toHaveLength(ADDRESS_POLICY.free);
  });

  it("keeps its counts after an eviction", async () => {
    const stub = guard();
    for (let n = 0; n < ADDRESS_POLICY.free; n++) await stub.judge("192.0.2.1", false, START);
    await evictDurableObject(stub);
    expect(await stub.judge("192.0.2.1", true, START)).toEqual({
      result: "slow_down",
      retryAfterSeconds: 1,
    });
    expect(await stub.judge("192.0.2.1", true, START + 1_000)).toEqual({ result: "allowed" });
  });

  it("counts the addresses of one IPv6 network together, and others separately", async () => {
    const stub = guard();
    for (let n = 0; n < ADDRESS_POLICY.free; n++) await stub.judge(`2001:db8::${n + 1}`, false, START);
    expect((await stub.judge("2001:db8::ffff", true, START)).result).toBe("slow_down");
    expect((await stub.judge("2001:db8:0:1::1", true, START)).result).toBe("allowed");
  });

  it("throttles all but trusted addresses when many addresses guess", async () => {
    const stub = guard();
    expect((await stub.judge("192.0.2.99", true, START)).result).toBe("allowed");
    for (let n = 0; n < GLOBAL_POLICY.free; n++) await stub.judge(`198.51.100.${n}`, false, START);
    expect((await stub.judge("203.0.113.1", true, START)).result).toBe("slow_down");
    expect((await stub.judge("192.0.2.99", true, START)).result).toBe("allowed");
  });

  it("deletes expired rows by alarm, and no others", async () => {
    const stub = guard();
    const now = Date.now();
    await stub.judge("192.0.2.1", false, now - ADDRESS_POLICY.forgetAfterMs);
    await stub.judge("192.0.2.2", true, now - ADDRESS_POLICY.forgetAfterMs);
    await stub.judge("192.0.2.3", true, now - TRUST_MS);
    await stub.judge("192.0.2.4", false, now);
    expect(await rowsOf(stub)).toHaveLength(5);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await rowsOf(stub)).toEqual(["*", "192.0.2.2", "192.0.2.4"]);
    expect(await runDurableObjectAlarm(stub), "it stays armed while there is something").toBe(true);
  });
});

describe("signing in with wrong keys", () => {
  const attempt = (key: string, address: string, now: number) => signIn(testEnv(), { key, address }, now);

  it("is throttled from the sixth on; then the right key waits too, and succeeds afterwards", async () => {
    const now = Date.now();
    for (let n = 0; n < ADDRESS_POLICY.free; n++)
      expect((await attempt("wrong", "203.0.113.50", now)).result).toBe("wrong");
    const slowed = await attempt(ADMINISTRATOR_KEY, "203.0.113.50", now);
    expect(slowed).toMatchObject({ result: "slow_down", retryAfterSeconds: 1 });
    expect(slowed).toMatchObject({ message: expect.stringContaining("1 s") as string });
    expect((await attempt(ADMINISTRATOR_KEY, "203.0.113.51", now)).result).toBe("signed_in");
    expect((await attempt(ADMINISTRATOR_KEY, "203.0.113.50", now + 1_000)).result).toBe("signed_in");
  });

  it("writes no key into the object's storage", async () => {
    await attempt("a-wrong-key-to-look-for", "203.0.113.60", Date.now());
    const stored = await runInDurableObject(env.SIGN_IN_GUARD.getByName("sign-in"), (_, { storage }) =>
      JSON.stringify(storage.sql.exec("SELECT * FROM attempts").toArray()),
    );
    expect(stored).toContain("203.0.113.60");
    expect(stored).not.toContain("a-wrong-key-to-look-for");
  });
});
