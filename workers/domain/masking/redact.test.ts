import { describe, expect, test } from "vitest";
import { visibleText } from "../fence.ts";
import { maskPersonalData } from "./personal-data.ts";
import { isSecretName, mayBeSecretName, redact, redactQuery } from "./redact.ts";

// Put together here, so that no scanner takes the tests for a leak.
const vendorKey = `sk-${"ant"}-api03-${"Ab1_-".repeat(18)}AA`;
const clientKey = `cnp_${"live"}_${"aB3-_".repeat(8)}xyz`;

describe("redactQuery", () => {
  test.each([
    ["?beta=true&limit=20&after_id=msgbatch_1", "?beta=true&limit=20&after_id=msgbatch_1"],
    ["?token=a&x=1;api_key=b", "?token=***&x=1;api_key=***"],
    [
      "?tok%65n=a&%74%6f%6b%65%6e=b&a%255Fto%256Ben=c",
      "?tok%65n=***&%74%6f%6b%65%6e=***&a%255Fto%256Ben=***",
    ],
    [
      "?auth.token=a&a[password]=b&token[]=c&token%5B0%5D=d",
      "?auth.token=***&a[password]=***&token[]=***&token%5B0%5D=***",
    ],
    [
      "?X-Amz-Signature=a&sig=b&code=c&user=d&email=e",
      "?X-Amz-Signature=***&sig=***&code=***&user=***&email=***",
    ],
    ["?url=https%3A%2F%2Fme%3Apw%40a.example&n=1", "?url=***&n=1"],
    ["?q=Bearer%20abcdef", "?q=***"],
    [`?x=${vendorKey}&${vendorKey}`, "?x=***&***"],
    ["", ""],
    ["?", "?"],
    ["?a&b=&=c", "?a&b=&=c"],
  ])("%j is stored as %j", (query, stored) => {
    expect(redactQuery(query)).toBe(stored);
    expect(redactQuery(stored)).toBe(stored);
  });
});

describe("redact", () => {
  test.each([
    ["a vendor key", vendorKey],
    ["a vendor login", `sk-${"ant"}-oat01-${"Zz9".repeat(20)}`],
    ["a client key", clientKey],
    ["a test client key", clientKey.replace("live", "test")],
  ])("masks %s wherever it stands", (_, secret) => {
    for (const text of [
      secret,
      `key ${secret}, used`,
      `{"k":"${secret}"}`,
      `(${secret})`,
      `a=${secret}&b=1`,
    ]) {
      const masked = redact(text);
      expect(masked).not.toContain(secret);
      expect(masked).not.toContain(secret.slice(-8));
      expect(masked).toContain("***");
    }
  });

  test.each([
    ["a Google key", `AI${"za"}SyA-1234567890abcdefghij`],
    ["a GitHub token", `gh${"p"}_${"a1".repeat(18)}`],
    ["a JSON web token", `ey${"J"}hbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln`],
  ])("masks %s", (_, secret) => {
    for (const text of [secret, `(${secret})`, `"${secret}"`])
      expect(redact(text)).not.toContain(secret.slice(-4));
  });

  test("leaves the kind of a key to be seen", () => {
    expect(redact(`bad key ${vendorKey}.`)).toMatch(
      /^bad key sk-ant-[\w-]*\*\*\*\.$|^bad key sk-ant-\*\*\*\.$/,
    );
    expect(redact(clientKey)).toBe("cnp_live_***");
  });

  test.each([
    ["Authorization: Bearer abc.def-123", "Authorization: Bearer ***"],
    ["bearer x", "bearer ***"],
    ['{"authorization":"Bearer t0k/en+x=="}', '{"authorization":"Bearer ***"}'],
    ["Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"],
    ["x-api-key: 0123456789", "x-api-key: ***"],
    ["Cookie: a=b; c=d\nnext: line", "Cookie: ***\nnext: line"],
    ['"set-cookie":"a=b; Secure"', '"set-cookie":"***"'],
    ["authorization: AWS4-HMAC-SHA256 Credential=abc", "authorization: ***"],
    ['"api_key": "0123456789"', '"api_key": "***"'],
    ["postgres://ann:pa/ss?word@db.example/x", "postgres://***@db.example/x"],
    ["https://ann:pass@example.com/a", "https://***@example.com/a"],
    ["https://ann%40example.com:pass@example.com", "https://***@example.com"],
    ["GET /a?token=1234&b=2", "GET /a?token=***&b=2"],
    ["/a?x=1&api_key=abc#frag", "/a?x=1&api_key=***#frag"],
    ["/login?email=ann@example.com&password=p", "/login?email=***&password=***"],
    ["https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/***"],
  ])("masks %j", (text, masked) => {
    expect(redact(text)).toBe(masked);
  });

  test.each([
    "invalid x-api-key",
    "Invalid bearer token",
    'Bearer realm="Nexus"',
    "OAuth authentication is currently not supported.",
    "Basic authentication is not supported",
    "This request would exceed your organization's rate limit of 80,000 input tokens per minute",
    "https://docs.claude.com/en/api/errors?page=2",
    "claude-cli/2.1.330 (external, sdk-cli)",
    "max_tokens: 128000 > 64000",
    "a risk-taking task-force",
    "gzip, deflate, br, zstd",
  ])("leaves %j alone", (text) => {
    expect(redact(text)).toBe(text);
  });

  test("does the same twice as once", () => {
    const text = `Bearer ${vendorKey} https://a:b@c?key=${clientKey} x-api-key: ${vendorKey} Basic dXNlcjpwYXNz`;
    expect(redact(redact(text))).toBe(redact(text));
  });

  test("is linear on texts made to be slow", () => {
    const start = performance.now();
    for (const piece of [
      "a://",
      "Bearer ",
      "?keykeykey",
      "eyJaaaaaaaa.",
      "sk-",
      "api_key",
      "https://a:a",
      "Basic a",
      "password:",
      "password=a",
      `"token":"a`,
      `-----BEGIN PRIVATE ${"KEY"}-----`,
      " --token a",
      " -u a",
      "login a password ",
      "authorization:a ",
      "cookie:a=",
      "npm_a1",
      "\\\\n",
      "[32m",
      "mysql -",
      "password: 'a b ",
      "define('",
      "\u001b[0",
      "\u001b]0;",
      "auth=YTp",
      "M-a.",
      "1 2345 6789",
      "a@a.a",
      "AA11 ",
    ]) {
      maskPersonalData(redact(visibleText(piece.repeat(20_000))));
    }
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

const SECRET_NAMES =
  "token secret secrets secretvalue password passwd passphrase pwd apikey apikeys accesskey accountkey privatekeypem signingkey credential credentials authorization authorizations authheader authheaders cookie cookies assertion jwt bearer accesstokens refreshtokens auth pass pat env environmentvariables headers httpheaders masterkey appkey secretkeybase dbpass smtppass".split(
    " ",
  );
const OTHER_NAMES = ["role", "content", "type", "name", "id", "a1", "", "7"];

test("the last letters match every name of a secret, and few others", () => {
  const may = (name: string) => {
    const bytes = new TextEncoder().encode(`"${name}"`);
    return mayBeSecretName(bytes, 1, bytes.length - 1);
  };
  for (const name of SECRET_NAMES) {
    expect([name, isSecretName(name)]).toEqual([name, true]);
    for (const spelt of [name, name.toUpperCase(), `X-${name}_2`, [...name].join("-")])
      expect([spelt, may(spelt)]).toEqual([spelt, true]);
  }
  expect(may("r\\u006fle")).toBe(true);
  expect(OTHER_NAMES.filter(may)).toEqual([]);
});
