/** Before each workerd test file: storage of all bindings is empty. The files of one process share a runtime and its modules. */
import { reset } from "cloudflare:test";
import { beforeAll } from "vitest";

beforeAll(() => reset());
