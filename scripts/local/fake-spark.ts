/**
 * A Spark API on loopback: it checks path, key and body of each call, stores feedback, and returns it. A session id such as
 * `fake-429` chooses another response (BEHAVIOURS).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { startHttpServer } from "./network/http-server.ts";

export const FAKE_SPARK_KEY = "fake-spark-key";

const Opinion = z.strictObject({ rating: z.number().int().min(1).max(5), comments: z.string() });
/** The lists are required, and unknown members are errors. */
const Report = z.strictObject({
  recommendation_feedback: z.strictObject({
    overall_feedback: Opinion,
    section_feedbacks: z.array(z.strictObject({ section_id: z.string(), feedback: Opinion })),
  }),
  source_feedbacks: z.array(z.strictObject({ source_url: z.string(), feedback: Opinion })),
  lessons_learned: z.array(z.record(z.string(), z.unknown())),
  integration_metrics: z.record(z.string(), z.unknown()).optional(),
});
const Feedback = z.strictObject({ session_id: z.string().min(1), feedback: Report });
const Batch = z.strictObject({ session_ids: z.array(z.string().min(1)).min(1).max(100) });
export type SparkReport = z.infer<typeof Report>;

interface Reply {
  status: number;
  headers?: Record<string, string>;
  /** A string as it is, anything else as JSON. */
  body: unknown;
}
const detail = (status: number, text: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  headers,
  body: { detail: text },
});

/** By session id; null: never responds. */
const BEHAVIOURS: Record<string, Reply | null> = {
  "fake-400": detail(400, "Bad session."),
  "fake-409": detail(409, "The session has ended."),
  "fake-422": detail(422, [{ loc: ["body"], msg: "Input should be shorter" }]),
  "fake-429": detail(429, "Slow down.", { "retry-after": "7" }),
  "fake-500": { status: 500, body: "Internal Server Error" },
  "fake-secret": detail(400, "Bearer sk-live-0123456789abcdef is not known"),
  "fake-moved": { status: 302, headers: { location: "http://127.0.0.1:1/elsewhere" }, body: "" },
  "fake-page": { status: 200, body: "<!doctype html>" },
  "fake-large": { status: 200, body: { text: "x".repeat(3 * 1_048_576) } },
  "fake-silent": null,
};

/** A feedback with nothing but an overall opinion. */
export function opinionOnly(rating: number, comments: string): SparkReport {
  return {
    recommendation_feedback: { overall_feedback: { rating, comments }, section_feedbacks: [] },
    source_feedbacks: [],
    lessons_learned: [],
  };
}

export async function startFakeSpark(known: Readonly<Record<string, SparkReport>> = {}) {
  const stored = new Map(Object.entries(known));

  function reply(request: IncomingMessage, text: string): Reply | null {
    const { method = "", url = "", headers } = request;
    if (headers.authorization !== `Bearer ${FAKE_SPARK_KEY}`) return detail(401, "Invalid API key.");
    if (method === "GET") {
      const id = /^\/api\/sessions\/([^/?#]+)\/feedback$/.exec(url)?.[1];
      if (id === undefined) return detail(404, "Not Found");
      return scripted(decodeURIComponent(id), readOne);
    }
    if (method !== "POST" || headers["content-type"] !== "application/json")
      return detail(405, "Method Not Allowed");
    const body: unknown = JSON.parse(text);
    if (url === "/api/send_feedback") {
      const sent = Feedback.safeParse(body);
      if (!sent.success) return detail(422, sent.error.issues.map(problemOf));
      return scripted(sent.data.session_id, () => store(sent.data));
    }
    if (url === "/api/feedback/batch") {
      const sent = Batch.safeParse(body);
      if (!sent.success) return detail(422, sent.error.issues.map(problemOf));
      const ids = sent.data.session_ids;
      const results = Object.fromEntries(ids.map((id) => [id, stored.get(id) ?? null]));
      return scripted(ids[0]!, () => ({ status: 200, body: { results } }));
    }
    return detail(404, "Not Found");
  }

  const problemOf = ({ path, message }: { path: PropertyKey[]; message: string }) => ({
    loc: path.map(String),
    msg: `${path.map(String).join(".")}: ${message}`,
  });
  /** `ordinary` unless the session id is scripted. */
  const scripted = (id: string, ordinary: (id: string) => Reply): Reply | null =>
    Object.hasOwn(BEHAVIOURS, id) ? BEHAVIOURS[id]! : ordinary(id);
  const readOne = (id: string): Reply => {
    const feedback = stored.get(id);
    return feedback
      ? { status: 200, body: { session_id: id, feedback } }
      : detail(404, "No feedback for this session.");
  };
  const store = ({ session_id: id, feedback }: z.infer<typeof Feedback>): Reply => {
    stored.set(id, feedback);
    return { status: 200, body: { status: "success", session_id: id } };
  };

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const made = reply(request, Buffer.concat(chunks).toString());
    if (made === null) return; // the connection stays open
    const { status, headers, body } = made;
    response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(typeof body === "string" ? body : JSON.stringify(body));
  }

  const { url, stop } = await startHttpServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  return {
    /** For SPARK_API_URL, with a path of its own. */
    url: `${url}/api`,
    /** The feedback of each session. */
    stored,
    stop,
  };
}
