import { WorkerEntrypoint } from "cloudflare:workers";

export class Recorder extends WorkerEntrypoint<Env> {}
