/** The only function of the Pages project: everything that is no static file. */
import { createApp } from "../src/app.tsx";
import type { Bindings } from "../src/context/environment.ts";
import assets from "../src/assets.gen.json";

const app = createApp(assets);

export const onRequest: PagesFunction<Bindings> = (context) =>
  app.fetch(context.request, context.env, {
    waitUntil: (promise) => context.waitUntil(promise),
    passThroughOnException: () => context.passThroughOnException(),
    props: {},
  });
