/** Inputs that code of quadratic cost is slow on: texts and message contents of a given size, and bodies made of them. */

const encoder = new TextEncoder();

/** Pieces that are repeated: opening without closing, runs, beginnings of patterns, characters that normalise or fold. */
const PIECES: readonly string[] = [
  // Combining marks of two classes, which normalising sorts; the same in scripts without spaces.
  ..."\u0301\u0316 \u0e48\u0e38 \u0e38\uff9e e\u0301 aB 漢 🙂 é \ud800 \udc00".split(" "),
  // Markup that opens and never closes, or only closes.
  ..."<system-reminder> </system-reminder> <transient_context> <command-name> <command-args> <bash-input> <bash-stdout>".split(
    " ",
  ),
  ..."<summary> </summary> <analysis> <fork-boilerplate> < <div> <!-- [ ] [a]( ![ ( { } [{ ` `a ``` ~~~ ** *a _a | || # > 1.".split(
    " ",
  ),
  ...'<command-name></command-args> [1, {"a": " \\ \\" \\u0000 \' \'\' &lt; & %25 %2e /./ // / .'.split(" "),
  // Runs of blanks, line ends, control characters and separators.
  ...[" ", "\n", "\t", "\r", "\r\n", "\0", "\u2028", " \n", "\n ", "\n\n ", " x", "x \n", "> ", "- ", "\\\n"],
  ..."- , ; : = , ,, ;q=0 gzip, a, 0 0: :: a. a- @ x ab+c".split(" "),
  // Beginnings of secrets.
  ..."sk-ant- sk- cnp_live_ github_pat_ xoxb- AIza eyJaaaaaaaa- eyJaaaaaaaa. -eyJ postgres:// redis://a: https://a a.a:// a://".split(
    " ",
  ),
  ..."?token= &a=b&key= token= password= x-api-key: authorization: cookie: hooks.slack.com/".split(" "),
  ...[
    "Bearer ",
    "bearer  ",
    "Basic ",
    "basic aaaa ",
    "password ",
    "password : ",
    "cookie : ",
    "authorization \n",
  ],
  // Beginnings of texts that linking reads.
  ...[
    "gitStatus:",
    "\nStatus:\n",
    "Status: ",
    "\nRecent commits:\n",
    "agentId: ",
    "\nworking directory:",
    "\n- ",
    "summary:",
  ],
  ...[
    "\nsummary",
    "Your task is to create a detailed summary ",
    "The summary below covers ",
    "user_a_account_",
    "_session_",
  ],
];

/** A text of about `size` characters. */
export interface TextShape {
  name: string;
  make: (size: number) => string;
}

const repeated = (piece: string, size: number) => piece.repeat(Math.ceil(size / piece.length));

export const TEXT_SHAPES: readonly TextShape[] = PIECES.flatMap((piece) => [
  { name: `${JSON.stringify(piece)}, repeated`, make: (size) => repeated(piece, size) },
  {
    name: `${JSON.stringify(piece)}, repeated between words`,
    make: (size) => `user ${repeated(piece, size)}\u0001!`,
  },
]);

const block = (text: string) => ({ type: "text", text });
const call = (id: string, input: unknown = {}) => ({ type: "tool_use", id, name: "Task", input });
const result = (id: string, content: unknown = "ok") => ({ type: "tool_result", tool_use_id: id, content });
const list = <T>(size: number, make: (n: number) => T): T[] =>
  Array.from({ length: size }, (_, n) => make(n));

/** A content of `size` small parts. */
export interface ContentShape {
  name: string;
  make: (size: number) => unknown;
}

export const CONTENT_SHAPES: readonly ContentShape[] = [
  { name: "texts", make: (size) => list(size, (n) => block(`text ${n}`)) },
  { name: "equal texts", make: (size) => list(size, () => block("a")) },
  { name: "empty texts", make: (size) => list(size, () => block("")) },
  { name: "reminders", make: (size) => list(size, () => block("<system-reminder>r</system-reminder>")) },
  { name: "tool calls", make: (size) => list(size, (n) => call(`t${n}`, { prompt: `do ${n}` })) },
  { name: "tool calls of one id", make: (size) => list(size, () => call("t", { prompt: "do" })) },
  { name: "results", make: (size) => list(size, (n) => result(`t${n}`)) },
  { name: "results of one id", make: (size) => list(size, () => result("t")) },
  {
    name: "calls and results of one id",
    make: (size) => [...list(size / 2, () => call("t")), ...list(size / 2, () => result("t"))],
  },
  {
    name: "a result of many parts",
    make: (size) => [
      result(
        "t",
        list(size, (n) => block(`${n}`)),
      ),
    ],
  },
  { name: "thinking", make: (size) => list(size, () => ({ type: "thinking", thinking: "hm" })) },
  { name: "unknown blocks", make: (size) => list(size, (n) => ({ type: `tomorrow${n}`, value: n })) },
  { name: "numbers", make: (size) => list(size, (n) => n) },
  { name: "a block of many members", make: (size) => [Object.fromEntries(list(size, (n) => [`m${n}`, n]))] },
  {
    name: "an input of many members",
    make: (size) => [call("t", Object.fromEntries(list(size, (n) => [`m${n}`, "v"])))],
  },
  {
    name: "nested lists",
    make: (size) =>
      list(Math.ceil(size / 400), () => [call("t", JSON.parse("[".repeat(400) + "]".repeat(400)))]).flat(),
  },
  {
    name: "nested results",
    make: (size) =>
      list(Math.ceil(size / 100), () =>
        list(100, (n) => n).reduce((inner: unknown) => result("t", [inner]), "x"),
      ),
  },
];

/** Request bodies of which one list has `content` or many parts; JSON with repeated names among them. */
export const BODY_SHAPES: readonly { name: string; make: (size: number) => string }[] = [
  {
    name: "messages",
    make: (size) =>
      bodyOf(list(size, (n) => ({ role: n % 2 === 0 ? "user" : "assistant", content: `message ${n}` }))),
  },
  {
    name: "messages of one role",
    make: (size) => bodyOf(list(size, (n) => ({ role: "user", content: `${n}` }))),
  },
  { name: "system messages", make: (size) => bodyOf(list(size, () => ({ role: "system", content: "s" }))) },
  { name: "numbers for messages", make: (size) => bodyOf(list(size, (n) => n)) },
  {
    name: "calls and results in messages",
    make: (size) =>
      bodyOf(
        list(size / 2, (n) => n).flatMap((n) => [
          { role: "assistant", content: [call(`t${n}`)] },
          { role: "user", content: [result(`t${n}`)] },
        ]),
      ),
  },
  {
    name: "markers",
    make: (size) =>
      bodyOf([
        {
          role: "user",
          content: list(size, () => ({ ...block("a"), cache_control: { type: "ephemeral" } })),
        },
      ]),
  },
  {
    name: "system blocks",
    make: (size) => JSON.stringify({ system: list(size, () => block("s")), messages: [] }),
  },
  {
    name: "tools",
    make: (size) => JSON.stringify({ tools: list(size, (n) => ({ name: `t${n}` })), messages: [] }),
  },
  {
    name: "repeated lists",
    make: (size) => `{${list(size, () => '"messages":[{"role":"user"}]').join(",")}}`,
  },
  { name: "members", make: (size) => `{${list(size, (n) => `"m${n}":${n}`).join(",")}}` },
  { name: "nesting", make: (size) => `{"messages":${"[".repeat(size)}${"]".repeat(size)}}` },
  { name: "an open list", make: (size) => `{"messages":${"[{".repeat(size)}` },
  { name: "open tokens", make: (size) => `{"x":[${'"authorization_token" : "'.repeat(size)}` },
  {
    name: "servers",
    make: (size) => `{"mcp_servers":[${list(size, () => '{"authorization_token":"a"}').join(",")}]}`,
  },
];

function bodyOf(messages: readonly unknown[]): string {
  return JSON.stringify({ model: "claude-opus-4-8", messages });
}

const sse = (events: readonly object[]) =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
const START = {
  type: "message_start",
  message: { role: "assistant", content: [], usage: { input_tokens: 1 } },
};
const delta = (inner: object) => ({ type: "content_block_delta", index: 0, delta: inner });

/** Response bodies of `size` small parts: streams, errors, usage. */
export const RESPONSE_SHAPES: readonly { name: string; make: (size: number) => string }[] = [
  {
    name: "text deltas",
    make: (size) => sse([START, ...list(size, () => delta({ type: "text_delta", text: "a" }))]),
  },
  {
    name: "input deltas",
    make: (size) => sse([START, ...list(size, () => delta({ type: "input_json_delta", partial_json: "[" }))]),
  },
  {
    name: "citations",
    make: (size) => sse([START, ...list(size, (n) => delta({ type: "citations_delta", citation: n }))]),
  },
  {
    name: "signatures",
    make: (size) =>
      sse([START, ...list(size, (n) => delta({ type: "signature_delta", signature: `s${n}` }))]),
  },
  { name: "unknown deltas", make: (size) => sse([START, ...list(size, (n) => delta({ type: "new", n }))]) },
  {
    name: "blocks of one index",
    make: (size) =>
      sse([
        START,
        ...list(size, () => ({ type: "content_block_start", index: 0, content_block: call("t") })),
      ]),
  },
  {
    name: "blocks in reverse",
    make: (size) =>
      sse([
        START,
        ...list(size, (n) => ({ type: "content_block_start", index: size - n, content_block: block("") })),
      ]),
  },
  {
    name: "usage of new members",
    make: (size) => sse([START, ...list(size, (n) => ({ type: "message_delta", usage: { [`u${n}`]: n } }))]),
  },
  {
    name: "nested usage of new members",
    make: (size) =>
      sse([START, ...list(size, (n) => ({ type: "message_delta", usage: { a: { [`u${n}`]: n } } }))]),
  },
  {
    name: "deltas of new members",
    make: (size) => sse([START, ...list(size, (n) => ({ type: "message_delta", delta: { [`d${n}`]: n } }))]),
  },
  { name: "unknown events", make: (size) => sse(list(size, (n) => ({ type: "tomorrow", n }))) },
  { name: "lines of one event", make: (size) => "data: a\n".repeat(size) },
  { name: "lines of both ends", make: (size) => "data: a\r\n".repeat(size) + "data: b\n\n".repeat(size) },
  { name: "comments", make: (size) => `data: {}\n\n${": \r".repeat(size)}` },
  { name: "fields without colon", make: (size) => "data\n".repeat(size) },
  {
    name: "iterations",
    make: (size) =>
      JSON.stringify({
        type: "message",
        role: "assistant",
        content: [],
        usage: { iterations: list(size, () => ({ type: "message", input_tokens: 1, output_tokens: 0 })) },
      }),
  },
];

/** A body with this content in a message of the user, and in a system prompt. */
export function bodyWith(content: unknown): string {
  return JSON.stringify({
    model: "claude-opus-4-8",
    metadata: { user_id: typeof content === "string" ? content : "u" },
    system: content,
    messages: [{ role: "user", content }],
  });
}

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
