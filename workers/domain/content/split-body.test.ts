import { describe, expect, test } from "vitest";
import { STEP_BYTES } from "../../runtime/constants.ts";
import { assistantElement, rebuildBody, splitBody, splitInSteps } from "./split-body.ts";
import { sha256 } from "../sha256.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function splitText(text: string) {
  const split = splitBody(bytesOf(text));
  const texts = (list: "messages" | "system" | "tools") => split[list].map(({ content }) => textOf(content));
  return {
    split,
    kind: split.kind,
    skeleton: textOf(split.skeleton),
    messages: texts("messages"),
    system: texts("system"),
    tools: texts("tools"),
    rebuilt: textOf(rebuildBody(split)),
  };
}

test.each([
  [
    '{"model":"m","messages":[{"a":1},{"b":2}],"tools":[],"n":1}',
    '{"model":"m","messages":[],"tools":[],"n":1}',
  ],
  ['{ "messages" : [ 1 , 2 ] , "system":[3\n]}', '{ "messages" : [ ] , "system":[\n]}'],
  ['{"messages":[  ],"system":[]}', '{"messages":[  ],"system":[]}'],
  ['{"system":"You are","max_tokens":1}', '{"system":"","max_tokens":1}'],
  ['{"system":""}', '{"system":""}'],
  ['{"messages":"none","tools":{"a":[1]},"system":5}', '{"messages":"none","tools":{"a":[1]},"system":5}'],
  ['{"mess\\u0061ges":[1]}', '{"mess\\u0061ges":[]}'],
  ['{"messages":[1],"messages":[2]}', '{"messages":[1],"messages":[]}'],
  ['{"messages":[1],"messages":null}', '{"messages":[1],"messages":null}'],
  ['{"system":"a","system":["b"]}', '{"system":"a","system":[]}'],
  [
    '{"metadata":{"messages":[1]},"x":"\\"messages\\":[1]"}',
    '{"metadata":{"messages":[1]},"x":"\\"messages\\":[1]"}',
  ],
])("the skeleton of %s is %s", (text, skeleton) => {
  const result = splitText(text);
  expect(result).toMatchObject({ kind: "json", skeleton, rebuilt: text });
  expect(result.split.sha256).toEqual(sha256(bytesOf(text)));
  expect(result.split.skeletonSha256).toEqual(sha256(bytesOf(skeleton)));
});

test("the skeleton contains a list of more than 10,000 elements unsplit", () => {
  const text = `{"messages":[1${",1".repeat(10_000)}],"tools":[1${",1".repeat(9_999)}]}`;
  const result = splitText(text);
  expect(result.messages).toHaveLength(0);
  expect(result.tools).toHaveLength(10_000);
  expect(result.rebuilt).toBe(text);
});

describe("splitBody", () => {
  test("shares a system prompt between bodies, and between string and array", () => {
    const one = splitBody(bytesOf('{"max_tokens":1,"system":"You are"}'));
    const two = splitBody(bytesOf('{"system": "You are", "max_tokens": 2}'));
    const list = splitBody(bytesOf('{"system":["You are"]}'));
    expect(hex(one.system[0]!.hash)).toBe(hex(two.system[0]!.hash));
    expect(hex(one.system[0]!.hash)).toBe(hex(list.system[0]!.hash));
  });

  test("gives a message one content and two nodes: as the newest one and later", () => {
    const last = splitBody(
      bytesOf('{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{}}]}]}'),
    );
    const earlier = splitBody(bytesOf('{"messages":[{"role":"user","content":"Hi"},{"role":"assistant"}]}'));
    expect(hex(last.messages[0]!.contentSha256)).toBe(hex(earlier.messages[0]!.contentSha256));
    expect(hex(last.messages[0]!.hash)).not.toBe(hex(earlier.messages[0]!.hash));
    expect(earlier.messages[0]!.overlay).toBeNull();
  });

  test("addresses nodes by list, history, content and overlay", () => {
    const bodies = [
      '{"messages":[1,2]}',
      '{"tools":[1,2]}',
      '{"messages":[2]}',
      '{"messages":[1, 2]}',
      '{"messages":[ 1,2]}',
    ];
    const hashes = bodies.flatMap((text) => {
      const { messages, tools } = splitBody(bytesOf(text));
      return [...messages, ...tools].map(({ hash }) => hex(hash));
    });
    // [1,2] and [1, 2] share their first node, nothing else is shared.
    expect(hashes).toHaveLength(9);
    expect(new Set(hashes).size).toBe(8);
  });

  test("keeps the stored hashes", () => {
    const { messages } = splitBody(bytesOf('{"messages":["a", "b"]}'));
    expect(messages.map(({ hash }) => hex(hash))).toEqual([
      "fb52c58ee0cc6c9b51ab8c9a5c7d9f011195215d9ed43f39dfa35b1148350c09",
      "1b2defd960c113cd2ea84ed3cff1b4bd25c541c488572862c1158b8bb130a3d5",
    ]);
  });

  test.each([
    ["text", "hello"],
    ["nothing", ""],
    ["an array", '[{"messages":[1]}]'],
    ["a string", '"messages"'],
    ["JSON cut off", '{"messages":[{"a":1}'],
    ["JSON with trailing text", '{"messages":[1]}x'],
    ["JSON after two byte order marks", '\ufeff\ufeff{"messages":[1]}'],
  ])("keeps %s as bytes", (_what, text) => {
    expect(splitText(text)).toMatchObject({ kind: "bytes", skeleton: text, messages: [], rebuilt: text });
  });

  test("splits JSON after a byte order mark, which stays in the skeleton", () => {
    const text = '\ufeff{"messages":[1]}';
    expect(splitText(text)).toMatchObject({ kind: "json", skeleton: '\ufeff{"messages":[]}', rebuilt: text });
    expect(splitText(text)).toMatchObject({ messages: ["1"] });
  });

  test("splits JSON whose strings have bytes that are not UTF-8, and keeps these bytes", () => {
    for (const damage of [[0xed, 0xa0, 0x80], [0xc3], [0xff, 0xf8, 0x80]]) {
      const element = [...bytesOf('"'), ...damage, ...bytesOf('"')];
      const bytes = new Uint8Array([...bytesOf('{"messages":['), ...element, ...bytesOf("]}")]);
      const { kind, messages, ...rest } = splitBody(bytes);
      expect([kind, messages.map(({ content }) => [...content])]).toEqual(["json", [element]]);
      expect([...rebuildBody({ messages, ...rest })]).toEqual([...bytes]);
    }
  });

  test("removes no marker that has bytes that are not UTF-8", () => {
    const element = [...bytesOf('{"content":"a","cache_control":"'), 0xff, ...bytesOf('"}')];
    const bytes = new Uint8Array([...bytesOf('{"messages":['), ...element, ...bytesOf("]}")]);
    const { kind, messages } = splitBody(bytes);
    expect([kind, messages.map(({ content }) => [...content])]).toEqual(["json", [element]]);
  });

  test("keeps bytes that are not UTF-8 outside of strings as bytes", () => {
    const bytes = new Uint8Array([...bytesOf('{"messages":['), 0xff, ...bytesOf("]}")]);
    expect(splitBody(bytes)).toMatchObject({ kind: "bytes", bytes, masked: false });
  });
});

test.each([
  [
    '{"mcp_servers":[{"url":"u","authorization_token":"s\\"3"},{"authorization_token" : "t"}],"messages":[1]}',
    2,
  ],
  ['{"mcp_server\\u0073":[{"authorization\\u005ftoken":"s3cret"}]}', 1],
  ['{"mcp_servers":[],"mcp_servers":[{"authorization_token":"a","authorization_token":"b"}]}', 2],
  [
    '{"requests":[{"custom_id":"1","params":{"mcp_servers":[{"authorization_token":"s"}],"messages":[]}}]}',
    1,
  ],
  ['{"messages":[{"a":1}],"mcp_servers":[{"authorization_token":"cut o', 1],
  ['{"mcp_servers":[{"authorization_token": "a"}],}', 1],
])("secrets are masked in %s", (text, count) => {
  const result = splitText(text);
  expect(result.split.masked).toBe(true);
  expect(result.rebuilt.split('"***')).toHaveLength(count + 1);
  expect(result.rebuilt).not.toMatch(/token"? ?: ?"[^*]/);
  expect(result.split.sha256).toEqual(sha256(bytesOf(result.rebuilt)));
  const untouched = (body: string) => body.replaceAll(/(token" ?: ?)"(\\.|[^"\\])*("|$)/g, "$1");
  expect(untouched(result.rebuilt)).toBe(untouched(text));
});

test.each([
  '{"mcp_servers":[{"authorization_token":"***"},{"authorization_token":null},5,{"token":true}]}',
  '{"messages":[{"content":[{"type":"tool_use","input":{"mcp_servers":[{"authorization_token":"x"}]}}]}]}',
  '{"requests":[{"params":{"tools":[{"input_schema":{"properties":{"password":{"type":"string"}}}}]}}]}',
  '{"requests":[{"params":{"messages":[{"content":[{"type":"tool_use","input":{"token":"x"}}]}]}}]}',
  '{"prompt":"https://a:b@c.example","system":"token: x","max_tokens":5,"metadata":{"user_id":"u"}}',
  '{"thinking":{"budget_tokens":5},"mcp_servers":[{"type":"url","name":"token","url":"https://a.example/b?c=d"}]}',
  'a file that contains "authorization_token":"x"',
  '--a\r\ncontent-disposition: form-data; name="file"; filename="token"\r\n\r\ntoken=x\r\n--a--',
])("secrets are not found in %s", (text) => {
  expect(splitText(text)).toMatchObject({ rebuilt: text, split: { masked: false } });
});

/** Bodies around a secret; JSON where `hasJson`. */
const PLACES: [place: string, body: (secret: string) => string, isJson?: boolean][] = [
  ["an object", (s) => `{"mcp_servers":[{"authorization_token":{"type":"bearer","value":"${s}"}}]}`],
  ["a list", (s) => `{"mcp_servers":[{"authorization_token":["${s}",{"a":["${s}"]}],"name":"n"}]}`],
  ["a number", () => '{"mcp_servers":[{"password":9274183650}]}'],
  ["nested objects", (s) => `{"mcp_servers":[{"auth_config":{"oauth":{"access_token":"${s}"}}}]}`],
  ["content names of a server", (s) => `{"mcp_servers":[{"input":{"content":{"client_secret":"${s}"}}}]}`],
  ["servers by name", (s) => `{"mcp_servers":{"a":{"authorization_token":"${s}"}}}`],
  ["a header", (s) => `{"mcp_servers":[{"headers":{"Authorization":"Bearer ${s}"}}]}`],
  ["an unknown header", (s) => `{"mcp_servers":[{"headers":{"X-Custom":"${s}"}}]}`],
  ["headers as a list", (s) => `{"mcp_servers":[{"headers":[{"name":"X","value":"${s}"}]}]}`],
  ["environment variables", (s) => `{"container":{"env":{"FOO":"${s}"}}}`],
  ["the userinfo of a URL", (s) => `{"mcp_servers":[{"url":"https://me:${s}@mcp.example/sse"}]}`],
  ["a URL with escaped slashes", (s) => `{"mcp_servers":[{"url":"https:\\/\\/${s}@mcp.example"}]}`],
  ["the query of a URL", (s) => `{"mcp_servers":[{"url":"https://mcp.example/a?b=c&apiKey=${s}&d=e"}]}`],
  ["an encoded parameter of a URL", (s) => `{"mcp_servers":[{"url":"https://mcp.example/?tok%65n=${s}"}]}`],
  ["a URL with an escaped separator", (s) => `{"mcp_servers":[{"url":"https://h/x?a=1\\u0026token=${s}\\u0026b=c"}]}`],
  ["a URL with escaped slashes and a query", (s) => `{"mcp_servers":[{"url":"https:\\/\\/h\\/x?token=${s}"}]}`],
  ["a URL with another escape before its query", (s) => `{"mcp_servers":[{"url":"https://h/\\u00e9\\n?token=${s}"}]}`],
  ["a URL with an escaped colon", (s) => `{"mcp_servers":[{"url":"https\\u003a\\u002f/u:${s}@h/\\u0022\\\\"}]}`],
  ["a URL with escapes in all of it", (s) => `{"a":"x:\\/\\/u\\u003A${s}\\u0040h?\\u0074oken\\u003d${s}&b"}`],
  ["an escaped URL in JSON in a string", (s) => JSON.stringify({ a: `{"url":"https:\\/\\/h?a\\u0026token=${s}"}` })],
  ["a query after 5,000 characters of a URL", (s) => `{"a":"https://h/${"x".repeat(5_000)}?token=${s}"}`],
  ["what follows 65,536 characters of a URL", (s) => `{"a":"https://h/${"x".repeat(65_529)}\\u00e9?b=${s}","b":1}`],
  ["a batch", (s) => `{"requests":[{"params":{"messages":[1],"mcp_servers":[{"a":{"token":"${s}"}}]}}]}`],
  ["an unknown member", (s) => `{"messages":[],"agent":{"x":[{"api_key":"${s}"}]}}`],
  ["another spelling of the name", (s) => `{"a":{"X-API-Key":"${s}","refreshToken":"${s}","Client Secret":"${s}"}}`],
  ["JSON in a string", (s) => JSON.stringify({ a: JSON.stringify({ token: s, b: [{ password: `"${s}\\` }], c: 1 }) })],
  ["JSON in a string in a string", (s) => JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ token: s }) }) })],
  ["a URL in JSON in a string", (s) => JSON.stringify({ a: JSON.stringify({ url: `https://x:${s}@a.example` }) })],
  ["a list of bodies", (s) => `[{"authorization_token":"${s}"}]`],
  ["white space", (s) => `{"mcp_servers" : [ { "authorization_token"\n:\t"${s}" } ] }`],
  ["the end of a cut body", (s) => `{"messages":[{"a":1}],"mcp_servers":[{"token":{"value":"${s}`, false],
  ["cut JSON in a string", (s) => `{"a":"{\\"token\\":\\"${s}`, false],
  ["a missing comma", (s) => `{"a":1 "mcp_servers":[{"authorization_token":"${s}"}]}`, false],
  ["a missing quote", (s) => `{"a":"x, "b":1, "authorization_token": "${s}", "c":1}`, false],
  ["a missing brace", (s) => `{"mcp_servers":[{"headers":{"X-A":"${s}"}`, false],
  ["the userinfo of a URL in broken JSON", (s) => `{"mcp_servers":[{"url":"https://me:${s}@mcp.example"}],}`, false],
  ["a form", (s) => `grant_type=x&client_secret=${s}&b=c`, false],
  ["an encoded name of a form", (s) => `a=b&client%5Fsecret=${s}`, false],
  ["a multipart form", (s) => `--a\r\nContent-Disposition: form-data; name="token"\r\nContent-Type: text/plain\r\n\r\n${s}\r\n--a--`, false],
  ["a large multipart form", (s) => `--a\r\nContent-Disposition: form-data; name="file"; filename="-"\r\n\r\n${"-\r\n--b".repeat(20_000)}\r\n--a\r\nContent-Disposition: form-data; name="token"\r\n\r\n${s}\r\n--a--`, false],
  ["the third line of a field", (s) => `--a\r\nname="b"\r\n\r\nc\r\n--a\r\nname="token"\r\n\r\nfirst\r\n--b\r\n\r\n${s}\r\n--a--`, false],
  ["the third line of a field of a large form", (s) => `--a\nname="token"\n\nfirst\n\n${s}\n--a\nname="file"\n\n${"-\n".repeat(40_000)}\n--a--`, false],
  ["the last line of a cut form", (s) => `--a\r\nname="token"\r\n\r\nfirst\r\n${s}`, false],
  ["a second name in the headers of a part", (s) => `--a\nname="a"\n--a\nname="token"\n\n${s}\n${"-".repeat(70_000)}`, false],
  ["a large form", (s) => `a=${"b".repeat(80_000)}&client%5Fsecret=${s}&c=d`, false],
]; // prettier-ignore

test("only the value of a field is masked", () => {
  const form = (token: string) =>
    `--a\r\nname="b"\r\n\r\nc\r\n\r\nd\r\n--a\r\nname="token"\r\n\r\n${token}\r\n--a\r\nname="e"\r\n\r\nf\r\n--a--\r\n`;
  const padded = (token: string) => form(token) + "-".repeat(70_000);
  for (const make of [form, padded]) {
    expect(splitText(make("one\r\ntwo")).rebuilt).toBe(make("***"));
    expect(splitText(make("")).rebuilt).toBe(make(""));
  }
});

test.each(PLACES)("a secret is masked in %s", (_, body, isJson = true) => {
  const secret = "9274183650"; // of digits, so that no other rule applies
  const before = body(secret);
  const { split, rebuilt } = splitText(before);
  expect(before).toContain(secret);
  expect(rebuilt).not.toContain(secret);
  expect(rebuilt).toContain("***");
  expect(split.masked).toBe(true);
  if (isJson) expect(() => JSON.parse(rebuilt) as unknown).not.toThrow();
  expect(splitText(rebuilt)).toMatchObject({ rebuilt, split: { masked: false } });
});

describe("a body with more secrets than are masked one by one", () => {
  const secret = "9274183650";
  const many = (text: string) => text.repeat(30_000);
  test.each([
    ["JSON", `{"model":"m","metadata":[${many(`{"api_key":"${secret}"},`)}0],"messages":[1]}`],
    ["JSON in which they are masked", `{"model":"m","metadata":[${many(`{"a":"http://b"},`).repeat(4)}0],"x":["${secret}"]}`],
    ["broken JSON", many(`{"api_key":"${secret}",`)],
    ["JSON in a string", `{"model":"m","a":"${many(`{\\"token\\":\\"${secret}\\"},`)}"}`],
    ["URLs", `{"model":"m",${many(`"a":"http://a:${secret}@c",`)}`],
    ["servers", `{"model":"m","mcp_servers":[${many(`{"token":"${secret}"},`)}1],"messages":[1]}`],
    ["a form", many(`a=b&api_key=${secret}&`)],
    ["a multipart form", many(`--x\r\nname="api_key"\r\n\r\n${secret}\r\n`)],
  ])("keeps its beginning: %s", (_, body) => {
    const { split, rebuilt } = splitText(body);
    expect(split).toMatchObject({ kind: "bytes", masked: true });
    expect(rebuilt).not.toContain(secret);
    expect(rebuilt).toMatch(/\*\*\*$/);
    expect(rebuilt.length).toBeGreaterThan(50_000);
    expect(rebuilt.slice(0, 9)).toBe(body.slice(0, 9));
    expect(splitText(rebuilt)).toMatchObject({ rebuilt, split: { masked: false } });
  }); // prettier-ignore

  test("is split while there are 10,000", () => {
    const body = `{"metadata":[${'{"api_key":"x"},'.repeat(10_000)}0],"messages":[1,2]}`;
    const { kind, masked, messages } = splitBody(bytesOf(body));
    expect([kind, masked, messages.length]).toEqual(["json", true, 2]);
  });
});

test("bytes beside a secret are kept, whatever they are", () => {
  for (const [before, after] of [
    ["a=", "&token=***"],
    ['{"a":"x://h/', '?token=***"}'],
  ]) {
    const bytes = Uint8Array.from({ length: 94 }, (_, n) => (n < 90 ? 0xff - n : 0x80 + n));
    const body = (secret: string) => Buffer.concat([bytesOf(before!), bytes, bytesOf(after!.replace("***", secret))]);
    expect(Buffer.compare(splitBody(body("s")).bytes, body("***"))).toBe(0);
  }
}); // prettier-ignore

test("a response and its copy in the next request are one content", () => {
  const thinking = [
    { type: "thinking", thinking: "Hm.", signature: "c2ln" },
    { type: "tool_use", id: "toolu_1", name: "Read", input: { path: "ä/\ud800" } },
  ];
  for (const content of [thinking, [{ type: "text", text: "Done." }]]) {
    const echo = splitBody(bytesOf(JSON.stringify({ messages: [1, { role: "assistant", content }] })));
    const answer = assistantElement({ content });
    expect(hex(answer.sha256)).toBe(hex(echo.messages[1]!.contentSha256));
    expect(textOf(answer.content)).toBe(textOf(echo.messages[1]!.content));
  }
});

test("the member that reading a stream adds is not part of the content", () => {
  const block = { type: "tool_use", id: "toolu_1", name: "Read", input: { _nexus: "the user's own" } };
  const noted = { ...block, _nexus: { start_missing: true } };
  expect(hex(assistantElement({ content: [noted] }).sha256)).toBe(
    hex(assistantElement({ content: [block] }).sha256),
  );
});

test("rebuilding rejects lists that the skeleton lacks", () => {
  const { messages } = splitBody(bytesOf('{"messages":[1]}'));
  expect(() => rebuildBody({ skeleton: bytesOf("{}"), messages, system: [], tools: [] })).toThrow(/messages/);
});

describe("a large body", () => {
  const texts = (count: number, size: number) =>
    Array.from(
      { length: count },
      (_, n) => `{"role":"user","content":"${n} ${"ab ".repeat(size / 3)}"}`,
    ).join();
  test.each([
    ["of few messages", texts(8, 1_000_000)],
    ["of many", texts(9_999, 300)],
    ["with a secret", `${texts(4, 1_000_000)}],"mcp_servers":[{"authorization_token":"s"}`],
  ])("%s is split in steps", (_, messages) => {
    const bytes = bytesOf(`{"messages":[${messages}]}`);
    const steps = splitInSteps(bytes);
    let count = 1;
    let step = steps.next();
    for (; !step.done; step = steps.next()) count++;
    expect(count).toBeGreaterThan(bytes.length / (2 * STEP_BYTES));
    expect(step.value.kind).toBe("json");
    expect(Buffer.compare(rebuildBody(step.value), step.value.bytes)).toBe(0);
  });

  const many = (text: string) => text.repeat(1_000_000);
  test.each([
    ["one message of many blocks", `{"messages":[{"role":"user","content":[${many("0,")}0]}]}`, "json"],
    ["many messages", `{"messages":[${many("0,")}0]}`, "json"],
    ["many messages that are objects", `{"messages":[${many('{"a":0},')}0]}`, "json"],
    ["one member of many values", `{"metadata":{"a":[${many('"token",')}0]}}`, "json"],
    ["many members", `{${many('"a":0,')}"a":0}`, "json"],
    ["a server of many values", `{"mcp_servers":[${many('"a",')}0]}`, "json"],
    ["broken JSON", `{${many('"a":')}`, "bytes"],
    ["a form of many lines", `--a\r\n${many("b\r\n")}`, "bytes"],
  ])("is split in steps however dense it is: %s", (_, text, kind) => {
    const bytes = bytesOf(text);
    const steps = splitInSteps(bytes);
    let count = 1;
    let step = steps.next();
    for (; !step.done; step = steps.next()) count++;
    // Five of them are not of the scan.
    expect(count).toBeGreaterThan(kind === "json" ? 5 : bytes.length / STEP_BYTES);
    expect(step.value.kind).toBe(kind);
    expect(Buffer.compare(rebuildBody(step.value), bytes)).toBe(0);
  });

  test("is split alike where messages have more blocks than are looked into", () => {
    const marked = '{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}';
    const nested = `{"type":"tool_result","content":[${"0,".repeat(20_000)}${marked}]}`;
    for (const content of [`${"0,".repeat(20_000)}${marked}`, nested]) {
      const { kind, messages } = splitBody(bytesOf(`{"messages":[{"role":"user","content":[${content}]}]}`));
      expect(kind).toBe("json");
      expect(messages[0]!.overlay).toBeNull();
    }
  });
});
