/** The stream of a request as a page: its events, and when they came where that is known. */
import { describe, expect, it } from "vitest";
import { fakeApi, GOOD_SESSION, type Scenario } from "../fake/api.ts";
import { createApp } from "./app.tsx";
import { formatExactMs } from "./transcript/stream-times.ts";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";

const app = createApp({ style: "/assets/main.css", script: "/assets/main.js", font: "" });

/** The random pauses of the fake depend on it. */
const NOW = Date.parse("2026-11-30T14:00:00Z");

/** The tab of one request of the scene, which every other time is a timed one. */
async function visit(scenario: Scenario, { isTimed = true, query = "" } = {}) {
  const api = fakeApi(scenario, NOW);
  const headers = { cookie: `nexus_session=${GOOD_SESSION}` };
  const ask = (path: string) => app.request(`http://localhost:8788${path}`, { headers }, { API: api });
  const details: RequestDetail[] = [];
  for (const { requestId } of api.rows.slice(0, 20))
    details.push(await (await ask(`/api/requests/${requestId}`)).json<RequestDetail>());
  const detail = details.find(({ streamTiming }) => (streamTiming !== null) === isTimed)!;
  const path = `/requests/${detail.requestId}`;
  const text = await (await ask(`${path}?tab=stream${query}`)).text();
  return { detail, path, text };
}
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((found) => found[1]!);
const timesOf = (text: string) => all(text, /class="event-time">([^<]*)</g);

describe("a timed stream", () => {
  it("says of each event when it came, and how long after the one before", async () => {
    const { detail, text } = await visit("busy");
    const offsets = detail.streamingChunks.map(({ offsetMs }) => offsetMs);
    expect(timesOf(text)).toEqual(offsets.slice(0, 50).map(formatExactMs));
    const gaps = all(text, /class="event-gap[^"]*">(?:<b[^>]*>[A-Z]<\/b>)?\s*\+?([^<]*)</g);
    expect(gaps.slice(1)).toEqual(offsets.slice(1, 50).map((ms, at) => formatExactMs(ms - offsets[at]!)));
  });

  it("is drawn, with its first byte, its pauses and what they were before in words too", async () => {
    const { detail, text } = await visit("busy");
    const [first] = detail.streamingChunks;
    const drawing = /<figure class="chunk-timeline">[^]*<\/figure>/.exec(text)![0];
    const label = / role="img" aria-label="([^"]*)"/.exec(drawing)![1]!;
    expect(label).toMatch(/^91 events in [\d.]+ s: stream started after .* 2 pauses of .* or more, longest /);
    expect(label).toContain(`stream started after ${formatExactMs(first!.offsetMs)}`);
    expect(all(drawing, /<text class="chunk-name"[^>]*>([^<]*)</g)).toEqual(["A", "B"]);
    expect(all(drawing, /href="[^"]*#event-(\d+)"/g)).toEqual(["4", "32"]);
    expect(all(drawing, /d="(M[^"]*)"/g)[0]!.split("M").length).toBeGreaterThan(60);
    expect(drawing).not.toMatch(/NaN|undefined|Infinity|style=/);
  });

  it("leads from a pause to its event, on whichever page that is", async () => {
    const { text, path } = await visit("busy", { query: "&event=51" });
    expect(timesOf(text)).toHaveLength(41);
    expect(text).toContain('id="event-51"');
    expect(text).toContain(`href="${path}?tab=stream&amp;event=31#event-32"`);
    const there = await visit("busy", { query: "&event=31" });
    expect(there.text).toContain('id="event-32"');
    expect(all(there.text, /<b class="pause-name">([A-Z])<\/b> \+/g)).toEqual(["B"]);
  });

  it("says how exact the times of a long one are, and only then", async () => {
    expect((await visit("hostile")).text).toContain(
      "Events within 1024 ms of each other may show the same time",
    );
    expect((await visit("busy")).text).not.toContain("may show the same time");
  });

  it("fits into a first screen of 100 KB", async () => {
    const { text } = await visit("busy");
    expect(new TextEncoder().encode(text).length).toBeLessThan(100_000);
  });
});

describe("a stream that was not timed", () => {
  it("shows its events without times, and says which setting would have timed it", async () => {
    const { text } = await visit("busy", { isTimed: false });
    expect(timesOf(text)).toEqual([]);
    expect(text).toContain("Event times were not recorded for this request");
    expect(text).toContain("<code>STREAM_TIMING_SAMPLE</code>");
    expect(text).not.toContain('class="chunk-timeline"');
    expect(text).toContain('id="event-1"');
  });
});
