/** The dashboard's application over recorded API responses, without a browser: its pages and forms, and a fixed time. */
import { afterAll, beforeAll, vi } from "vitest";
import { createApp } from "../../dashboard/src/app.tsx";
import { textsOf } from "./page-texts.ts";
import { GOOD_SESSION, replayedApi, type ReplayOptions } from "./replayed-api.ts";

const SESSION = `nexus_session=${GOOD_SESSION}`;

export const app = createApp({ style: "/assets/main.css", script: "/assets/main.js", font: "" });

/** Requests of one visitor, who is signed in unless the request has a cookie of its own. */
export function visit(options: ReplayOptions = {}) {
  const api = replayedApi(options);
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("cookie")) headers.set("cookie", SESSION);
    const response = await app.request(`http://localhost:8788${path}`, { ...init, headers }, { API: api });
    const { status } = response;
    return { response, status, location: response.headers.get("location"), text: await response.text() };
  };
  /** What signs a form of the page at `path`: the cookie of that response and the hidden field of the page. */
  const formOf = async (path: string, cookie = SESSION) => {
    const { response, text } = await ask(path, { headers: { cookie } });
    const seed = /nexus_csrf=([^;]+)/.exec(response.headers.get("set-cookie") ?? "")?.[1] ?? "";
    const token = /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? "";
    return {
      cookie: `${cookie}; nexus_csrf=${seed}`,
      body: (fields: Record<string, string>) => new URLSearchParams({ ...fields, _csrf: token }),
    };
  };
  /** Sends a form of the page `from`, signed by that page. */
  const post = async (from: string, to: string, fields: Record<string, string>) => {
    const { cookie, body } = await formOf(from);
    return ask(to, { method: "POST", headers: { cookie }, body: body(fields) });
  };
  return { api, ask, formOf, post };
}

/** The page at `path` for somebody who is signed in and lives in the time zone Asia/Kolkata (UTC+5:30). */
export async function openPage(path: string, options: ReplayOptions = {}) {
  const { api, ask } = visit(options);
  const { response, text } = await ask(path, {
    headers: { cookie: `${SESSION}; nexus_zone=Asia%2FKolkata` },
  });
  return { api, response, text, texts: (selector: string) => textsOf(text, selector) };
}

/** Stops the clock at `now` (ISO 8601) for the tests of the file or `describe`. */
export function stopClock(now: string): void {
  beforeAll(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(now) }));
  afterAll(() => void vi.useRealTimers());
}
