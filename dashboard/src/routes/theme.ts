/** POST /theme: light, dark or system theme, in a cookie, so that the server renders pages in it. */
import { Hono } from "hono";
import type { AppEnv } from "../context/environment.ts";
import { setTheme } from "../http/cookies.ts";
import { field } from "../http/require-csrf.tsx";
import { safeNext } from "../http/safe-next.ts";

export const themeRoutes = new Hono<AppEnv>();

themeRoutes.post("/theme", async (c) => {
  const form = await c.req.parseBody();
  const theme = field(form, "theme");
  setTheme(c, theme === "light" || theme === "dark" ? theme : "system");
  return c.redirect(safeNext(field(form, "next")), 303);
});
