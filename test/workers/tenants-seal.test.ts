/** Sealed credentials: only the right key in the right context opens them. */
import { describe, expect, it } from "vitest";
import { open, seal, SEALED_FIELDS, SealError } from "../../workers/runtime/seal.ts";

const keyOf = (letter: string) => btoa(letter.repeat(32));
const config = { CREDENTIAL_KEYS: `new:${keyOf("n")},old:${keyOf("o")}` };
const {
  "TENANTS.domain": atTheEdge,
  "accounts.credential": inPostgres,
  "domains.slack_webhook": webhook,
} = SEALED_FIELDS;
const place = atTheEdge("team.example", "acme");
const secret = "sk-ant-api03-ü-secret";

describe("seal and open", () => {
  it("return the text", () => {
    const sealed = seal(config, secret, place);
    expect(sealed.keyId).toBe("new");
    expect(JSON.stringify(sealed)).not.toContain("secret");
    expect(open(config, sealed, place)).toBe(secret);
  });

  it("never give the same ciphertext twice", () => {
    const [a, b] = [seal(config, secret, place), seal(config, secret, place)];
    expect(a.data).not.toBe(b.data);
    expect(a.iv).not.toBe(b.iv);
  });

  it("open with an older key after rotation, and name the missing key after its removal", () => {
    const sealed = seal({ CREDENTIAL_KEYS: `old:${keyOf("o")}` }, secret, place);
    expect(open(config, sealed, place)).toBe(secret);
    expect(() => open({ CREDENTIAL_KEYS: `new:${keyOf("n")}` }, sealed, place)).toThrow(/named old/);
  });

  it("read keys in either base64 alphabet", () => {
    const bytes = String.fromCharCode(...Array.from({ length: 32 }, (_, index) => 255 - index));
    const base64 = btoa(bytes);
    const url = base64.replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
    expect(url).not.toBe(base64);
    const sealed = seal({ CREDENTIAL_KEYS: `k:${base64}` }, secret, place);
    expect(open({ CREDENTIAL_KEYS: `k:${url}` }, sealed, place)).toBe(secret);
  });

  it.each([
    ["another domain", atTheEdge("other.example", "acme")],
    ["another account", atTheEdge("team.example", "other")],
    ["the account's own copy", inPostgres("acme")],
    ["another field of the domain", webhook("team.example")],
    ["a pair that only reads the same when glued", atTheEdge("team.exampleac", "me")],
  ])("do not open for %s", (_, elsewhere) => {
    const sealed = seal(config, secret, place);
    expect(() => open(config, sealed, elsewhere)).toThrow(SealError);
  });

  it("reject changed data without revealing its content", () => {
    const sealed = seal(config, secret, place);
    const flipped = sealed.data.startsWith("A") ? `B${sealed.data.slice(1)}` : `A${sealed.data.slice(1)}`;
    for (const changed of [
      { ...sealed, data: flipped },
      { ...sealed, data: "" },
      { ...sealed, iv: btoa("x".repeat(12)) },
    ]) {
      const failure = () => open(config, changed, place);
      expect(failure).toThrow(SealError);
      expect(failure).not.toThrow(/sk-ant/);
    }
  });
});
