/** Cron expressions as wrangler.toml has them (five fields, UTC), and the timer that fires them on a laptop. */

/** Lower and upper bound of minute, hour, day of month, month, day of week (0 = Sunday, 7 too). */
const FIELDS = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
const MINUTE_MS = 60_000;

/** Whether `expression` names the minute in which `at` lies. Throws when it is not a cron expression of numbers. */
export function cronMatches(expression: string, at: Date): boolean {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== FIELDS.length)
    throw new Error(`"${expression}" is not a cron expression of five fields`);
  const sets = FIELDS.map(([least, most], position) => parseField(fields[position] ?? "", least, most));
  const [minute, hour, day, month, weekday] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  const isDay = day.has(at.getUTCDate());
  const isWeekday = weekday.has(at.getUTCDay()) || (at.getUTCDay() === 0 && weekday.has(7));
  // As everywhere: with both kinds of day restricted, either will do.
  const both = fields[2] !== "*" && fields[4] !== "*";
  return (
    minute.has(at.getUTCMinutes()) &&
    hour.has(at.getUTCHours()) &&
    month.has(at.getUTCMonth() + 1) &&
    (both ? isDay || isWeekday : isDay && isWeekday)
  );
}

function parseField(field: string, least: number, most: number): Set<number> {
  const values = new Set<number>();
  for (const item of field.split(",")) {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(item);
    if (!match) throw new Error(`"${field}" is not a field of a cron expression`);
    const [, from, to, step] = match;
    const first = from === undefined ? least : Number(from);
    const last = to !== undefined ? Number(to) : from === undefined || step !== undefined ? most : first;
    if (first < least || last > most || Number(step ?? 1) < 1) throw new Error(`"${field}" is out of range`);
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}

/**
 * Calls `fire` for every expression at the beginning of each minute it names, until the returned function is called.
 * A laptop that slept through a minute does not make up for it: whoever starts the world fires everything once.
 */
export function startCrons(expressions: readonly string[], fire: (expression: string) => void): () => void {
  let timer: NodeJS.Timeout;
  const schedule = () => {
    timer = setTimeout(
      () => {
        const now = new Date();
        for (const expression of expressions) if (cronMatches(expression, now)) fire(expression);
        schedule();
      },
      MINUTE_MS - (Date.now() % MINUTE_MS) + 50,
    );
    timer.unref();
  };
  schedule();
  return () => clearTimeout(timer);
}
