/**
 * Rejects query parameters that a page does not have, and filters that cannot be read: ignored, they would show everything as
 * if it were filtered. Starts to load what every page shows.
 */
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { queryString } from "../api/client.ts";
import { ButtonLink } from "../components/ui/controls.tsx";
import { Icon } from "../components/ui/icon.tsx";
import type { AppEnv } from "../context/environment.ts";
import { filterRule } from "../context/filters.ts";
import { FILTER_PARAMETERS, PAGE_PARAMETERS } from "../context/page-parameters.ts";
import { oneLine } from "../format/text.ts";
import { jsonError, loadHealth, renderPage, wantsHtml } from "../layout/render.tsx";

/** Most problems that the page lists. */
const MAX_PROBLEMS = 10;

export const requireKnownParameters: MiddlewareHandler<AppEnv> = async (c, next) => {
  const known = c.req.method === "GET" ? knownParameters(c) : null;
  if (known === null) return next();
  const given = Object.entries<string[]>(c.req.queries());
  const problems = new Map(given.flatMap(([name, values]) => problemOf(c, known, name, values)));
  const isFile = /\.csv$|\/(export|preview)$/.test(c.req.path);
  // Health has its own. Others wait for it beside their data.
  if (!isFile && c.req.path !== "/settings") c.set("health", loadHealth(c));
  if (problems.size === 0) return next();
  const messages = [...problems.values()].slice(0, MAX_PROBLEMS);
  if (!wantsHtml(c) || isFile) return jsonError(c, 400, "invalid_request", messages.join(" "));
  const valid = given.flatMap(([name, values]) => (problems.has(name) ? [] : [[name, values[0]]]));
  const content = (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p class="problem-title">This address cannot be shown as it is.</p>
        {messages.map((message) => (
          <p>{message}</p>
        ))}
        <p class="problem-foot">
          <ButtonLink
            href={c.req.path + queryString(Object.fromEntries(valid) as Record<string, string>)}
            label={problems.size > 1 ? "Open without these parameters" : "Open without this parameter"}
          />
        </p>
      </div>
    </div>
  );
  return renderPage(c, { title: "Invalid address", status: 400 }, content);
};

/** The names that this page takes; null where there is no page. */
function knownParameters(c: Context<AppEnv>): string[] | null {
  const pages = matchedRoutes(c).filter(({ method }) => method === "GET");
  if (pages.length === 0) return null;
  const own: Partial<Record<string, readonly string[]>> = PAGE_PARAMETERS;
  return [...FILTER_PARAMETERS, ...pages.flatMap(({ path }) => own[path] ?? [])];
}

/** The problem of one parameter as an entry of a map; none where it is valid. */
function problemOf(
  c: Context<AppEnv>,
  known: readonly string[],
  name: string,
  values: readonly string[],
): [string, string][] {
  const shown = (text: string) => `“${oneLine(text, 60)}”`;
  if (!known.includes(name))
    return [[name, `${shown(name)} is not a parameter of this page. ${suggestion(name, known)}`]];
  if (values.length > 1) return [[name, `${shown(name)} is given ${values.length} times.`]];
  const rule = filterRule(name, values[0]!, c.get("zone"));
  return rule === null
    ? []
    : [[name, `${shown(values[0]!)} is not a valid value of “${name}”. Allowed: ${rule}.`]];
}

function suggestion(name: string, known: readonly string[]): string {
  const distances = known.map((other) => [other, editDistance(name.slice(0, 60), other)] as const);
  const near = distances
    .filter(([other, distance]) => distance <= Math.ceil(other.length / 3))
    .sort(([, one], [, other]) => one - other)
    .slice(0, 3);
  return near.length > 0
    ? `Did you mean ${near.map(([other]) => `“${other}”`).join(" or ")}?`
    : `Known parameters: ${known.join(", ")}.`;
}

/** Insertions, deletions and replacements between two names, ignoring case. */
function editDistance(one: string, other: string): number {
  const [from, to] = [one.toLowerCase(), other.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const above = row;
    row = [i + 1];
    for (let j = 0; j < to.length; j++)
      row.push(Math.min(row[j]! + 1, above[j + 1]! + 1, above[j]! + (letter === to[j] ? 0 : 1)));
  }
  return row[to.length]!;
}
