/** Holds a page against the API: each value where it stands, each time, and that there is no figure besides. */
import type { Page } from "playwright-core";
import { formatAbsolute, formatRelative } from "../../../dashboard/src/format/time.ts";
import { type DemoStack, ZONE } from "../../support/demo-stack.ts";
import { type PageReading, readPage } from "../../support/page-reading.ts";

/** What a selector's elements should say; of what is laid out by the page, a function of what it shows. */
export type Expected = readonly string[] | ((shown: readonly string[]) => readonly string[]);

export interface Check {
  path: string;
  /** By selector, from what the API answers now. */
  expected: (demo: DemoStack) => Promise<Record<string, Expected>>;
  /** Parts that are compared elsewhere, or hold nothing but what people and programs said. */
  apart?: readonly string[];
  /** What is there once the page's script has done its work. */
  ready?: string;
}

/** The line of a printed page: its own address, and when it was asked for. */
const PRINTED = "p.only-on-paper";
/** A forecast may move on between two questions: so often both are asked again. */
const TRIES = 4;

/** Spaces are the layout's business. */
const bare = (text: string) => text.replaceAll(/\s+/g, "");

/** What of a page is not as the API says; nothing is good. */
export async function disagreements(
  demo: DemoStack,
  page: Page,
  { path, expected, apart = [], ready }: Check,
): Promise<string[]> {
  let differences: string[] = [];
  for (let n = 0; n < TRIES; n++) {
    const before = Date.now();
    const wanted = await expected(demo);
    await page.goto(demo.url + path);
    if (ready) await page.waitForSelector(ready);
    const reading = await readPage(page, [...Object.keys(wanted), ...apart, PRINTED]);
    differences = [...differencesOf(reading, wanted), ...wrongTimes(reading, before), ...uncompared(reading)];
    if (differences.length === 0) return [];
  }
  return differences.map((difference) => `${path}: ${difference}`);
}

export function differencesOf({ texts }: PageReading, wanted: Record<string, Expected>): string[] {
  return Object.entries(wanted).flatMap(([selector, made]) => {
    const shown = texts[selector] ?? [];
    const expected = typeof made === "function" ? made(shown) : made;
    const differing = Array.from({ length: Math.max(shown.length, expected.length) }, (_, n) => n).filter(
      (n) => bare(shown[n] ?? "\0") !== bare(expected[n] ?? "\0"),
    );
    return differing
      .slice(0, 3)
      .map((n) => `${selector} ${n}:\n  page ${shown[n] ?? "has none"}\n  API  ${expected[n] ?? "has none"}`);
  });
}

const uncompared = ({ rest }: PageReading) => rest.map((figure) => `compared with nothing: ${figure}`);

/** A time is shown relative to now and absolute on hover, both of its very instant, in the viewer's zone. */
function wrongTimes({ times }: PageReading, since: number): string[] {
  return times
    .filter(({ instant, shown, hover }) => {
      const time = Date.parse(instant);
      const now = Date.now();
      const moments = Array.from({ length: 12 }, (_, n) => since + ((now - since) * n) / 11);
      return (
        hover !== formatAbsolute(time, ZONE) ||
        !moments.some((moment) => formatRelative(time, moment, ZONE) === shown)
      );
    })
    .map(({ instant, shown, hover }) => `${instant} is shown as "${shown}" {${hover}}`);
}
